package gofunc

import "errors"

// The reasons for which there is no verdict.
var (
	// ErrNotGo: no Go function table is in the file.
	ErrNotGo = errors.New("not a Go program")
	// ErrUnsupported: a format, an architecture or a version of the function
	// table that this package does not read.
	ErrUnsupported = errors.New("not supported")
	// ErrMalformed: a table contradicts itself or points outside of the file.
	ErrMalformed = errors.New("malformed")
	// ErrUnlike: both files can be read and cannot be set against each other,
	// being for different systems or processors.
	ErrUnlike = errors.New("not comparable")
)

// Error says why there is no verdict. It unwraps to one of the reasons above.
type Error struct {
	Side   string // shipped, rebuilt, or empty for both
	What   string
	Reason error
	Hint   string
}

func (e *Error) Error() string {
	s := e.Reason.Error() + ": " + e.What
	if e.Side != "" {
		s = e.Side + " file: " + s
	}
	if e.Hint != "" {
		s += "\nhint: " + e.Hint
	}
	return s
}

// Unwrap gives the reason.
func (e *Error) Unwrap() error { return e.Reason }

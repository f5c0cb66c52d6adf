package wire

import (
	"errors"
	"strings"

	"github.com/proffer-audit/proffer/reports/safetext"
)

// Code is the stable word for why a request gave nothing.
type Code string

// The codes of an Error.
const (
	BadAddress     Code = "bad-address"     // not an address that is ever used
	RefusedAddress Code = "refused-address" // private or loopback, and not allowed
	Redirected     Code = "redirected"      // the service answers that it is elsewhere
	Status         Code = "http-status"     // any other answer than the ones that are wanted
	TooLarge       Code = "too-large"       // more bytes than the cap
	Transport      Code = "transport"       // no answer, or one that broke off
	Offline        Code = "offline"         // no connection may be made
)

// Error says why a request gave nothing. It never holds what was sent, and what
// a service answered only with secrets taken out.
type Error struct {
	Code   Code
	Where  string // the address, without query and user
	Detail string
	Answer int // the status of the answer, or 0
	hint   string
	Err    error // what lies beneath, or nil
}

// Error says where and what.
func (e *Error) Error() string {
	text := e.Detail
	if e.Where != "" {
		text = e.Where + ": " + text
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return safetext.Of(text).String()
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// Hint tells a person what to do about it.
func (e *Error) Hint() string { return e.hint }

// CodeOf is the code of an Error, or "".
func CodeOf(err error) Code {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return ""
}

// said is what a service says about a refusal, short and without secrets.
func said(body []byte, secrets []string) string {
	text := string(body[:min(len(body), 2048)])
	for _, s := range secrets {
		if s != "" {
			text = strings.ReplaceAll(text, s, "[secret]")
		}
	}
	text = strings.Join(strings.Fields(strings.ToValidUTF8(text, "?")), " ")
	if len(text) > 300 {
		text = strings.ToValidUTF8(text[:300], "") + " …"
	}
	return text
}

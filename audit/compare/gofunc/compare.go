package gofunc

// Compare sets the functions of two Go programs against each other. The error
// is an *Error.
func Compare(shipped, rebuilt []byte) (*Verdict, error) {
	return nil, &Error{What: "no format is read yet", Reason: ErrUnsupported}
}

// CompareSymbols sets the functions that the symbol tables of two programs name
// against each other, whatever language they were written in. The error is an
// *Error; a file without a symbol table is ErrUnsupported.
func CompareSymbols(shipped, rebuilt []byte) (*Verdict, error) {
	return nil, &Error{What: "no symbol table is read yet", Reason: ErrUnsupported}
}

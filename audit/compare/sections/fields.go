package sections

// recordKind says how a Record splits.
type recordKind string

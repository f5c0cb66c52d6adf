package strictjson

// jsonType is what a value is in the document.
type jsonType int

const (
	jsonNull jsonType = iota
	jsonBool
	jsonNumber
	jsonString
	jsonArray
	jsonObject
)

func describe(t jsonType) string {
	return [...]string{"null", "a truth value", "a number", "a string", "an array", "an object"}[t]
}

func wanted(s *shape) string {
	switch s.kind {
	case kindObject, kindMap:
		return "an object"
	case kindList:
		return "an array"
	case kindString, kindBytes:
		return "a string"
	case kindNumber:
		return "a number"
	case kindBool:
		return "a truth value"
	}
	return "a value"
}

// fits reports whether a value other than null can be decoded into the shape.
func fits(got jsonType, want *shape) bool {
	switch want.kind {
	case kindObject, kindMap:
		return got == jsonObject
	case kindList:
		return got == jsonArray
	case kindString, kindBytes:
		return got == jsonString
	case kindNumber:
		return got == jsonNumber
	case kindBool:
		return got == jsonBool
	}
	return true
}

package rebuild

// What a recognised compile may say. A flag that is not here makes a recipe
// opaque: not wrong, but not understood.

// form says what follows a flag and what that may be.
type form int

const (
	switchOnly  form = iota // no value, or true or false
	anyValue                // a word that is data
	number                  // decimal digits
	oneOf                   // a word of the list
	localPath               // a path below the working folder
	linkerWords             // flags of the linker
	gcWords                 // flags of the compiler
	asmWords                // flags of the assembler
)

// rule is what is known of one flag.
type rule struct {
	form  form
	words []string // for oneOf
}

// buildFlags are those of go build. Not here, among others: -toolexec, -overlay,
// -compiler, -gccgoflags, -pkgdir, -race, -cover, -linkshared.
var buildFlags = map[string]rule{
	"a":          {form: switchOnly},
	"asmflags":   {form: asmWords},
	"buildmode":  {form: oneOf, words: []string{"default", "exe", "pie"}},
	"buildvcs":   {form: oneOf, words: []string{"", "true", "false", "auto"}},
	"gcflags":    {form: gcWords},
	"ldflags":    {form: linkerWords},
	"mod":        {form: oneOf, words: []string{"readonly", "vendor", "mod"}},
	"modcacherw": {form: switchOnly},
	"o":          {form: localPath},
	"p":          {form: number},
	"pgo":        {form: oneOf, words: []string{"off", "auto"}},
	"tags":       {form: anyValue},
	"trimpath":   {form: switchOnly},
	"v":          {form: switchOnly},
	"C":          {form: localPath},
}

// linkFlags are those of cmd/link. Not here, among others: -linkmode external,
// -extld, -extldflags, -I, -L, -r, -E, -T, -k.
var linkFlags = map[string]rule{
	"s":             {form: switchOnly},
	"w":             {form: switchOnly},
	"B":             {form: anyValue},
	"H":             {form: oneOf, words: []string{"windowsgui", "windows", "linux", "darwin"}},
	"X":             {form: anyValue},
	"buildid":       {form: anyValue},
	"checklinkname": {form: switchOnly},
	"compressdwarf": {form: switchOnly},
	"linkmode":      {form: oneOf, words: []string{"internal", "auto"}},
}

// gcFlags are those of cmd/compile.
var gcFlags = map[string]rule{
	"N":        {form: switchOnly},
	"c":        {form: number},
	"dwarf":    {form: switchOnly},
	"l":        {form: switchOnly},
	"spectre":  {form: oneOf, words: []string{"all", "index", "ret"}},
	"trimpath": {form: anyValue},
}

// asmFlags are those of cmd/asm.
var asmFlags = map[string]rule{
	"spectre":  {form: oneOf, words: []string{"all", "ret"}},
	"trimpath": {form: anyValue},
}

// toolFlags says which table the words of a flag are read by, and whether the
// tool takes a value as the next word.
var toolFlags = map[form]map[string]rule{linkerWords: linkFlags, gcWords: gcFlags, asmWords: asmFlags}

// knownEnv are the variables that a recognised compile may set, with the values
// they may have; nil allows any.
var knownEnv = map[string][]string{
	"CGO_ENABLED":       {"0"},
	"GO111MODULE":       {"on", ""},
	"GO386":             nil,
	"GOAMD64":           nil,
	"GOARCH":            nil,
	"GOARM":             nil,
	"GOARM64":           nil,
	"GOFLAGS":           nil, // its words are read as flags
	"GOMIPS":            nil,
	"GOMIPS64":          nil,
	"GOOS":              nil,
	"GOPPC64":           nil,
	"GORISCV64":         nil,
	"GOTOOLCHAIN":       {"local"},
	"GOWASM":            nil,
	"GOWORK":            {"off"},
	"LANG":              nil,
	"LC_ALL":            nil,
	"SOURCE_DATE_EPOCH": nil,
	"TZ":                nil,
}

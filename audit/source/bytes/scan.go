package bytes

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/proffer-audit/proffer/audit/source/rules"
)

// Limits bound a scan. Zero means the default.
type Limits struct {
	FileBytes int64 // what is longer is read to there, and named; default 64 MiB
	Files     int   // more is an error; default 1,000,000
}

func (l Limits) withDefaults() Limits {
	if l.FileBytes == 0 {
		l.FileBytes = 64 << 20
	}
	if l.Files == 0 {
		l.Files = 1_000_000
	}
	return l
}

// TooManyFilesError says that a tree has more files than the limit.
type TooManyFilesError struct{ Limit int }

// Error implements error.
func (e *TooManyFilesError) Error() string {
	return fmt.Sprintf("the source has more than %d files (hint: raise the limit, or name a part of the source)", e.Limit)
}

// Scan reads every file below root. Files in inBuild are code wherever they stand:
// the analysed build compiles or embeds them. It also returns the list of files,
// sorted by path.
func Scan(ctx context.Context, root string, inBuild map[string]bool, set *rules.Set, lim Limits) (*Report, []File, error) {
	lim = lim.withDefaults()
	dir, err := os.OpenRoot(root)
	if err != nil {
		return nil, nil, fmt.Errorf("open source: %w", err)
	}
	defer dir.Close()
	names, unread, err := walk(dir.FS(), lim.Files)
	if err != nil {
		return nil, nil, err
	}
	results := make([]result, len(names))
	var wg sync.WaitGroup
	next := make(chan int)
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			r := reader{set: set, dir: dir, limit: lim.FileBytes}
			for i := range next {
				results[i] = r.read(names[i], inBuild[names[i]])
			}
		})
	}
	for i := range names {
		if ctx.Err() != nil {
			break
		}
		next <- i
	}
	close(next)
	wg.Wait()
	if err := ctx.Err(); err != nil {
		return nil, nil, fmt.Errorf("scan source: %w", err)
	}
	report, files := merge(results, set)
	report.Unread = append(report.Unread, unread...)
	slices.SortFunc(report.Unread, func(a, b Unread) int { return strings.Compare(a.Path, b.Path) })
	return report, files, nil
}

// walk lists the regular files in the order of their paths, and what else there is.
func walk(fsys fs.FS, limit int) (names []string, unread []Unread, err error) {
	unread = []Unread{}
	err = fs.WalkDir(fsys, ".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			if path == "." {
				return fmt.Errorf("list source: %w", err)
			}
			unread = append(unread, Unread{path, "cannot be read: " + reason(err)})
			if d != nil && d.IsDir() {
				return fs.SkipDir
			}
		case d.IsDir() && d.Name() == ".git":
			unread = append(unread, Unread{path, "version control data"})
			return fs.SkipDir
		case d.IsDir():
		case d.Type()&fs.ModeSymlink != 0:
			target, err := fs.ReadLink(fsys, path)
			if err != nil {
				target = "an unreadable target"
			}
			unread = append(unread, Unread{path, "symbolic link to " + target})
		case !d.Type().IsRegular():
			unread = append(unread, Unread{path, "not a regular file"})
		case len(names) >= limit:
			return &TooManyFilesError{limit}
		default:
			names = append(names, path)
		}
		return nil
	})
	slices.Sort(names)
	return names, unread, err
}

// reason is an error without the path that it is about.
func reason(err error) string {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err.Error()
	}
	return err.Error()
}

// result is what one file gave.
type result struct {
	file        File
	unread      []Unread
	marks       []Mark
	identifiers []Identifier
	blobs       []Blob
	archives    []Blob
	mentions    []mention
}

// mention is a Mention with the host that it names.
type mention struct {
	Mention
	host, class string
	volume      volume
}

// volume is how loud a mention is; louder ones sort first.
type volume int

const (
	built volume = iota
	loud
	quiet
)

// reader reads files one after the other into one buffer.
type reader struct {
	set   *rules.Set
	dir   *os.Root
	limit int64
	buf   []byte
}

// read reads a file once and shows it to all passes.
func (r *reader) read(name string, isBuilt bool) result {
	lang, known := r.set.Languages.Of(name)
	res := result{file: File{Path: name, Language: lang.Name, Place: r.set.Places.Of(name)}}
	if isBuilt {
		res.file.Place = "code"
	}
	size, err := r.load(name)
	if err != nil {
		res.file.Language = ""
		res.unread = append(res.unread, Unread{name, "cannot be read: " + reason(err)})
		return res
	}
	res.file.Size = size
	if size > r.limit {
		res.unread = append(res.unread, Unread{name, fmt.Sprintf("%d bytes long, read to byte %d", size, r.limit)})
	}
	inspect(&res, r.buf, lang, known, isBuilt || lang.Lexer != "go", r.set)
	return res
}

// load fills the buffer with the file, up to the limit, and returns its size.
func (r *reader) load(name string) (int64, error) {
	f, err := r.dir.Open(name)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	if !info.Mode().IsRegular() {
		return 0, errors.New("not a regular file")
	}
	want := int(min(info.Size(), r.limit))
	if cap(r.buf) < want {
		r.buf = make([]byte, want)
	}
	r.buf = r.buf[:want]
	n, err := io.ReadFull(f, r.buf)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return 0, err
	}
	r.buf = r.buf[:n]
	return info.Size(), nil
}

// inspect runs all passes over the content of one file. A Go file is built if the
// analysed build compiles it; of other files nobody knows, so they count as built.
func inspect(res *result, content []byte, lang rules.Language, known, isBuilt bool, set *rules.Set) {
	if text, ok := decodeUTF16(content); ok {
		content = text
	}
	isText := looksLikeText(content)
	blobs(res, content, isText, lang, known, set)
	switch {
	case !isText:
		res.file.Language = "binary"
		return
	case !known:
		res.file.Language = "other text"
		lang = rules.Language{Name: "other text", Kind: "data", Lexer: "plain"}
	}
	d := &document{res: res, content: content, lang: lang, built: isBuilt, set: set}
	d.runs()
	if d.hasNonASCII() {
		d.runes()
	}
	if lang.Lexer == "go" {
		d.golang()
		return
	}
	d.urls()
	if d.wide && (lang.Kind == "code" || lang.Kind == "build") {
		d.words()
	}
}

// merge joins the results, which are in the order of the files.
func merge(results []result, set *rules.Set) (*Report, []File) {
	r := &Report{
		Languages: []Language{}, Marks: []Mark{}, Identifiers: []Identifier{},
		Blobs: []Blob{}, Archives: []Blob{}, Hosts: []Host{}, Unread: []Unread{},
	}
	files := make([]File, 0, len(results))
	languages := map[string]*Language{}
	var mentions []mention
	for _, res := range results {
		r.Unread = append(r.Unread, res.unread...)
		files = append(files, res.file)
		r.Files++
		r.Bytes += res.file.Size
		name := cmp.Or(res.file.Language, "unread")
		if languages[name] == nil {
			languages[name] = &Language{Name: name}
		}
		languages[name].Files++
		languages[name].Bytes += res.file.Size
		r.Marks = append(r.Marks, res.marks...)
		r.Identifiers = append(r.Identifiers, res.identifiers...)
		r.Blobs = append(r.Blobs, res.blobs...)
		r.Archives = append(r.Archives, res.archives...)
		mentions = append(mentions, res.mentions...)
	}
	for _, l := range languages {
		r.Languages = append(r.Languages, *l)
	}
	slices.SortFunc(r.Languages, func(a, b Language) int { return strings.Compare(a.Name, b.Name) })
	r.Hosts = hosts(mentions)
	return r, files
}

// hosts sums the mentions up, one entry per host and class.
func hosts(mentions []mention) []Host {
	slices.SortStableFunc(mentions, func(a, b mention) int {
		return cmp.Or(strings.Compare(a.host, b.host), strings.Compare(a.class, b.class), cmp.Compare(a.volume, b.volume))
	})
	out := []Host{}
	for _, m := range mentions {
		if n := len(out); n == 0 || out[n-1].Name != m.host || out[n-1].Class != m.class {
			out = append(out, Host{Name: m.host, Class: m.class})
		}
		h := &out[len(out)-1]
		switch m.volume {
		case built:
			h.Built++
		case loud:
			h.Loud++
		case quiet:
			h.Quiet++
		}
		if len(h.First) < FirstMentions {
			h.First = append(h.First, m.Mention)
		}
	}
	return out
}

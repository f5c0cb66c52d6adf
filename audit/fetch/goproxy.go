package fetch

import (
	"context"
	"encoding/base64"
	"errors"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"strings"

	"golang.org/x/mod/module"
)

// The keywords of GOPROXY.
const (
	proxyOff    = "off"
	proxyDirect = "direct"
)

// A goProxy is one entry of GOPROXY.
type goProxy struct {
	word  string   // proxyOff or proxyDirect, or ""
	url   *url.URL // without its user; nil for a word
	user  *url.Userinfo
	onAny bool // the next entry is asked after any error, not only "not found"
}

// parseGOPROXY reads GOPROXY as the go command does: entries separated by
// commas (go on when the module is not found) or pipes (go on after any error);
// nothing counts after "off" or "direct".
func parseGOPROXY(list string) ([]goProxy, error) {
	var all []goProxy
	for list != "" {
		entry, rest, onAny := list, "", false
		if i := strings.IndexAny(list, ",|"); i >= 0 {
			entry, rest, onAny = list[:i], list[i+1:], list[i] == '|'
		}
		list = rest
		entry = strings.TrimSpace(entry)
		if entry == "" {
			continue
		}
		if entry == proxyOff || entry == proxyDirect {
			return append(all, goProxy{word: entry}), nil
		}
		p, err := parseProxyURL(entry)
		if err != nil {
			return nil, err
		}
		p.onAny = onAny
		all = append(all, p)
	}
	if len(all) == 0 {
		return nil, refuse(BadConfig, "GOPROXY", "no module proxy is set").hint("see `go env GOPROXY`")
	}
	return all, nil
}

func parseProxyURL(entry string) (goProxy, error) {
	if strings.ContainsAny(entry, ".:/") && !strings.Contains(entry, ":/") && !filepath.IsAbs(entry) && !path.IsAbs(entry) {
		entry = "https://" + entry // as the go command completes it
	}
	u, err := url.Parse(entry)
	if err != nil {
		return goProxy{}, refuse(BadConfig, "GOPROXY", "an entry is no address")
	}
	switch u.Scheme {
	case "https", "http":
		p := goProxy{url: u, user: u.User}
		u.User, u.RawQuery, u.Fragment = nil, "", ""
		return p, nil
	case "file":
		if u.Host == "" {
			return goProxy{url: u}, nil
		}
	}
	return goProxy{}, refuse(BadConfig, "GOPROXY", "the entry %.100q is neither https, nor file, nor a keyword", shown(u))
}

// join is the address of something below a proxy. The path is escaped by the
// rules of x/mod and holds nothing that an address would.
func (p goProxy) join(rel string) *url.URL {
	u := *p.url
	u.Path = strings.TrimSuffix(u.Path, "/") + "/" + rel
	u.RawPath = strings.TrimSuffix(p.url.EscapedPath(), "/") + "/" + pathEscape(rel)
	return &u
}

// pathEscape escapes what an address may not hold, and keeps the slashes.
func pathEscape(rel string) string {
	parts := strings.Split(rel, "/")
	for i, s := range parts {
		parts[i] = url.PathEscape(s)
	}
	return strings.Join(parts, "/")
}

// auth sends a proxy's own user name and password to that proxy alone.
func (p goProxy) auth(u *url.URL) string {
	if p.user == nil || u.Scheme != p.url.Scheme || u.Host != p.url.Host {
		return ""
	}
	password, _ := p.user.Password()
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(p.user.Username()+":"+password))
}

// label names something below a proxy for the record. A folder's own path is
// this machine's business and stays out.
func (p goProxy) label(rel string) string {
	if p.url.Scheme == "file" {
		return "module proxy folder: " + rel
	}
	return shown(p.join(rel))
}

// local is the file that an entry file://… holds under a name.
func (p goProxy) local(rel string) (dir, name string) {
	dir = filepath.FromSlash(p.url.Path)
	if runtime.GOOS == "windows" {
		dir = strings.TrimPrefix(dir, `\`)
	}
	return dir, filepath.FromSlash(rel)
}

// fromProxies asks the proxies in turn, by the go command's rule: the next one
// is asked when a module is not found, after other errors only behind a pipe,
// since the name of a module must not leak to a proxy that was not meant to
// know it. Wrong bytes count as not found: they are held to a pin.
func (j *job) fromProxies(m module.Version, rel string, get func(p goProxy) error) error {
	proxies, err := parseGOPROXY(j.c.opt.GoEnv["GOPROXY"])
	if err != nil {
		if own, ok := errors.AsType[*Error](err); ok {
			return j.skip("GOPROXY "+rel, own)
		}
		return err
	}
	if module.MatchPrefixPatterns(j.c.goEnv("GONOPROXY"), m.Path) {
		return j.skip("direct "+rel, refuse(NotAvailable, "", "the module is under GONOPROXY, and repositories are not read directly by this version"))
	}
	var last error = refuse(NotFound, "", "no proxy has it")
	for _, p := range proxies {
		switch p.word {
		case proxyOff:
			return j.skip("off "+rel, refuse(NotAvailable, "", "GOPROXY is off"))
		case proxyDirect:
			direct := j.skip("direct "+rel, refuse(NotAvailable, "", "repositories are not read directly by this version"))
			return firstReason(last, direct)
		}
		err := get(p)
		if err == nil {
			return nil
		}
		last = worse(last, err)
		code := CodeOf(err)
		if code == "" || code != NotFound && code != Mismatch && !p.onAny {
			return last
		}
	}
	return last
}

// worse keeps a mismatch in sight: it says more than that another proxy had
// nothing.
func worse(before, now error) error {
	if CodeOf(before) == Mismatch && CodeOf(now) != "" {
		return before
	}
	return now
}

// firstReason is what the proxies before "direct" said, if they said anything
// but that they lack the module.
func firstReason(before error, direct *Error) error {
	if CodeOf(before) == NotFound {
		return direct
	}
	return before
}

// goEnv is a setting of the go command; the private ones default to GOPRIVATE.
func (c *Client) goEnv(name string) string {
	if v, ok := c.opt.GoEnv[name]; ok {
		return v
	}
	return c.opt.GoEnv["GOPRIVATE"]
}

// readProxy gives a small file of a proxy: over the network, or from a folder.
func (j *job) readProxy(ctx context.Context, p goProxy, rel string, limit int64) ([]byte, error) {
	if p.url.Scheme == "file" {
		return j.readLocalProxy(p, rel, limit)
	}
	if j.c.opt.Offline {
		return nil, j.skip(p.label(rel), refuse(Offline, "", "not fetched: offline"))
	}
	return j.small(ctx, wanted{url: p.join(rel).String(), shown: p.label(rel), auth: p.auth, max: limit})
}

func (j *job) readLocalProxy(p goProxy, rel string, limit int64) ([]byte, error) {
	rec := j.begin(p.label(rel))
	rec.Attempts = 1
	dir, name := p.local(rel)
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, ended(rec, localProxyError(err))
	}
	data, err := root.ReadFile(name)
	if err := errors.Join(err, root.Close()); err != nil {
		return nil, ended(rec, localProxyError(err))
	}
	if int64(len(data)) > limit {
		return nil, ended(rec, tooLarge(limit))
	}
	rec.Size = int64(len(data))
	return data, nil
}

func localProxyError(err error) *Error {
	e := unreadable(err)
	if errors.Is(err, os.ErrNotExist) {
		e.Code = NotFound
	}
	return e
}

// takeProxy takes the pinned content from a proxy.
func (j *job) takeProxy(ctx context.Context, p goProxy, rel string) error {
	if p.url.Scheme != "file" {
		return j.take(ctx, wanted{url: p.join(rel).String(), shown: p.label(rel), auth: p.auth, max: j.max}, MediaZip)
	}
	rec := j.begin(p.label(rel))
	rec.Attempts = 1
	dir, name := p.local(rel)
	root, err := os.OpenRoot(dir)
	if err != nil {
		return ended(rec, localProxyError(err))
	}
	s, err := j.stageLocal(root, name)
	if err := errors.Join(err, root.Close()); err != nil {
		if errors.Is(err, os.ErrNotExist) {
			err = localProxyError(err)
		}
		return ended(rec, err)
	}
	rec.Size = s.size
	return ended(rec, errors.Join(j.accept(s, MediaZip, true), s.drop()))
}

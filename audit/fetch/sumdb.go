package fetch

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"sync"

	"golang.org/x/mod/module"
	"golang.org/x/mod/sumdb"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Caps of what a checksum database answers, in bytes.
const (
	maxLookup = 1 << 20
	maxTile   = 64 << 10
)

// A sumDB is the checksum database that GOSUMDB names.
type sumDB struct {
	name string
	key  string   // verifier key
	url  *url.URL // the database's own host, if GOSUMDB names it
	why  failure  // why it is not asked
}

// A failure says why a module has no proof.
type failure struct {
	code   Code
	detail string
}

// shown is the detail as it may stand in an observation, which holds nothing of
// this machine or run: only reasons that follow from settings say more than the
// code does.
func (f failure) shown() string {
	if f.code == ProofDisabled || f.code == ProofUnknownLog {
		return f.detail
	}
	return ""
}

// verifierKey is the key in the form that note.NewVerifier reads.
func (l LogKey) verifierKey() string {
	if strings.HasPrefix(l.Key, l.Name+"+") {
		return l.Key
	}
	return l.Name + "+" + l.Key
}

// parseGOSUMDB reads GOSUMDB as the go command does: a name, or a name with its
// key, and perhaps the address of the database; or "off". A bare name has the
// key that the policy knows for it.
func parseGOSUMDB(env map[string]string, logs []LogKey) (sumDB, error) {
	setting, set := env["GOSUMDB"]
	fields := strings.Fields(setting)
	if len(fields) == 0 {
		if set || len(logs) == 0 {
			return sumDB{why: failure{ProofDisabled, "no checksum database is set"}}, nil
		}
		fields = []string{logs[0].Name}
	}
	if fields[0] == "off" {
		return sumDB{why: failure{ProofDisabled, "GOSUMDB is off"}}, nil
	}
	bad := func(detail string) error {
		return refuse(BadConfig, "GOSUMDB", "%s", detail).hint("see `go env GOSUMDB`: name, or name+hash+key, and perhaps an address")
	}
	if len(fields) > 2 {
		return sumDB{}, bad("more than a name and an address")
	}
	var db sumDB
	if len(fields) == 2 {
		u, err := url.Parse(fields[1])
		if err != nil || u.Scheme == "" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
			return sumDB{}, bad("the address of the database is not one")
		}
		db.url = u
	}
	db.key = fields[0]
	for _, l := range logs {
		if l.Name == fields[0] {
			db.key = l.verifierKey()
		}
	}
	if !strings.Contains(db.key, "+") {
		return sumDB{why: failure{ProofUnknownLog, "no key is known for the checksum database that GOSUMDB names"}}, nil
	}
	v, err := note.NewVerifier(db.key)
	if err != nil {
		return sumDB{}, bad("the key of the database does not read")
	}
	db.name = v.Name()
	return db, nil
}

// proofs is what asking the database about some modules came to.
type proofs struct {
	doc    *proofDoc // nil when nothing was proven
	failed map[module.Version]failure
}

// ask proves modules by the checksum database. Whatever hinders that is a
// failure of the modules; an error means that the context ended.
func (j *job) ask(ctx context.Context, mods []module.Version) (proofs, error) {
	p := proofs{failed: map[module.Version]failure{}}
	open := p.admit(mods, j.c)
	if len(open) == 0 {
		return p, nil
	}
	read, why := j.database(ctx)
	if ctx.Err() != nil {
		return proofs{}, context.Cause(ctx)
	}
	if read == nil {
		for _, m := range open {
			p.failed[m] = why
		}
		return p, nil
	}
	rec := &recorder{db: j.c.db, read: read, doc: newProofDoc(j.c.db.name)}
	open = p.lookup(ctx, rec, open)
	open = p.check(ctx, rec, open)
	if ctx.Err() != nil {
		return proofs{}, context.Cause(ctx)
	}
	p.seal(rec, open)
	return p, nil
}

// admit sorts out what the reviewer's settings keep from the database.
func (p *proofs) admit(mods []module.Version, c *Client) []module.Version {
	var open []module.Version
	for _, m := range mods {
		switch {
		case c.db.why.code != "":
			p.failed[m] = c.db.why
		case module.MatchPrefixPatterns(c.goEnv("GONOSUMDB"), m.Path):
			p.failed[m] = failure{ProofDisabled, "the module is under GONOSUMDB"}
		default:
			open = append(open, m)
		}
	}
	return open
}

// A reader gives what a database serves at a path such as "/lookup/…".
type reader func(path string, limit int64) ([]byte, error)

// database finds who speaks for the database: the first proxy that says it
// does, or the database's own host when GOSUMDB names that.
func (j *job) database(ctx context.Context) (reader, failure) {
	proxies, err := parseGOPROXY(j.c.opt.GoEnv["GOPROXY"])
	if err != nil && j.c.db.url == nil {
		return nil, failure{ProofUnavailable, err.Error()}
	}
	for _, p := range proxies {
		if p.word != "" {
			continue
		}
		base := "sumdb/" + j.c.db.name
		if _, err := j.readProxy(ctx, p, base+"/supported", maxLookup); err != nil {
			continue
		}
		return func(path string, limit int64) ([]byte, error) {
			return j.readProxy(ctx, p, base+path, limit)
		}, failure{}
	}
	if j.c.db.url == nil {
		return nil, failure{ProofUnavailable, "no module proxy speaks for the checksum database, and GOSUMDB names no address of its own"}
	}
	own := goProxy{url: j.c.db.url, user: j.c.db.url.User}
	own.url.User = nil
	return func(path string, limit int64) ([]byte, error) {
		return j.readProxy(ctx, own, strings.TrimPrefix(path, "/"), limit)
	}, failure{}
}

// lookup reads the records of modules, and takes from them the newest tree head
// that verifies: everything is then proven against that one, so that the tiles
// that a proof needs do not depend on the order of the answers.
func (p *proofs) lookup(ctx context.Context, rec *recorder, mods []module.Version) []module.Version {
	records := make([]string, len(mods))
	errs := make([]error, len(mods))
	b := &breaker{}
	each(ctx, len(mods), func(i int) {
		key, err := lookupKey(mods[i])
		if err == nil {
			err = b.do(func() error {
				answer, err := rec.read("/lookup/"+key, maxLookup)
				records[i] = string(answer)
				return err
			})
		}
		errs[i] = err
	})
	var found []module.Version
	for i, m := range mods {
		switch {
		case CodeOf(errs[i]) == NotFound:
			p.failed[m] = failure{ProofAbsent, "the checksum database does not know the module"}
		case errs[i] != nil:
			p.failed[m] = failure{ProofUnavailable, errs[i].Error()}
		default:
			if err := rec.enter(m, records[i]); err != nil {
				p.failed[m] = failure{ProofRefused, err.Error()}
				continue
			}
			found = append(found, m)
		}
	}
	return found
}

// check runs the database's own client over the records.
func (p *proofs) check(ctx context.Context, rec *recorder, mods []module.Version) []module.Version {
	client := sumdb.NewClient(rec)
	errs := make([]error, len(mods))
	each(ctx, len(mods), func(i int) {
		_, err := client.Lookup(mods[i].Path, mods[i].Version)
		errs[i] = err
	})
	var good []module.Version
	for i, m := range mods {
		if errs[i] == nil {
			good = append(good, m)
			continue
		}
		f := failure{ProofRefused, errs[i].Error()}
		if tile := rec.failedTile(); tile != nil {
			f = failure{ProofUnavailable, tile.Error()}
		}
		p.failed[m] = f
		if key, err := lookupKey(m); err == nil {
			delete(rec.doc.Lookups, key)
		}
	}
	return good
}

// seal drops from the proof what it does not need, and reads it as any later
// reader will: what does not hold there is no proof.
func (p *proofs) seal(rec *recorder, mods []module.Version) {
	if len(mods) == 0 {
		return
	}
	rec.doc.prune(mods, rec.db.key)
	if _, err := rec.doc.verify(mods, rec.db.key); err != nil {
		for _, m := range mods {
			p.failed[m] = failure{ProofRefused, err.Error()}
		}
		return
	}
	p.doc = rec.doc
}

// A recorder is the database's client's view of the world, and keeps a copy of
// what it saw there.
type recorder struct {
	db   sumDB
	read reader

	mu   sync.Mutex
	doc  *proofDoc
	tile error // the last tile that could not be had
}

// enter puts the answer to a lookup into the proof, in its one spelling.
func (r *recorder) enter(m module.Version, answer string) error {
	key, err := lookupKey(m)
	if err != nil {
		return err
	}
	record, err := spellLookup(answer, r.db.key)
	if err != nil {
		return err
	}
	r.doc.Lookups[key] = record
	r.doc.advance(record, r.db.key)
	return nil
}

func (r *recorder) failedTile() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.tile
}

// ReadRemote gives a record that was looked up already, or reads a tile. A tile
// that has grown full since is cut to the width that was asked for, so that the
// proof holds no byte that the tree head does not cover.
func (r *recorder) ReadRemote(path string) ([]byte, error) {
	if key, ok := strings.CutPrefix(path, "/lookup/"); ok {
		r.mu.Lock()
		defer r.mu.Unlock()
		return []byte(r.doc.Lookups[key]), nil
	}
	data, err := r.read(path, maxTile)
	name := strings.TrimPrefix(path, "/")
	if tile, bad := tlog.ParseTilePath(name); bad == nil && CodeOf(err) == NotFound && tile.W < 1<<tile.H {
		full := tile
		full.W = 1 << tile.H
		if data, err = r.read("/"+full.Path(), maxTile); err == nil && len(data) == full.W*tlog.HashSize {
			data = data[:tile.W*tlog.HashSize]
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil {
		r.tile = err
		return nil, err
	}
	r.doc.Tiles[name] = data
	return data, nil
}

// ReadConfig gives the key and the head that everything is proven against.
func (r *recorder) ReadConfig(file string) ([]byte, error) {
	if file == "key" {
		return []byte(r.db.key), nil
	}
	return []byte(r.doc.Head), nil
}

// WriteConfig is never needed: no record has a newer head than the one given.
func (*recorder) WriteConfig(string, []byte, []byte) error { return errNoCache }

// ReadCache and WriteCache: there is no cache, everything is in the proof.
func (*recorder) ReadCache(string) ([]byte, error) { return nil, errNoCache }

// WriteCache keeps nothing.
func (*recorder) WriteCache(string, []byte) {}

// Log says nothing: what matters comes as errors.
func (*recorder) Log(string) {}

// SecurityError says nothing: the client returns sumdb.ErrSecurity as well.
func (*recorder) SecurityError(string) {}

var errNoCache = errors.New("no cache")

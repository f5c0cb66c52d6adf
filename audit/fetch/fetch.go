package fetch

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/http/httpproxy"

	"github.com/proffer-audit/proffer/audit/evidence"
	"github.com/proffer-audit/proffer/reports"
)

const (
	// DefaultMaxBytes caps one transfer when neither Options nor Request does.
	DefaultMaxBytes int64 = 4 << 30
	// keepMismatch is the size up to which bytes that are not the pinned ones
	// are kept as evidence of that.
	keepMismatch int64 = 64 << 20
	// workers is how many transfers of one set run at once.
	workers = 8
)

// A LogKey names a checksum database and the key that its tree heads are
// signed with: the verifier key name+hash+base64, with or without its name.
type LogKey struct{ Name, Key string }

// Options configures a Client. Nothing in them comes from a vendor.
type Options struct {
	// Store keeps what is obtained. One that is an evidence.Putter is streamed
	// into, and one that is an evidence.Opener is streamed from.
	Store evidence.ReadWriter
	// Scratch is a private directory for transfers under way; it may be kept
	// between runs, so that an interrupted transfer goes on.
	Scratch string
	// Offline forbids the network. file: locations and file:// proxies of the
	// reviewer's own settings still work.
	Offline bool
	// AllowPrivate admits private and loopback addresses, and unencrypted http
	// to these alone.
	AllowPrivate bool
	// MaxBytes caps one transfer; 0 is DefaultMaxBytes.
	MaxBytes int64
	// GoEnv has the go command's GOPROXY, GOSUMDB, GONOSUMDB, GONOPROXY and
	// GOPRIVATE, as `go env` prints them. Without GOPROXY no module is fetched.
	GoEnv map[string]string
	// Logs are the checksum databases whose keys are known; the first is used
	// where GOSUMDB says nothing.
	Logs []LogKey
	// NPM is npm's configuration; nil reads the user's own on first need.
	NPM *NPMConfig
}

// hooks are what tests put in the place of the world.
type hooks struct {
	sleep    func(context.Context, time.Duration) error
	stall    time.Duration // how long a transfer may stand still
	resolver *net.Resolver
	proxy    func(*url.URL) (*url.URL, error)
	tls      *tls.Config
}

// A Client obtains content. It is safe for several goroutines.
type Client struct {
	opt   Options
	hooks hooks
	guard *guard
	http  *http.Client
	db    sumDB

	mu    sync.Mutex
	npm   *NPMConfig
	proxy string
	busy  map[string]*sync.Mutex // one transfer at a time per partial file
}

// New makes a Client. The error is an *Error with code BadConfig.
func New(opt Options) (*Client, error) {
	return newClient(opt, hooks{
		sleep:    sleep,
		stall:    stall,
		resolver: net.DefaultResolver,
		proxy:    httpproxy.FromEnvironment().ProxyFunc(),
	})
}

func newClient(opt Options, h hooks) (*Client, error) {
	if opt.Store == nil || opt.Scratch == "" {
		return nil, refuse(BadConfig, "", "a fetch client needs a store and a scratch directory")
	}
	if opt.MaxBytes <= 0 {
		opt.MaxBytes = DefaultMaxBytes
	}
	db, err := parseGOSUMDB(opt.GoEnv, opt.Logs)
	if err != nil {
		return nil, err
	}
	g := newGuard(opt.AllowPrivate, h)
	for _, entry := range strings.FieldsFunc(opt.GoEnv["GOPROXY"], func(r rune) bool { return r == ',' || r == '|' }) {
		g.trust(strings.TrimSpace(entry))
	}
	if db.url != nil {
		g.trust(db.url.String())
	}
	return &Client{
		opt: opt, hooks: h, guard: g, http: newHTTPClient(g), db: db,
		npm: opt.NPM, busy: map[string]*sync.Mutex{},
	}, nil
}

// Close ends idle connections.
func (c *Client) Close() error {
	c.guard.closeIdle()
	return nil
}

// Proxy is the proxy of the environment that was used last, without its
// secrets, or "" while none was: for the record of the run.
func (c *Client) Proxy() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.proxy
}

func (c *Client) noteProxy(p string) {
	if p == "" {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.proxy = p
}

// lock keeps two goroutines from writing one partial file.
func (c *Client) lock(name string) (unlock func()) {
	c.mu.Lock()
	m := c.busy[name]
	if m == nil {
		m = &sync.Mutex{}
		c.busy[name] = m
	}
	c.mu.Unlock()
	m.Lock()
	return m.Unlock
}

// A Request says what to obtain, and what it must be.
type Request struct {
	// PURL is the identity, such as pkg:golang/example.org/mod@v1.2.3, or "".
	PURL string
	// Locations are mirrors of the one digest, tried in order before the
	// registry that the purl's type has.
	Locations []string
	// Digest is the pin; see ParsePin.
	Digest string
	// Base is the directory that file: locations are relative to.
	Base string
	// Max caps the size in bytes; 0 is the client's cap.
	Max int64
}

// A Note receives progress; it may be nil.
type Note = func(Event)

// Get obtains one blob. That nothing was obtained, or something else than what
// is pinned, is an Observation and no error: an error means that the request
// itself cannot be used (an *Error with code BadPURL, BadPin or BadLocation),
// that the store failed, or that the context ended. The transfers come in the
// order in which they were made; their Step is the caller's to fill.
func (c *Client) Get(ctx context.Context, req Request, note Note) (Observation, []reports.Fetch, error) {
	j, err := c.newJob(req, note)
	if err != nil {
		return Observation{}, nil, err
	}
	if err := j.fromStore(); err != nil {
		return Observation{}, nil, err
	}
	if j.obs.Outcome == "" {
		if err := j.tryPlaces(ctx); err != nil {
			return Observation{}, j.transfers(), err
		}
	}
	if err := j.companions(ctx); err != nil {
		return Observation{}, j.transfers(), err
	}
	return j.obs, j.transfers(), nil
}

// tryPlaces goes from place to place until one has the pinned bytes.
func (j *job) tryPlaces(ctx context.Context) error {
	places, err := j.places()
	if err != nil {
		return err
	}
	for _, try := range places {
		err := try(ctx)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		own, ok := errors.AsType[*Error](err)
		if !ok {
			return err
		}
		j.missed(own)
	}
	return nil
}

package tuf

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/sigstore/sigstore-go/pkg/tuf"
	"github.com/theupdateframework/go-tuf/v2/metadata"

	"github.com/proffer-audit/proffer/attest/strictjson"
	"github.com/proffer-audit/proffer/attest/trust"
	"github.com/proffer-audit/proffer/attest/wire"
)

// The names of what is fetched.
const (
	RootTarget   = "trusted_root.json"
	ConfigTarget = "signing_config.v0.2.json"
)

// maxRoot caps a root.json, in bytes.
const maxRoot = 1 << 20

// Options say where from, and whom to believe first.
type Options struct {
	URL    string
	Root   []byte // the root.json that was got by another way
	Cache  string // a folder that is kept between two fetches
	Client *wire.Client
}

// Material is what a repository vouches for.
type Material struct {
	TrustedRoot   []byte
	SigningConfig []byte // nil where the repository has none
}

// Code is the stable word for why nothing was fetched.
type Code string

// The codes of an Error.
const (
	BadRoot     Code = "bad-tuf-root" // not a root.json
	Unreachable Code = "unreachable"  // no answer, or none that is an answer
	Refused     Code = "tuf-refused"  // what came does not verify: signatures, threshold, age, or it goes back
	Missing     Code = "no-such-target"
	BadTarget   Code = "bad-target" // verified, and not what it should be
)

// Error says why nothing was fetched.
type Error struct {
	Code   Code
	What   string
	Advice string
	Err    error
}

// Error says what happened.
func (e *Error) Error() string {
	if e.Err != nil {
		return e.What + ": " + e.Err.Error()
	}
	return e.What
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// Hint tells a person what to do about it.
func (e *Error) Hint() string {
	var beneath interface{ Hint() string }
	if e.Advice == "" && errors.As(e.Err, &beneath) {
		return beneath.Hint()
	}
	return e.Advice
}

// PublicGood is where sigstore's own repository is, and the root that came with
// its library: for those who name it.
func PublicGood() (url string, root []byte) { return tuf.DefaultMirror, tuf.DefaultRoot() }

// Staging is PublicGood for the instance that sigstore tries itself out with.
func Staging() (url string, root []byte) { return tuf.StagingMirror, tuf.StagingRoot() }

// Fetch gets what the repository vouches for now. It reads the machine's clock,
// as TUF wants: metadata that has run out is refused.
func Fetch(ctx context.Context, opt Options) (*Material, error) {
	if err := strictjson.Check(opt.Root, strictjson.Limits{Bytes: maxRoot}); err != nil {
		return nil, &Error{Code: BadRoot, What: "read the repository's root.json", Err: err, Advice: "get it from whoever runs the repository, by a way that you trust"}
	}
	if err := os.MkdirAll(opt.Cache, 0o755); err != nil {
		return nil, err
	}
	f := &fetcher{ctx: ctx, client: opt.Client}
	c, err := tuf.New(&tuf.Options{Root: opt.Root, CachePath: opt.Cache, RepositoryBaseURL: opt.URL, Fetcher: f})
	if err != nil {
		return nil, f.judge("update from the repository", err)
	}
	m := &Material{}
	if m.TrustedRoot, err = c.GetTarget(RootTarget); err != nil {
		return nil, f.judge("get "+RootTarget, err)
	}
	if _, err := trust.ParseRoot(m.TrustedRoot); err != nil {
		return nil, &Error{Code: BadTarget, What: "the repository's " + RootTarget, Err: err}
	}
	m.SigningConfig, err = c.GetTarget(ConfigTarget)
	if err = f.judge("get "+ConfigTarget, err); CodeOf(err) == Missing {
		return m, nil
	}
	return m, err
}

// CodeOf is the code of an Error, or "".
func CodeOf(err error) Code {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return ""
}

// fetcher is how go-tuf reaches the repository.
type fetcher struct {
	ctx    context.Context
	client *wire.Client
	failed error // the last failure that was not an answer of the repository
}

// DownloadFile gets one file of the repository. A file that is not there is said
// so in go-tuf's own terms: it asks for the next root until there is none.
func (f *fetcher) DownloadFile(url string, maxLength int64, _ time.Duration) ([]byte, error) {
	_, body, err := f.client.Do(f.ctx, wire.Request{Method: http.MethodGet, URL: url, Max: maxLength, Want: []int{http.StatusOK}})
	if err == nil {
		return body, nil
	}
	var e *wire.Error
	switch {
	case errors.As(err, &e) && e.Code == wire.Status && (e.Answer == http.StatusNotFound || e.Answer == http.StatusForbidden):
		return nil, &metadata.ErrDownloadHTTP{StatusCode: e.Answer, URL: url}
	case errors.As(err, &e) && e.Code == wire.TooLarge:
		return nil, &metadata.ErrDownloadLengthMismatch{Msg: fmt.Sprintf("more than %d bytes", maxLength)}
	}
	f.failed = err
	return nil, err
}

// judge tells a repository that is not reached from one that is not believed.
func (f *fetcher) judge(what string, err error) error {
	if err == nil {
		return nil
	}
	if f.failed != nil {
		return &Error{Code: Unreachable, What: what, Err: f.failed}
	}
	e := &Error{Code: Refused, What: what, Err: err, Advice: "do not use it: ask whoever runs the repository"}
	var absent *metadata.ErrDownloadHTTP
	switch {
	case errors.As(err, &absent):
		e.Code, e.Advice = Unreachable, "check the address of the repository"
	// go-tuf has no type for this: its signed list does not have the name.
	case strings.HasSuffix(err.Error(), " not found") && strings.Contains(err.Error(), "getting info for target"):
		e.Code, e.Advice = Missing, "this repository vouches for no such file"
	}
	return e
}

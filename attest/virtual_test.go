package attest_test

import (
	"crypto/elliptic"
	"encoding/json"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/proffer-audit/proffer/attest/bundle/mint"
)

const (
	alice  = "alice@acme.example"
	bob    = "bob@rebuild.example"
	issuer = "https://issuer.example"
)

// virtual is a sigstore of its own.
type virtual struct{ *mint.Authority }

var virtuals atomic.Int64

func newVirtual(t testing.TB) *virtual {
	t.Helper()
	return &virtual{mint.New(mint.Options{Seed: t.Name() + strconv.FormatInt(virtuals.Add(1), 10)})}
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (v *virtual) trustedRoot(testing.TB) []byte { return v.TrustedRoot() }

// signOptions say what a signer leaves out or puts in.
type signOptions struct {
	noSCT, noLog, noTimestamp bool
	late                      time.Duration // the log entry is of so much later
	log                       *virtual      // another log's entry
	payloadType               string
	otherName                 bool           // the identity is a name that crypto/x509 does not know
	curve                     elliptic.Curve // of the key; P-256 if nil
}

func (v *virtual) request(payload []byte, opt signOptions) mint.Request {
	r := mint.Request{Payload: payload, PayloadType: opt.payloadType, Wrong: mint.Wrong{}}
	if opt.noSCT {
		r.CTs = []*mint.CT{}
	}
	if opt.noLog {
		r.Via = []*mint.Log{}
	}
	if opt.noTimestamp {
		r.Stamps = []*mint.TSA{}
	}
	if opt.log != nil {
		r.Via = []*mint.Log{opt.log.Rekor1}
	}
	if opt.curve == elliptic.P384() {
		r.Leaf = mint.P384
	}
	if opt.late != 0 {
		r.Wrong.LoggedAt = v.Now.Add(opt.late)
	}
	return r
}

// attestAs signs a payload as an identity, into a bundle.
func (v *virtual) attestAs(t testing.TB, identity, issuer string, payload []byte, opt signOptions) []byte {
	t.Helper()
	r := v.request(payload, opt)
	r.Identity = mint.Email(identity, issuer)
	if opt.otherName {
		r.Identity = mint.Identity{Other: identity, Issuer: issuer}
	}
	return v.Bundle(r)
}

// keyBundle signs with a key and has the signature stamped.
func (v *virtual) keyBundle(t testing.TB, s signer, payload []byte, opt signOptions) []byte {
	t.Helper()
	r := v.request(payload, opt)
	r.Key, r.Hint = mint.KeyOf(s.key.Signer()), "whatever"
	if r.Stamps == nil {
		r.Stamps = []*mint.TSA{v.TSA}
	}
	return v.Bundle(r)
}

// moveStamps puts the timestamps of a bundle into another.
func moveStamps(t testing.TB, from []byte, to map[string]any) {
	t.Helper()
	var m map[string]any
	check(t, json.Unmarshal(from, &m))
	to["verificationMaterial"].(map[string]any)["timestampVerificationData"] = m["verificationMaterial"].(map[string]any)["timestampVerificationData"]
}

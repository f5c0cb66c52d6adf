package sign

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/proffer-audit/proffer/attest/wire"
)

// The bounds of a device flow, in case an issuer names none or silly ones.
const (
	defaultInterval = 5 * time.Second
	longestWait     = 10 * time.Minute
)

// maxAnswer caps an issuer's answer, in bytes.
const maxAnswer = 256 << 10

// A Prompt is what a person needs to grant a token in a browser.
type Prompt struct {
	URL  string // where to go
	Code string // what to type there
}

// A DeviceFlow gets a token from a person at a browser (RFC 8628), which may be
// on another machine.
type DeviceFlow struct {
	Client   *wire.Client
	Issuer   string
	ClientID string // "" for sigstore's
	Show     func(Prompt) error
}

// discovered are the parts of an issuer's metadata that the flow needs.
type discovered struct {
	Issuer string `json:"issuer"`
	Device string `json:"device_authorization_endpoint"`
	Token  string `json:"token_endpoint"`
}

// granted is the answer to the request for a device code.
type granted struct {
	DeviceCode string `json:"device_code"`
	UserCode   string `json:"user_code"`
	URI        string `json:"verification_uri"`
	Complete   string `json:"verification_uri_complete"`
	Interval   int    `json:"interval"`   // seconds
	ExpiresIn  int    `json:"expires_in"` // seconds
}

// Token runs the flow: it shows the person where to go, and waits.
func (f DeviceFlow) Token(ctx context.Context) (Token, error) {
	if f.ClientID == "" {
		f.ClientID = audience
	}
	var d discovered
	if err := f.ask(ctx, http.MethodGet, strings.TrimSuffix(f.Issuer, "/")+"/.well-known/openid-configuration", nil, &d); err != nil {
		return Token{}, err
	}
	if d.Issuer != f.Issuer || d.Device == "" || d.Token == "" {
		return Token{}, refuse(BadAnswer, "the identity provider is another, or knows no device flow").hint("name another --oidc-issuer, or give a token")
	}
	secret := make([]byte, 32)
	if _, err := rand.Read(secret); err != nil {
		return Token{}, err
	}
	verifier := base64.RawURLEncoding.EncodeToString(secret)
	challenge := sha256.Sum256([]byte(verifier))
	var g granted
	form := url.Values{
		"client_id": {f.ClientID}, "scope": {"openid email"}, "code_challenge_method": {"S256"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(challenge[:])},
	}
	if err := f.ask(ctx, http.MethodPost, d.Device, form, &g); err != nil {
		return Token{}, err
	}
	if g.DeviceCode == "" || g.UserCode == "" || g.URI == "" {
		return Token{}, refuse(BadAnswer, "the identity provider gives no code to type")
	}
	if err := f.Show(Prompt{URL: g.URI, Code: g.UserCode}); err != nil {
		return Token{}, err
	}
	return f.wait(ctx, d.Token, verifier, g)
}

// wait asks for the token until the person has granted it, or has not.
func (f DeviceFlow) wait(ctx context.Context, at, verifier string, g granted) (Token, error) {
	pause := max(time.Duration(g.Interval)*time.Second, time.Second)
	if g.Interval == 0 {
		pause = defaultInterval
	}
	limit := longestWait
	if n := time.Duration(g.ExpiresIn) * time.Second; n > 0 && n < limit {
		limit = n
	}
	ctx, cancel := context.WithTimeoutCause(ctx, limit, refuse(NotGranted, "nobody granted the identity token in time").hint("run the command again"))
	defer cancel()
	form := url.Values{
		"grant_type": {"urn:ietf:params:oauth:grant-type:device_code"}, "device_code": {g.DeviceCode},
		"client_id": {f.ClientID}, "code_verifier": {verifier},
	}
	for {
		select {
		case <-ctx.Done():
			return Token{}, context.Cause(ctx)
		case <-time.After(pause):
		}
		var a struct {
			IDToken string `json:"id_token"`
			Error   string `json:"error"`
		}
		if err := f.ask(ctx, http.MethodPost, at, form, &a); err != nil {
			return Token{}, err
		}
		switch {
		case a.IDToken != "":
			return ParseToken(a.IDToken)
		case a.Error == "slow_down":
			pause += 5 * time.Second
		case a.Error != "authorization_pending":
			return Token{}, refuse(NotGranted, "the identity provider grants no token: %.80q", a.Error)
		}
	}
}

// ask makes one request of the flow. An error of OAuth 2 is an answer.
func (f DeviceFlow) ask(ctx context.Context, method, at string, form url.Values, into any) error {
	r := wire.Request{
		Method: method, URL: at, Max: maxAnswer, Want: []int{http.StatusOK, http.StatusBadRequest},
		Header: map[string]string{"Accept": "application/json"},
	}
	if form != nil {
		r.Body = []byte(form.Encode())
		r.Header["Content-Type"] = "application/x-www-form-urlencoded"
		r.Secrets = []string{form.Get("device_code"), form.Get("code_verifier")}
	}
	_, raw, err := f.Client.Do(ctx, r)
	if err != nil {
		return &Error{Code: NoToken, What: "ask the identity provider", Err: err}
	}
	if json.Unmarshal(raw, into) != nil {
		return refuse(BadAnswer, "the identity provider's answer is not JSON")
	}
	return nil
}

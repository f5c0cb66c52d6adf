package sign

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"

	"github.com/proffer-audit/proffer/attest/strictjson"
)

// maxToken caps an identity token, in bytes.
const maxToken = 32 << 10

// A Token is an OpenID Connect identity token. It prints as a placeholder.
type Token struct {
	raw     string
	subject string // what its holder proves possession for: see claims.holder
	expires time.Time
}

// claims are the parts of a token that are read here. Nothing is believed
// because of them: the certificate authority verifies the token.
type claims struct {
	Subject  string `json:"sub"`
	Email    string `json:"email"`
	Verified any    `json:"email_verified"` // some issuers write a string
	Expires  int64  `json:"exp"`
}

// ParseToken reads a token: a signed JWT in compact form (RFC 7519). White space
// around it is dropped, as files end with it.
func ParseToken(raw string) (Token, error) {
	raw = strings.TrimSpace(raw)
	bad := refuse(BadToken, "the identity token is not a signed JWT").hint("give the token alone, as the issuer gave it")
	parts := strings.Split(raw, ".")
	if len(raw) > maxToken || len(parts) != 3 {
		return Token{}, bad
	}
	for _, p := range parts {
		if p == "" {
			return Token{}, bad
		}
	}
	body, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return Token{}, bad
	}
	var c claims
	// Claims are many and differ by issuer, so unknown ones are let by; two
	// readings of one are not.
	if strictjson.Unmarshal(body, &c, strictjson.Limits{Bytes: maxToken, AllowUnknown: true}) != nil {
		return Token{}, bad
	}
	t := Token{raw: raw, subject: c.holder(), expires: time.Unix(c.Expires, 0)}
	if t.subject == "" {
		return Token{}, refuse(BadToken, "the identity token names nobody")
	}
	return t, nil
}

// holder is what a certificate authority wants a proof of possession over: the
// verified e-mail address, otherwise the subject.
func (c claims) holder() string {
	if c.Email != "" && (c.Verified == true || c.Verified == "true") {
		return c.Email
	}
	return c.Subject
}

// String does not show the token.
func (t Token) String() string { return "[identity token]" }

// GoString does not show the token.
func (t Token) GoString() string { return t.String() }

// MarshalJSON does not show the token.
func (t Token) MarshalJSON() ([]byte, error) { return json.Marshal(t.String()) }

// usable refuses a token that has run out.
func (t Token) usable(now time.Time) error {
	if t.raw == "" {
		return refuse(NoToken, "nothing says who signs: there is no identity token").
			hint("use --identity-token-file, the variable SIGSTORE_ID_TOKEN, GitHub Actions with id-token: write, or --oidc-issuer for the browser")
	}
	if t.expires.Unix() != 0 && !now.Before(t.expires) {
		return refuse(TokenExpired, "the identity token has run out").hint("get a new one: they live for minutes")
	}
	return nil
}

package stacktest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"time"
)

// An issuer is an OpenID Connect provider with two faces: people by e-mail
// address, and workflows shaped as those of GitHub Actions.
type issuer struct {
	key  *ecdsa.PrivateKey
	base string // URL of the server
}

// The faces of the issuer: paths below its address.
const (
	people    = "/people"
	workflows = "/workflows"
)

const keyID = "test"

func newIssuer() (*issuer, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	return &issuer{key: key}, err
}

// handle serves discovery, keys, the device flow and the token request of
// GitHub Actions.
func (i *issuer) handle(mux *http.ServeMux) {
	for _, face := range []string{people, workflows} {
		at := i.base + face
		mux.HandleFunc("GET "+face+"/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
			answer(w, http.StatusOK, map[string]any{
				"issuer": at, "jwks_uri": at + "/keys", "device_authorization_endpoint": at + "/device", "token_endpoint": at + "/token",
				"authorization_endpoint": at + "/auth", "response_types_supported": []string{"id_token"},
				"subject_types_supported": []string{"public"}, "id_token_signing_alg_values_supported": []string{"ES256"},
			})
		})
		mux.HandleFunc("GET "+face+"/keys", func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, i.keys()) })
	}
	mux.HandleFunc("GET "+workflows+"/request", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "bearer "+RequestToken || r.URL.Query().Get("audience") != "sigstore" {
			answer(w, http.StatusUnauthorized, map[string]string{"error": "no"})
			return
		}
		answer(w, http.StatusOK, map[string]string{"value": i.workflow("acme/agent", "release.yml", "refs/heads/main")})
	})
	i.device(mux)
}

// RequestToken is what a job of the test's GitHub Actions asks for its token with.
const RequestToken = "request-token-of-the-job"

// device grants the device flow at the second time of asking.
func (i *issuer) device(mux *http.ServeMux) {
	asked := make(chan struct{}, 1)
	mux.HandleFunc("POST "+people+"/device", func(w http.ResponseWriter, r *http.Request) {
		answer(w, http.StatusOK, map[string]any{
			"device_code": "device-code-secret", "user_code": "WDJB-MJHT", "interval": 1, "expires_in": 60,
			"verification_uri": i.base + people + "/activate",
		})
	})
	mux.HandleFunc("POST "+people+"/token", func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.FormValue("client_id") == "denied":
			answer(w, http.StatusBadRequest, map[string]string{"error": "access_denied"})
		case r.FormValue("device_code") != "device-code-secret" || r.FormValue("code_verifier") == "":
			answer(w, http.StatusBadRequest, map[string]string{"error": "invalid_grant"})
		default:
			select {
			case asked <- struct{}{}:
				answer(w, http.StatusBadRequest, map[string]string{"error": "authorization_pending"})
			default:
				answer(w, http.StatusOK, map[string]string{"id_token": i.person("device@acme.example"), "access_token": "x", "token_type": "Bearer"})
			}
		}
	})
}

func (i *issuer) keys() map[string]any {
	raw, err := i.key.PublicKey.Bytes()
	if err != nil {
		return nil
	}
	enc := base64.RawURLEncoding.EncodeToString
	return map[string]any{"keys": []any{map[string]string{
		"kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": keyID, "x": enc(raw[1:33]), "y": enc(raw[33:65]),
	}}}
}

// person is a token for an e-mail address.
func (i *issuer) person(address string) string {
	return i.token(people, 10*time.Minute, map[string]any{"sub": "person:" + address, "email": address, "email_verified": true})
}

// workflow is a token as a job of GitHub Actions has it.
func (i *issuer) workflow(repository, file, ref string) string {
	job := fmt.Sprintf("%s/.github/workflows/%s@%s", repository, file, ref)
	const commit = "0123456789abcdef0123456789abcdef01234567"
	return i.token(workflows, 10*time.Minute, map[string]any{
		"sub": "repo:" + repository + ":ref:" + ref, "repository": repository, "repository_id": "42", "repository_owner": "acme",
		"repository_owner_id": "7", "ref": ref, "sha": commit, "job_workflow_ref": job, "job_workflow_sha": commit,
		"workflow": "release", "workflow_ref": job, "workflow_sha": commit, "event_name": "push", "run_id": "1", "run_attempt": "1",
		"runner_environment": "github-hosted", "repository_visibility": "public", "environment": "",
	})
}

// token signs claims (ES256), good for a while.
func (i *issuer) token(face string, life time.Duration, claims map[string]any) string {
	now := time.Now()
	all := map[string]any{"iss": i.base + face, "aud": "sigstore", "iat": now.Unix(), "nbf": now.Add(-time.Minute).Unix(), "exp": now.Add(life).Unix()}
	maps.Copy(all, claims)
	enc := func(v any) string {
		raw, err := json.Marshal(v)
		if err != nil {
			return ""
		}
		return base64.RawURLEncoding.EncodeToString(raw)
	}
	signed := enc(map[string]string{"alg": "ES256", "kid": keyID, "typ": "JWT"}) + "." + enc(all)
	sum := sha256.Sum256([]byte(signed))
	r, s, err := ecdsa.Sign(rand.Reader, i.key, sum[:])
	if err != nil {
		return ""
	}
	sig := make([]byte, 64)
	r.FillBytes(sig[:32])
	s.FillBytes(sig[32:])
	return signed + "." + base64.RawURLEncoding.EncodeToString(sig)
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the client notices a broken answer
}

package sign

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"

	"github.com/proffer-audit/proffer/attest/wire"
)

// audience is whom a token is for, as sigstore's authorities want it.
const audience = "sigstore"

// Job asks GitHub Actions for the token of the running job: the values of
// ACTIONS_ID_TOKEN_REQUEST_URL and ACTIONS_ID_TOKEN_REQUEST_TOKEN, which a job
// has that may write identity tokens.
func Job(ctx context.Context, client *wire.Client, requestURL, requestToken string) (Token, error) {
	u, err := url.Parse(requestURL)
	if err != nil || requestToken == "" {
		return Token{}, refuse(NoToken, "the job's request for an identity token cannot be made").hint("grant the job id-token: write")
	}
	q := u.Query()
	q.Set("audience", audience)
	u.RawQuery = q.Encode()
	_, raw, err := client.Do(ctx, wire.Request{
		Method: http.MethodGet, URL: u.String(), Max: 2 * maxToken, Want: []int{http.StatusOK},
		Header: map[string]string{"Authorization": "bearer " + requestToken, "Accept": "application/json"}, Secrets: []string{requestToken},
	})
	if err != nil {
		return Token{}, &Error{Code: NoToken, What: "ask the job's platform for an identity token", Err: err}
	}
	var answer struct {
		Value string `json:"value"`
	}
	if json.Unmarshal(raw, &answer) != nil {
		return Token{}, refuse(NoToken, "the job's platform answers no identity token")
	}
	return ParseToken(answer.Value)
}

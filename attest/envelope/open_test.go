package envelope_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/proffer-audit/proffer/attest/envelope"
)

const (
	bundleJSON = `{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","verificationMaterial":{},"dsseEnvelope":{"payload":"e30=","payloadType":"x","signatures":[{"sig":"eA=="}]}}`
	dsseJSON   = `{"payload":"e30=","payloadType":"application/vnd.in-toto+json","signatures":[{"keyid":"k","sig":"eA=="}]}`
	linkJSON   = `{"signatures":[{"keyid":"k","sig":"00"}],"signed":{"_type":"link","name":"rebuild a.deb","materials":{},"products":{"a.deb":{"sha256":"` + hexA + `"}},"environment":null,"byproducts":{},"command":[]}}`
	hexA       = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
)

// code is the code of a refusal, or "" where there was none.
func code(t *testing.T, err error) envelope.Code {
	t.Helper()
	if err == nil {
		return ""
	}
	var e *envelope.Error
	if !errors.As(err, &e) {
		t.Fatalf("error %v is not an *Error", err)
	}
	return e.Code
}

// bundleOf is a sigstore bundle around a statement of a predicate type.
func bundleOf(predicateType string) string {
	st := fmt.Sprintf(`{"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"a","digest":{"sha256":%q}}],"predicateType":%q,"predicate":{}}`, hexA, predicateType)
	return strings.Replace(bundleJSON, "e30=", base64.StdEncoding.EncodeToString([]byte(st)), 1)
}

func TestOpen(t *testing.T) {
	const slsa = "https://slsa.dev/provenance/v1"
	npm := func(outer, bundle string) string {
		return fmt.Sprintf(`{"predicateType":%q,"bundle":%s}`, outer, bundle)
	}
	document := func(list ...string) string { return `{"attestations":[` + strings.Join(list, ",") + `]}` }
	github := func(bundle string) string {
		return `{"bundle":` + bundle + `,"repository_id":1,"bundle_url":"https://example.org/b","initiator":"user"}`
	}
	for _, tt := range []struct {
		name, in string
		want     string // kinds and places, or
		code     envelope.Code
	}{
		{"bundle", bundleJSON, "sigstore-bundle@", ""},
		{"bundle with white space around", " \n" + bundleJSON + "\r\n\n", "sigstore-bundle@", ""},
		{"bundle of a message", `{"mediaType":"x","verificationMaterial":{},"messageSignature":{}}`, "sigstore-bundle@", ""},
		{"envelope", dsseJSON, "dsse@", ""},
		{"link", linkJSON, "in-toto-link@", ""},
		{"lines of bundles", bundleJSON + "\n" + bundleJSON + "\n", "sigstore-bundle@line 1 sigstore-bundle@line 2", ""},
		{"lines of envelopes, no last end of line", dsseJSON + "\n" + dsseJSON, "dsse@line 1 dsse@line 2", ""},
		{"lines ended as on Windows", dsseJSON + "\r\n" + dsseJSON + "\r\n", "dsse@line 1 dsse@line 2", ""},
		{"lines of links", linkJSON + "\n" + linkJSON, "in-toto-link@line 1 in-toto-link@line 2", ""},
		{"npm document", document(npm(slsa, bundleOf(slsa)), npm("https://example.org/p", bundleOf("https://example.org/p"))), "sigstore-bundle@attestations[0] sigstore-bundle@attestations[1]", ""},
		{"GitHub document", document(github(bundleJSON), github(bundleJSON)), "sigstore-bundle@attestations[0] sigstore-bundle@attestations[1]", ""},

		{"nothing", "", "", envelope.BadJSON},
		{"byte order mark", "\ufeff" + bundleJSON, "", envelope.BadJSON},
		{"key twice", strings.Replace(bundleJSON, `{"mediaType"`, `{"mediaType":"y","mediaType"`, 1), "", envelope.BadJSON},
		{"key in another case", strings.Replace(bundleJSON, `"verificationMaterial"`, `"VerificationMaterial"`, 1), "", envelope.BadJSON},
		{"key in two cases", strings.Replace(dsseJSON, `{"payload"`, `{"Payload":"e30=","payload"`, 1), "", envelope.BadJSON},
		{"a list", "[" + bundleJSON + "]", "", envelope.BadJSON},
		{"another object", `{"a":1}`, "", envelope.Unknown},
		{"bundle and envelope in one", strings.Replace(bundleJSON, `{"mediaType"`, `{"payload":"e30=","mediaType"`, 1), "", envelope.Ambiguous},
		{"envelope and link in one", strings.Replace(dsseJSON, `{"payload"`, `{"signed":{},"payload"`, 1), "", envelope.Ambiguous},
		{"document and bundle in one", strings.Replace(bundleJSON, `{"mediaType"`, `{"attestations":[],"mediaType"`, 1), "", envelope.Ambiguous},
		{"null where material should be", `{"verificationMaterial":null,"payload":"e30="}`, "", envelope.Ambiguous},
		{"null where a payload should be", `{"payload":null}`, "", envelope.BadEnvelope},
		{"trailing data", bundleJSON + "x", "", envelope.BadJSON},
		{"two on one line", bundleJSON + bundleJSON, "", envelope.BadJSON},
		{"trailing data on a line", dsseJSON + "\n" + dsseJSON + "]\n", "", envelope.BadJSON},
		{"NUL at the end", dsseJSON + "\n\x00", "", envelope.BadJSON},
		{"blank line between", dsseJSON + "\n\n" + dsseJSON, "", envelope.BlankLine},
		{"blank line at the end", dsseJSON + "\n" + dsseJSON + "\n\n", "", envelope.BlankLine},
		{"byte order mark on a line", dsseJSON + "\n\ufeff" + dsseJSON, "", envelope.BadJSON},
		{"value over several lines", dsseJSON + "\n" + strings.Replace(dsseJSON, ",", ",\n", 1), "", envelope.BadJSON},
		{"two kinds", bundleJSON + "\n" + dsseJSON, "", envelope.Ambiguous},
		{"document on a line", bundleJSON + "\n" + document(github(bundleJSON)), "", envelope.Ambiguous},

		{"empty document", document(), "", envelope.Empty},
		{"document without a list", `{"attestations":{}}`, "", envelope.BadDocument},
		{"npm and GitHub mixed", document(npm(slsa, bundleOf(slsa)), github(bundleJSON)), "", envelope.Ambiguous},
		{"npm names another type", document(npm("https://example.org/p", bundleOf(slsa))), "", envelope.Mislabelled},
		{"npm names no type", document(npm("", bundleOf(slsa))), "", envelope.Mislabelled},
		{"npm payload is no statement", document(npm(slsa, bundleJSON)), "", envelope.BadDocument},
		{"npm bundle of a message", document(npm(slsa, `{"verificationMaterial":{},"messageSignature":{}}`)), "", envelope.BadDocument},
		{"GitHub keeps the bundle elsewhere", document(github("null")), "", envelope.Elsewhere},
		{"no bundle", document(`{"repository_id":1}`), "", envelope.Elsewhere},
		{"envelope for a bundle", document(github(dsseJSON)), "", envelope.BadDocument},
		{"document for a bundle", document(github(document(github(bundleJSON)))), "", envelope.BadDocument},
		{"Bundle beside bundle", document(strings.Replace(github(bundleJSON), `{"bundle"`, `{"Bundle":{},"bundle"`, 1)), "", envelope.BadJSON},
	} {
		t.Run(tt.name, func(t *testing.T) {
			items, err := envelope.Open([]byte(tt.in), envelope.Limits{})
			if got := code(t, err); got != tt.code {
				t.Fatalf("got %q (%v), want %q", got, err, tt.code)
			}
			var got []string
			for _, it := range items {
				got = append(got, string(it.Kind)+"@"+it.Place)
				if !strings.Contains(tt.in, string(it.Raw)) || it.Raw[0] != '{' || it.Raw[len(it.Raw)-1] != '}' {
					t.Errorf("raw is not an object of the file: %s", it.Raw)
				}
			}
			if s := strings.Join(got, " "); s != tt.want {
				t.Errorf("got %q, want %q", s, tt.want)
			}
		})
	}
}

package trust_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/sigstore/sigstore-go/pkg/testing/data"

	"github.com/proffer-audit/proffer/attest/trust"
)

func TestDescribe(t *testing.T) {
	raw, err := data.TrustedRoot(t, "public-good.json").MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	list, err := trust.Describe(raw)
	if err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for _, a := range list {
		count[a.Kind]++
		if !strings.HasPrefix(a.ID, "sha256:") || len(a.ID) != 71 || a.From.IsZero() {
			t.Errorf("incomplete: %+v", a)
		}
	}
	if count[trust.CertificateAuthority] < 2 || count[trust.CertificateLog] < 2 || count[trust.TransparencyLog] < 1 {
		t.Errorf("counted %v", count)
	}
	again, err := trust.Describe(raw)
	if err != nil || !slices.Equal(list, again) {
		t.Error("another order")
	}
	var e *trust.Error
	if _, err := trust.Describe([]byte("{}")); !errors.As(err, &e) || e.Code != trust.BadRoot {
		t.Errorf("got %v", err)
	}
}

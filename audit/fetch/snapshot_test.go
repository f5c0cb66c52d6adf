package fetch

import (
	"net/http"
	"testing"

	"github.com/proffer-audit/proffer/audit/evidence"
)

func TestSnapshot(t *testing.T) {
	data := []byte("an archive of advisories")
	url := serve(t, fixed(data))
	w := newWorld(t, nil)
	d, recs, err := w.Snapshot(t.Context(), url, 1<<20, nil)
	if err != nil || d.Digest != evidence.Of(data) || d.Size != int64(len(data)) || !w.store.Has(d.Digest) || len(recs) != 1 {
		t.Errorf("descriptor %+v, %v: %s", d, err, errorsOf(recs))
	}
	gone := serve(t, http.NotFound)
	offline := newWorld(t, func(o *Options, _ *hooks) { o.Offline = true })
	strict := newWorld(t, func(o *Options, _ *hooks) { o.AllowPrivate = false })
	for _, tt := range []struct {
		w     *world
		url   string
		limit int64
		code  Code
	}{
		{w, gone, 1 << 20, NotFound},
		{w, url, 3, TooLarge},
		{offline, url, 1 << 20, Offline},
		{strict, "https://127.0.0.1/x", 1 << 20, RefusedAddress},
	} {
		if d, _, err := tt.w.Snapshot(t.Context(), tt.url, tt.limit, nil); CodeOf(err) != tt.code || d.Digest != "" {
			t.Errorf("%s: %+v, %v; want code %s", tt.url, d, err, tt.code)
		}
	}
}

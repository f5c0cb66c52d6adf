package fetch

import (
	"bytes"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// A transfer that stands still is broken off and gone on with.
func TestStall(t *testing.T) {
	data := content(100_000)
	var n atomic.Int32
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"v1"`)
		if n.Add(1) > 1 {
			http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(data))
			return
		}
		w.Header().Set("Content-Length", strconv.Itoa(len(data)))
		w.Write(data[:1000])
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	w := newWorld(t, func(_ *Options, h *hooks) { h.stall = 50 * time.Millisecond })
	o, recs := w.get(t, Request{Locations: []string{url}, Digest: pin512(data)})
	w.wantObtained(t, o, recs)
	if recs[0].Attempts != 2 || !recs[0].Resumed {
		t.Errorf("transfers %+v", recs)
	}
}

// A disk of ours that fails is no server's fault, and no "missing".
func TestScratchFails(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	write(t, file, "")
	w := newWorld(t, func(o *Options, _ *hooks) { o.Scratch = filepath.Join(file, "below") })
	url := serve(t, fixed([]byte("x")))
	if o, _, err := w.Get(t.Context(), Request{Locations: []string{url}, Digest: pin512([]byte("x"))}, nil); err == nil || CodeOf(err) != "" {
		t.Errorf("outcome %q, %v", o.Outcome, err)
	}
	p, err := openPartial(t.TempDir(), "a", "b")
	if err != nil {
		t.Fatal(err)
	}
	if err := p.file.Close(); err != nil {
		t.Fatal(err)
	}
	p.file, err = os.Open(p.path) // not for writing
	if err != nil {
		t.Fatal(err)
	}
	_, err = p.append(strings.NewReader("x"), 10)
	if err = p.finished(t.Context(), err, -1, 10); !errors.Is(err, errDisk) || CodeOf(err) != "" {
		t.Errorf("a write that fails gives %v", err)
	}
	if err := p.drop(); err != nil {
		t.Error(err)
	}
}

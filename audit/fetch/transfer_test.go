package fetch

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/proffer-audit/proffer/audit/engine"
)

func content(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i*7 + i>>8)
	}
	return b
}

// flaky serves data and breaks off after half of it on the first request. What
// it does with the rest is the test's.
type flaky struct {
	data     []byte
	etag     string
	requests []http.Header
	rest     func(w http.ResponseWriter, r *http.Request, f *flaky)
}

func (f *flaky) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.requests = append(f.requests, r.Header.Clone())
	if f.etag != "" {
		w.Header().Set("ETag", f.etag)
	}
	if len(f.requests) == 1 {
		w.Header().Set("Content-Length", strconv.Itoa(len(f.data)))
		w.Write(f.data[:len(f.data)/2])
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
	f.rest(w, r, f)
}

func partOf(w http.ResponseWriter, f *flaky, span string, body []byte) {
	w.Header().Set("Content-Range", span)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(http.StatusPartialContent)
	w.Write(body)
}

func whole(w http.ResponseWriter, _ *http.Request, f *flaky) { w.Write(f.data) }

func TestResume(t *testing.T) {
	data := content(100_000)
	half := len(data) / 2
	good := func(w http.ResponseWriter, r *http.Request, f *flaky) {
		partOf(w, f, fmt.Sprintf("bytes %d-%d/%d", half, len(data)-1, len(data)), data[half:])
	}
	for _, tt := range []struct {
		name     string
		etag     string
		rest     func(http.ResponseWriter, *http.Request, *flaky)
		ranged   bool // the second request asks for the rest
		resumed  bool
		requests int
	}{
		{"the rest", `"v1"`, good, true, true, 2},
		{"no entity tag", "", whole, false, false, 2},
		{"a weak entity tag", `W/"v1"`, whole, false, false, 2},
		{"200 to a Range request", `"v1"`, whole, true, false, 2},
		{"another entity tag, 200", `"v1"`, func(w http.ResponseWriter, r *http.Request, f *flaky) {
			w.Header().Set("ETag", `"v2"`)
			whole(w, r, f)
		}, true, false, 2},
		{"another entity tag, 206", `"v1"`, func(w http.ResponseWriter, r *http.Request, f *flaky) {
			if len(f.requests) > 2 {
				whole(w, r, f)
				return
			}
			w.Header().Set("ETag", `"v2"`)
			good(w, r, f)
		}, true, false, 3},
		{"another start", `"v1"`, func(w http.ResponseWriter, r *http.Request, f *flaky) {
			if len(f.requests) > 2 {
				whole(w, r, f)
				return
			}
			partOf(w, f, fmt.Sprintf("bytes 0-%d/%d", len(data)-1, len(data)), data)
		}, true, false, 3},
		{"another end", `"v1"`, func(w http.ResponseWriter, r *http.Request, f *flaky) {
			if len(f.requests) > 2 {
				whole(w, r, f)
				return
			}
			partOf(w, f, fmt.Sprintf("bytes %d-%d/%d", half, len(data)-2, len(data)), data[half:len(data)-1])
		}, true, false, 3},
		{"no Content-Range", `"v1"`, func(w http.ResponseWriter, r *http.Request, f *flaky) {
			if len(f.requests) > 2 {
				whole(w, r, f)
				return
			}
			w.WriteHeader(http.StatusPartialContent)
			w.Write(data[half:])
		}, true, false, 3},
		{"416", `"v1"`, func(w http.ResponseWriter, r *http.Request, f *flaky) {
			if len(f.requests) > 2 {
				whole(w, r, f)
				return
			}
			w.WriteHeader(http.StatusRequestedRangeNotSatisfiable)
		}, true, false, 3},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := &flaky{data: data, etag: tt.etag, rest: tt.rest}
			w := newWorld(t, nil)
			o, recs := w.get(t, Request{Locations: []string{serve(t, f.ServeHTTP) + "/f"}, Digest: pin512(data)})
			w.wantObtained(t, o, recs)
			if len(recs) != 1 || recs[0].Resumed != tt.resumed || recs[0].Attempts != tt.requests || len(f.requests) != tt.requests {
				t.Errorf("transfers %+v, %d requests; want %d, resumed %v", recs, len(f.requests), tt.requests, tt.resumed)
			}
			second := f.requests[1]
			if ranged := second.Get("Range") != ""; ranged != tt.ranged {
				t.Errorf("the second request asks for %q", second.Get("Range"))
			}
			if tt.ranged && second.Get("If-Range") != tt.etag {
				t.Errorf("If-Range is %q, want %q", second.Get("If-Range"), tt.etag)
			}
			leftovers(t, w)
		})
	}
}

// leftovers checks that nothing lies about in the scratch directory.
func leftovers(t *testing.T, w *world) {
	t.Helper()
	entries, err := os.ReadDir(w.opt.Scratch)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		t.Errorf("left in scratch: %s", e.Name())
	}
}

// A transfer that another run left half-done goes on. If the part was changed
// meanwhile, the digest shows it and everything is fetched from the first byte.
func TestResumeAcrossRuns(t *testing.T) {
	data := content(100_000)
	for _, spoil := range []bool{false, true} {
		t.Run(fmt.Sprintf("spoiled=%v", spoil), func(t *testing.T) {
			var up atomic.Bool
			url := serve(t, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("ETag", `"v1"`)
				switch {
				case r.Header.Get("Range") == "" && !up.Load():
					w.Header().Set("Content-Length", strconv.Itoa(len(data)))
					w.Write(data[:60_000])
					w.(http.Flusher).Flush()
					panic(http.ErrAbortHandler)
				case !up.Load():
					panic(http.ErrAbortHandler)
				default:
					http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(data))
				}
			}) + "/f"
			scratch := t.TempDir()
			keep := func(o *Options, _ *hooks) { o.Scratch = scratch }
			req := Request{Locations: []string{url}, Digest: pin512(data)}
			first := newWorld(t, keep)
			o, recs := first.get(t, req)
			first.wantCode(t, o, recs, Missing, Transport)

			up.Store(true)
			if spoil {
				spoilPart(t, scratch)
			}
			second := newWorld(t, keep)
			o, recs = second.get(t, req)
			second.wantObtained(t, o, recs)
			if !recs[0].Resumed || (len(recs) == 2) != spoil {
				t.Errorf("transfers %+v", recs)
			}
			if spoil && (recs[1].Resumed || !strings.Contains(recs[0].Error.String(), "digest")) {
				t.Errorf("transfers %+v", recs)
			}
			leftovers(t, second)
		})
	}
}

func spoilPart(t *testing.T, scratch string) {
	t.Helper()
	parts, err := filepath.Glob(filepath.Join(scratch, "transfer-*"))
	if err != nil || len(parts) != 2 {
		t.Fatalf("parts %v, %v", parts, err)
	}
	for _, p := range parts {
		if strings.HasSuffix(p, ".etag") {
			continue
		}
		b, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		b[100] ^= 1
		if err := os.WriteFile(p, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestPartWithoutRangeRequest(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		partOf(w, nil, "bytes 0-3/4", []byte("data"))
	})
	w := newWorld(t, nil)
	o, recs := w.get(t, Request{Locations: []string{url}, Digest: pin512([]byte("data"))})
	w.wantCode(t, o, recs, Missing, BadRange)
}

func TestCap(t *testing.T) {
	data := content(5000)
	announced := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", strconv.Itoa(len(data)))
		w.Write(data)
	})
	chunked := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Write(data[:10])
		w.(http.Flusher).Flush()
		w.Write(data[10:])
	})
	for _, url := range []string{announced, chunked} {
		w := newWorld(t, nil)
		o, recs := w.get(t, Request{Locations: []string{url}, Digest: pin512(data), Max: 4999})
		w.wantCode(t, o, recs, Missing, TooLarge)
		if recs[0].Attempts != 1 {
			t.Errorf("tried %d times", recs[0].Attempts)
		}
		leftovers(t, w)
		o, recs = w.get(t, Request{Locations: []string{url}, Digest: pin512(data), Max: 5000})
		w.wantObtained(t, o, recs)
	}
}

func TestShortBody(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		w.Write([]byte("short"))
	})
	w := newWorld(t, nil)
	o, recs := w.get(t, Request{Locations: []string{url}, Digest: pin512([]byte("short"))})
	w.wantCode(t, o, recs, Missing, Transport)
}

func TestRetry(t *testing.T) {
	data := []byte("data")
	for _, tt := range []struct {
		name     string
		status   int
		failures int
		header   http.Header
		code     Code
		attempts int
		pauses   []time.Duration
	}{
		{"503 twice", 503, 2, nil, "", 3, []time.Duration{firstPause, 2 * firstPause}},
		{"500 for ever", 500, 99, nil, Status, maxAttempts, []time.Duration{firstPause, 2 * firstPause, 4 * firstPause}},
		{"429 with seconds", 429, 1, http.Header{"Retry-After": {"7"}}, "", 2, []time.Duration{7 * time.Second}},
		{"429 with very many seconds", 429, 1, http.Header{"Retry-After": {"86400"}}, "", 2, []time.Duration{longestPause}},
		{"429 with more than fits", 429, 1, http.Header{"Retry-After": {"99999999999999999999"}}, "", 2, []time.Duration{firstPause}},
		{"503 with a date", 503, 1, http.Header{
			"Date": {"Mon, 02 Nov 2026 10:00:00 GMT"}, "Retry-After": {"Mon, 02 Nov 2026 10:00:09 GMT"},
		}, "", 2, []time.Duration{9 * time.Second}},
		{"503 with a past date", 503, 1, http.Header{
			"Date": {"Mon, 02 Nov 2026 10:00:00 GMT"}, "Retry-After": {"Mon, 02 Nov 2020 10:00:09 GMT"},
		}, "", 2, []time.Duration{firstPause}},
		{"404", 404, 99, nil, NotFound, 1, nil},
		{"410", 410, 99, nil, NotFound, 1, nil},
		{"403", 403, 99, nil, Status, 1, nil},
		{"401", 401, 99, nil, Status, 1, nil},
		{"204", 204, 99, nil, Status, 1, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var n atomic.Int32
			url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				if int(n.Add(1)) > tt.failures {
					w.Write(data)
					return
				}
				for k, v := range tt.header {
					w.Header()[k] = v
				}
				w.WriteHeader(tt.status)
			})
			w := newWorld(t, nil)
			o, recs := w.get(t, Request{Locations: []string{url}, Digest: pin512(data)})
			if o.Code != tt.code || recs[0].Attempts != tt.attempts || fmt.Sprint(w.pauses) != fmt.Sprint(tt.pauses) {
				t.Errorf("code %q after %d attempts and pauses %v; want %q, %d, %v",
					o.Code, recs[0].Attempts, w.pauses, tt.code, tt.attempts, tt.pauses)
			}
		})
	}
}

func TestNoServer(t *testing.T) {
	w := newWorld(t, nil)
	o, recs := w.get(t, Request{Locations: []string{"http://127.0.0.1:1/x"}, Digest: pin512(nil)})
	w.wantCode(t, o, recs, Missing, Transport)
	if recs[0].Attempts != maxAttempts {
		t.Errorf("tried %d times", recs[0].Attempts)
	}
	o, recs = w.get(t, Request{Locations: []string{"https://no-such-host.example.com/x"}, Digest: pin512(nil)})
	w.wantCode(t, o, recs, Missing, Transport)
	if recs[0].Attempts != 1 {
		t.Errorf("a name that does not exist was tried %d times", recs[0].Attempts)
	}
}

func TestCancel(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("enough")
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Write([]byte("x"))
		w.(http.Flusher).Flush()
		cancel(why)
		<-r.Context().Done()
	})
	w := newWorld(t, nil)
	_, _, err := w.Get(ctx, Request{Locations: []string{url, url}, Digest: pin512(nil)}, nil)
	if !errors.Is(err, why) {
		t.Errorf("error %v, want the context's", err)
	}
}

func TestNoDecompression(t *testing.T) {
	var asked atomic.Value
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked.Store(r.Header.Get("Accept-Encoding"))
		w.Header().Set("Content-Encoding", "gzip")
		io.WriteString(w, "not gzip at all")
	})
	w := newWorld(t, nil)
	o, recs := w.get(t, Request{Locations: []string{url}, Digest: pin512([]byte("not gzip at all"))})
	w.wantObtained(t, o, recs)
	if asked.Load() != "identity" {
		t.Errorf("asked for %q", asked.Load())
	}
}

func TestProgress(t *testing.T) {
	data := content(3 << 20)
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", strconv.Itoa(len(data)))
		w.Write(data)
	})
	var last engine.Event
	n := 0
	w := newWorld(t, nil)
	_, _, err := w.Get(t.Context(), Request{Locations: []string{url}, Digest: pin512(data)}, func(e Event) {
		n++
		last = e
	})
	if err != nil {
		t.Fatal(err)
	}
	if n < 3 || last.Phase != engine.Progress || last.Bytes != int64(len(data)) || last.Total != int64(len(data)) {
		t.Errorf("%d events, the last %+v", n, last)
	}
}

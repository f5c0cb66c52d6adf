package fetch

import (
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/proffer-audit/proffer/audit/evidence"
	"github.com/proffer-audit/proffer/reports"
)

// world is a client among fakes: no sleep, no proxy, private addresses allowed.
type world struct {
	*Client
	store  *evidence.Memory
	mu     sync.Mutex
	pauses []time.Duration
}

func newWorld(t testing.TB, change func(*Options, *hooks)) *world {
	t.Helper()
	w := &world{store: evidence.NewMemory()}
	opt := Options{Store: w.store, Scratch: t.TempDir(), AllowPrivate: true}
	h := hooks{
		sleep: func(ctx context.Context, d time.Duration) error {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.pauses = append(w.pauses, d)
			return ctx.Err()
		},
		resolver: stubResolver(t, func(string) netip.Addr { return netip.Addr{} }),
		stall:    stall,
		proxy:    func(*url.URL) (*url.URL, error) { return nil, nil },
	}
	if change != nil {
		change(&opt, &h)
	}
	c, err := newClient(opt, h)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	w.Client = c
	return w
}

func (w *world) get(t testing.TB, req Request) (Observation, []reports.Fetch) {
	t.Helper()
	o, recs, err := w.Get(t.Context(), req, nil)
	if err != nil {
		t.Fatal(err)
	}
	return o, recs
}

// wantObtained checks the outcome, and that pure verification agrees with it.
func (w *world) wantObtained(t testing.TB, o Observation, recs []reports.Fetch) {
	t.Helper()
	if o.Outcome != Obtained {
		t.Fatalf("outcome %q, code %q; transfers %s", o.Outcome, o.Code, errorsOf(recs))
	}
	if err := VerifyPin(w.store, o, o.Pin); err != nil {
		t.Fatalf("VerifyPin: %v", err)
	}
}

func (w *world) wantCode(t testing.TB, o Observation, recs []reports.Fetch, outcome Outcome, code Code) {
	t.Helper()
	if o.Outcome != outcome || o.Code != code {
		t.Fatalf("outcome %q, code %q, want %q and %q; transfers %s", o.Outcome, o.Code, outcome, code, errorsOf(recs))
	}
	if err := VerifyPin(w.store, o, o.Pin); err == nil {
		t.Fatal("VerifyPin is content with it")
	}
}

func errorsOf(recs []reports.Fetch) string {
	var b strings.Builder
	for _, r := range recs {
		b.WriteString("\n  " + r.URL.String() + ": " + r.Error.String())
	}
	return b.String()
}

func serve(t testing.TB, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

func pin256(data []byte) string {
	sum := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(sum[:])
}

func pin512(data []byte) string {
	sum := sha512.Sum512(data)
	return "sha512:" + hex.EncodeToString(sum[:])
}

// stubResolver answers every name with what answer gives; an invalid address is
// "no such host". It is a real name server on loopback.
func stubResolver(t testing.TB, answer func(name string) netip.Addr) *net.Resolver {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	go func() {
		buf := make([]byte, 1500)
		for {
			n, from, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			if reply := stubAnswer(buf[:n], answer); reply != nil {
				if _, err := conn.WriteTo(reply, from); err != nil {
					return
				}
			}
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
}

func stubAnswer(query []byte, answer func(string) netip.Addr) []byte {
	var m dnsmessage.Message
	if m.Unpack(query) != nil || len(m.Questions) != 1 {
		return nil
	}
	q := m.Questions[0]
	m.Response, m.Additionals = true, nil
	a := answer(strings.TrimSuffix(q.Name.String(), "."))
	switch {
	case !a.IsValid():
		m.RCode = dnsmessage.RCodeNameError
	case q.Type == dnsmessage.TypeA && a.Is4():
		m.Answers = []dnsmessage.Resource{{
			Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class, TTL: 1},
			Body:   &dnsmessage.AResource{A: a.As4()},
		}}
	}
	reply, err := m.Pack()
	if err != nil {
		return nil
	}
	return reply
}

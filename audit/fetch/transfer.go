package fetch

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/proffer-audit/proffer/reports"
	"github.com/proffer-audit/proffer/reports/safetext"
)

// stall is how long a transfer may stand still before it is broken off.
const stall = 60 * time.Second

// A wanted is one address to transfer, and how.
type wanted struct {
	url   string
	shown string // for records and progress
	auth  func(*url.URL) string
	max   int64
	// straight forbids to go on with what an earlier attempt left behind.
	straight bool
}

// download transfers an address to disk, going on where it or an earlier run
// was interrupted. The caller drops what it returns.
func (j *job) download(ctx context.Context, w wanted, rec *reports.Fetch) (*staged, error) {
	unlock := j.c.lock(w.url + "\n" + j.pin.String())
	p, err := openPartial(j.c.opt.Scratch, w.url, j.pin.String())
	if err != nil {
		unlock()
		return nil, err
	}
	if w.straight {
		if err := p.restart(""); err != nil {
			unlock()
			return nil, errors.Join(err, p.drop())
		}
	}
	rec.Attempts, err = j.c.retry(ctx, func() (bool, error) { return j.attempt(ctx, w, p, rec) })
	rec.Size = p.size
	if err != nil {
		end := p.keep
		if CodeOf(err) == TooLarge {
			end = p.drop
		}
		err = errors.Join(err, end())
		unlock()
		return nil, err
	}
	s, err := stage(p.file, func() error { defer unlock(); return p.drop() })
	if err != nil {
		unlock()
		return nil, errors.Join(err, p.drop())
	}
	return s, nil
}

// attempt makes one request for all, or for what is still missing.
func (j *job) attempt(ctx context.Context, w wanted, p *partial, rec *reports.Fetch) (moved bool, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	header := http.Header{"Accept-Encoding": {"identity"}}
	tag := p.tag()
	if tag != "" {
		header.Set("Range", fmt.Sprintf("bytes=%d-", p.size))
		header.Set("If-Range", tag)
	}
	t := &trip{auth: w.auth}
	resp, err := j.c.send(ctx, w.url, header, t)
	if err != nil {
		return false, err
	}
	defer resp.Body.Close()
	rec.Peer, rec.FinalURL = t.where(), finalURL(w, resp)
	total, err := p.prepare(resp, tag)
	if err != nil {
		return false, err
	}
	if p.size > 0 {
		rec.Resumed = true
	}
	if total > w.max {
		return false, tooLarge(w.max)
	}
	before := p.size
	body := j.c.watch(resp.Body, cancel)
	defer body.timer.Stop()
	body.tell = func(n int64) { j.progress(w.shown, before+n, total) }
	_, err = p.append(body, w.max-p.size)
	return p.size > before, p.finished(ctx, err, total, w.max)
}

// prepare reads the answer's status and says how many bytes the whole will
// have, -1 if unknown. A 200 always starts anew, even to a request for a part.
func (p *partial) prepare(resp *http.Response, tag string) (total int64, err error) {
	switch {
	case resp.StatusCode == http.StatusOK:
		return resp.ContentLength, p.restart(resp.Header.Get("ETag"))
	case resp.StatusCode == http.StatusPartialContent && tag != "":
		total, ok := rangeFits(resp.Header, p.size, tag)
		if ok {
			return total, nil
		}
		return 0, p.abandon(refuse(BadRange, "", "the server answers another part than was asked for: %q",
			resp.Header.Get("Content-Range")))
	case resp.StatusCode == http.StatusRequestedRangeNotSatisfiable && tag != "":
		return 0, p.abandon(refuse(BadRange, "", "the server has no such part"))
	case resp.StatusCode == http.StatusPartialContent:
		return 0, refuse(BadRange, "", "the server answers a part when asked for the whole")
	}
	return 0, statusError(resp)
}

// abandon forgets the part that could not be gone on with, so that the next
// attempt asks for the whole.
func (p *partial) abandon(why *Error) error {
	if err := p.restart(""); err != nil {
		return err
	}
	return why.retry()
}

// rangeFits reports whether an answer is exactly the rest that was asked for,
// of the very content that the tag named.
func rangeFits(h http.Header, from int64, tag string) (total int64, ok bool) {
	if got := h.Get("ETag"); got != "" && got != tag {
		return 0, false
	}
	spec, ok := strings.CutPrefix(h.Get("Content-Range"), "bytes ")
	span, size, ok2 := strings.Cut(spec, "/")
	first, last, ok3 := strings.Cut(span, "-")
	if !ok || !ok2 || !ok3 {
		return 0, false
	}
	start, err1 := strconv.ParseInt(first, 10, 64)
	end, err2 := strconv.ParseInt(last, 10, 64)
	all, err3 := strconv.ParseInt(size, 10, 64)
	if errors.Join(err1, err2, err3) != nil || start != from || end != all-1 || end < start {
		return 0, false
	}
	return all, true
}

// finished judges how the body ended.
func (p *partial) finished(ctx context.Context, err error, total, limit int64) error {
	switch {
	case errors.Is(err, errOverLimit):
		return tooLarge(limit)
	case errors.Is(context.Cause(ctx), errStalled):
		return refuse(Transport, "", "no byte came for too long").retry()
	case err != nil && ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.Is(err, errDisk):
		return err
	case err != nil:
		return refuse(Transport, "", "the transfer broke off after %d bytes", p.size).because(err).retry()
	case total >= 0 && p.size != total:
		return refuse(Transport, "", "%d bytes came where %d were announced", p.size, total).retry()
	}
	return nil
}

func tooLarge(limit int64) *Error {
	return refuse(TooLarge, "", "more than the cap of %d bytes", limit)
}

var errStalled = errors.New("stalled")

// watched puts off the stall timer with every byte, and tells of progress.
type watched struct {
	r     io.Reader
	timer *time.Timer
	stall time.Duration
	tell  func(done int64)
	done  int64
	told  int64
}

// watch cancels a transfer that stands still. The caller stops the timer.
func (c *Client) watch(r io.Reader, cancel context.CancelCauseFunc) *watched {
	return &watched{r: r, stall: c.hooks.stall, timer: time.AfterFunc(c.hooks.stall, func() { cancel(errStalled) })}
}

func (w *watched) Read(b []byte) (int, error) {
	n, err := w.r.Read(b)
	w.timer.Reset(w.stall)
	w.done += int64(n)
	if w.tell != nil && (w.done-w.told >= 1<<20 || err != nil) {
		w.told = w.done
		w.tell(w.done)
	}
	return n, err
}

func finalURL(w wanted, resp *http.Response) safetext.Text {
	if final := shown(resp.Request.URL); final != w.shown {
		return safetext.Of(final)
	}
	return safetext.Text{}
}

// small transfers a document into memory.
func (j *job) small(ctx context.Context, w wanted) ([]byte, error) {
	rec := j.begin(w.shown)
	var data []byte
	var err error
	rec.Attempts, err = j.c.retry(ctx, func() (bool, error) {
		data, err = j.once(ctx, w, rec)
		return false, err
	})
	rec.Size = int64(len(data))
	return data, ended(rec, err)
}

func (j *job) once(ctx context.Context, w wanted, rec *reports.Fetch) ([]byte, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	t := &trip{auth: w.auth}
	resp, err := j.c.send(ctx, w.url, http.Header{"Accept-Encoding": {"identity"}}, t)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	rec.Peer, rec.FinalURL = t.where(), finalURL(w, resp)
	if resp.StatusCode != http.StatusOK {
		return nil, statusError(resp)
	}
	body := j.c.watch(resp.Body, cancel)
	defer body.timer.Stop()
	var buf bytes.Buffer
	n, err := buf.ReadFrom(io.LimitReader(body, w.max+1))
	if n > w.max {
		return nil, tooLarge(w.max)
	}
	p := partial{size: n}
	return buf.Bytes(), p.finished(ctx, err, resp.ContentLength, w.max)
}

// ended closes the record of a transfer and passes its error on.
func ended(rec *reports.Fetch, err error) error {
	if err != nil {
		rec.Error = safetext.Of(err.Error())
	}
	return err
}

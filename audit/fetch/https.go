package fetch

import (
	"context"
	"errors"
	"net/url"
	"strings"
)

// location makes a place of what a manifest names. What cannot be used is
// recorded like a transfer that failed, and the next place is tried.
func (j *job) location(location string) place {
	scheme, _, _ := strings.Cut(location, ":")
	switch scheme {
	case "file":
		return func(ctx context.Context) error { return j.local(ctx, location) }
	case "https", "http":
		return func(ctx context.Context) error { return j.web(ctx, location) }
	default:
		return func(context.Context) error {
			return j.skip(location, refuse(NotAvailable, "", "places of this kind (%.20q) are not read by this version", scheme).
				hint("use https:, or file: relative to the manifest"))
		}
	}
}

// web is a place on the web that a manifest names.
func (j *job) web(ctx context.Context, location string) error {
	u, err := url.Parse(location)
	if err != nil {
		return j.skip("https location", refuse(BadLocation, "", "the location is no address"))
	}
	u.Fragment, u.RawFragment = "", ""
	if err := checkURL(u, j.c.opt.AllowPrivate); err != nil {
		if own, ok := errors.AsType[*Error](err); ok {
			return j.skip(shown(u), own)
		}
		return err
	}
	return j.take(ctx, wanted{url: u.String(), shown: shown(u), max: j.max}, MediaBytes)
}

// take downloads an address and holds it against the pin. Where the wrong bytes
// came out of a resumed transfer, the part that was there may have been at
// fault: they are fetched once more from the first byte.
func (j *job) take(ctx context.Context, w wanted, media string) error {
	if j.c.opt.Offline {
		return j.skip(w.shown, refuse(Offline, "", "not fetched: offline"))
	}
	for {
		rec := j.begin(w.shown)
		s, err := j.download(ctx, w, rec)
		if err != nil {
			return ended(rec, err)
		}
		again := rec.Resumed && !w.straight
		err = j.accept(s, media, !again)
		if dropped := s.drop(); dropped != nil {
			return ended(rec, dropped)
		}
		if CodeOf(ended(rec, err)) != Mismatch || !again {
			return err
		}
		w.straight = true
	}
}

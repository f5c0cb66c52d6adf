package fetch

import (
	"context"

	"github.com/proffer-audit/proffer/audit/evidence"
	"github.com/proffer-audit/proffer/reports"
)

// Snapshot fetches what an address of the reviewer's own choosing serves now,
// such as an archive of advisories, and keeps it. There is no pin: what came is
// named by its digest, and the caller records that. The error is an *Error when
// the address gave nothing.
func (c *Client) Snapshot(ctx context.Context, address string, limit int64, note Note) (evidence.Descriptor, []reports.Fetch, error) {
	j := &job{c: c, note: note, max: min(limit, c.opt.MaxBytes), discover: true}
	j.pin.Algorithm = SHA256
	if err := j.location(address)(ctx); err != nil {
		return evidence.Descriptor{}, j.transfers(), err
	}
	return *j.obs.Blob, j.transfers(), nil
}

package fetch

import (
	"context"
	"encoding/json"

	"github.com/proffer-audit/proffer/attest/strictjson"
	"github.com/proffer-audit/proffer/reports"
	"github.com/proffer-audit/proffer/reports/safetext"
)

// An Origin is where a proxy says that a module came from. Nothing proves it.
type Origin struct {
	VCS  safetext.Text
	URL  safetext.Text
	Hash safetext.Text // commit
	Ref  safetext.Text
}

// A Discovery is what a registry serves now under a name: the pins that a
// manifest would need. It is a proposal to a person and audits nothing.
type Discovery struct {
	Observation Observation // Pin is what was found
	GoModPin    string      // h1: of go.mod, for a Go module
	Size        int64       // bytes
	Origin      *Origin     // for a Go module, if the proxy says
}

// Discover fetches without a pin and returns the pins: h1: for a Go module,
// sha512: for an npm package. The registries are those of Get. Where nothing was
// obtained, the observation says why; errors are those of Get.
func (c *Client) Discover(ctx context.Context, purl string, note Note) (Discovery, []reports.Fetch, error) {
	j := &job{c: c, note: note, max: c.opt.MaxBytes, discover: true, obs: Observation{PURL: purl}}
	if err := j.identify(purl); err != nil {
		return Discovery{}, nil, err
	}
	j.pin.Algorithm = SHA512
	if j.mod.Path != "" {
		j.pin.Algorithm = H1
	}
	if err := j.tryPlaces(ctx); err != nil {
		return Discovery{}, j.transfers(), err
	}
	if err := j.companions(ctx); err != nil {
		return Discovery{}, j.transfers(), err
	}
	d, err := j.discovery()
	return d, j.transfers(), err
}

func (j *job) discovery() (Discovery, error) {
	d := Discovery{Observation: j.obs}
	if j.obs.Blob != nil {
		d.Size = j.obs.Blob.Size
	}
	if j.obs.Mod != nil {
		data, err := j.c.opt.Store.Read(j.obs.Mod.Digest, maxMod)
		if err != nil {
			return Discovery{}, err
		}
		if d.GoModPin, err = hashGoMod(data); err != nil {
			return Discovery{}, err
		}
	}
	if j.obs.Info != nil {
		data, err := j.c.opt.Store.Read(j.obs.Info.Digest, maxInfo)
		if err != nil {
			return Discovery{}, err
		}
		d.Origin = ParseOrigin(data)
	}
	return d, nil
}

// ParseOrigin reads the origin from a module's .info, nil if it names none or
// does not read.
func ParseOrigin(info []byte) *Origin {
	var doc struct{ Origin json.RawMessage }
	var origin struct{ VCS, URL, Hash, Ref string }
	lim := strictjson.Limits{Bytes: maxInfo, Depth: 8, AllowUnknown: true}
	if strictjson.Unmarshal(info, &doc, lim) != nil || doc.Origin == nil ||
		strictjson.Unmarshal(doc.Origin, &origin, lim) != nil || origin.URL == "" {
		return nil
	}
	return &Origin{
		VCS: safetext.Of(origin.VCS), URL: safetext.Of(origin.URL),
		Hash: safetext.Of(origin.Hash), Ref: safetext.Of(origin.Ref),
	}
}

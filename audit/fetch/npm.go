package fetch

import (
	"context"
	"errors"
	"net/url"
	"strings"

	"github.com/proffer-audit/proffer/attest/strictjson"
	"github.com/proffer-audit/proffer/audit/evidence"
)

// Caps of a registry's documents, in bytes.
const (
	maxVersionDoc   = 8 << 20
	maxAttestations = 16 << 20
)

// A versionDoc is the part of a registry's document about one version that
// matters here.
type versionDoc struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	Dist    struct {
		Tarball      string `json:"tarball"`
		Integrity    string `json:"integrity"`
		Attestations *struct {
			URL string `json:"url"`
		} `json:"attestations"`
	} `json:"dist"`
}

// npmTarball takes a package from the registry that npm's configuration names.
func (j *job) npmTarball(ctx context.Context) error {
	label := "npm registry, " + j.pkg.name + "@" + j.pkg.version
	if j.c.opt.Offline {
		return j.skip(label, refuse(Offline, "", "not fetched: offline"))
	}
	n, err := j.c.npmConfig()
	if err != nil {
		return j.configError(label, err)
	}
	registry, err := n.registry(j.pkg.name)
	if err != nil {
		return j.configError(label, err)
	}
	doc, err := j.versionDoc(ctx, n, registry)
	if err != nil {
		return err
	}
	j.obs.Integrity = doc.Dist.Integrity
	if err := j.checkIntegrity(doc); err != nil {
		return j.skip(label, err)
	}
	if err := j.takeTarball(ctx, n, registry, doc); err != nil {
		return err
	}
	if err := j.confirmIntegrity(doc); err != nil {
		return err
	}
	return j.attestations(ctx, n, doc)
}

// configError records that the reviewer's own settings do not read.
func (j *job) configError(label string, err error) error {
	if own, ok := errors.AsType[*Error](err); ok {
		return j.skip(label, own)
	}
	return err
}

func (j *job) versionDoc(ctx context.Context, n *NPMConfig, registry *url.URL) (*versionDoc, error) {
	p := goProxy{url: registry}
	u := p.join(j.pkg.name)
	// npm writes the slash of a scope as %2f, and registries expect that.
	u.RawPath = strings.TrimSuffix(registry.EscapedPath(), "/") + "/" +
		strings.ReplaceAll(j.pkg.name, "/", "%2f") + "/" + url.PathEscape(j.pkg.version)
	u.Path = strings.TrimSuffix(registry.Path, "/") + "/" + j.pkg.name + "/" + j.pkg.version
	data, err := j.small(ctx, wanted{url: u.String(), shown: shown(u), auth: n.auth, max: maxVersionDoc})
	if err != nil {
		return nil, err
	}
	var doc versionDoc
	err = strictjson.Unmarshal(data, &doc, strictjson.Limits{Bytes: maxVersionDoc, AllowUnknown: true})
	if err != nil {
		return nil, j.skip(shown(u), refuse(BadDocument, "", "the registry's document does not read").because(err))
	}
	if doc.Name != j.pkg.name || doc.Version != j.pkg.version || doc.Dist.Tarball == "" {
		return nil, j.skip(shown(u), refuse(BadDocument, "", "the registry's document is about %.100q@%.100q, or names no tarball", doc.Name, doc.Version))
	}
	return &doc, nil
}

// stated is the sha512 that the registry states, if it states one.
func (d *versionDoc) stated() (Pin, bool) {
	for option := range strings.FieldsSeq(d.Dist.Integrity) {
		if p, err := ParsePin(option); err == nil && p.Algorithm == SHA512 {
			return p, true
		}
	}
	return Pin{}, false
}

// checkIntegrity holds what the registry states against the pin, before
// anything is fetched.
func (j *job) checkIntegrity(doc *versionDoc) *Error {
	stated, ok := doc.stated()
	if !ok || j.discover || j.pin.Algorithm != SHA512 || stated == j.pin {
		return nil
	}
	if j.obs.Observed == "" {
		j.obs.Observed = stated.String()
	}
	return refuse(Mismatch, "", "the registry states %s, pinned is %s", stated, j.pin)
}

// confirmIntegrity does the same after the transfer, where there was no pin of
// that kind to compare before it.
func (j *job) confirmIntegrity(doc *versionDoc) error {
	stated, ok := doc.stated()
	if !ok {
		return nil
	}
	got, _, err := hashBlob(j.c.opt.Store, j.obs.Blob.Digest, SHA512)
	if err != nil || got == stated {
		return err
	}
	j.obs.Observed = got.String()
	return j.skip("npm registry, "+j.pkg.name, refuse(Mismatch, "", "the registry states %s, its content has %s", stated, got))
}

// takeTarball asks for the tarball where the registry says it is. A mirror may
// hand on the address of another registry: then its own usual one goes first.
func (j *job) takeTarball(ctx context.Context, n *NPMConfig, registry *url.URL, doc *versionDoc) error {
	_, base, scoped := strings.Cut(j.pkg.name, "/")
	if !scoped {
		base = j.pkg.name
	}
	usual := goProxy{url: registry}.join(j.pkg.name + "/-/" + base + "-" + j.pkg.version + ".tgz")
	stated, err := url.Parse(doc.Dist.Tarball)
	if err != nil {
		return j.skip("npm registry, "+j.pkg.name, refuse(BadDocument, "", "the tarball's address is not one"))
	}
	stated.Fragment, stated.RawFragment = "", ""
	order := []*url.URL{stated}
	if stated.Host != registry.Host {
		order = []*url.URL{usual, stated}
	}
	for _, u := range order {
		err = j.take(ctx, wanted{url: u.String(), shown: shown(u), auth: n.auth, max: j.max}, MediaBytes)
		if err == nil || ctx.Err() != nil {
			return err
		}
	}
	return err
}

// attestations keeps what the registry serves beside the package. That it
// serves none is not that there are none.
func (j *job) attestations(ctx context.Context, n *NPMConfig, doc *versionDoc) error {
	if doc.Dist.Attestations == nil || doc.Dist.Attestations.URL == "" {
		j.obs.AttestationsCode = NotAvailable
		return nil
	}
	u, err := url.Parse(doc.Dist.Attestations.URL)
	if err != nil {
		j.obs.AttestationsCode = BadDocument
		return nil
	}
	data, err := j.small(ctx, wanted{url: u.String(), shown: shown(u), auth: n.auth, max: maxAttestations})
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		j.obs.AttestationsCode = CodeOf(err)
		return nil
	}
	var kept *evidence.Descriptor
	if kept, err = j.c.keepBytes("attestations", MediaJSON, data); err != nil {
		return err
	}
	j.obs.Attestations = kept
	return nil
}

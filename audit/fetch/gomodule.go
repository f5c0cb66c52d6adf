package fetch

import (
	"context"
	"errors"

	"golang.org/x/mod/module"

	"github.com/proffer-audit/proffer/audit/evidence"
)

// Caps of what stands beside a module zip, in bytes.
const (
	maxInfo = 1 << 20
	maxMod  = 16 << 20 // the go command's own
)

// moduleFile is the path of a module's file below a proxy.
func moduleFile(m module.Version, ext string) (string, error) {
	p, err := module.EscapePath(m.Path)
	if err != nil {
		return "", refuse(BadPURL, m.Path, "not a module path").because(err)
	}
	v, err := module.EscapeVersion(m.Version)
	if err != nil {
		return "", refuse(BadPURL, m.Path+"@"+m.Version, "not a module version").because(err)
	}
	return p + "/@v/" + v + ext, nil
}

// moduleZip takes the zip of a module from the reviewer's module proxies.
func (j *job) moduleZip(ctx context.Context) error {
	rel, err := moduleFile(j.mod, ".zip")
	if err != nil {
		return err
	}
	return j.fromProxies(j.mod, rel, func(p goProxy) error { return j.takeProxy(ctx, p, rel) })
}

// moduleText reads .mod or .info of a module.
func (j *job) moduleText(ctx context.Context, m module.Version, ext string, limit int64) ([]byte, error) {
	rel, err := moduleFile(m, ext)
	if err != nil {
		return nil, err
	}
	var data []byte
	err = j.fromProxies(m, rel, func(p goProxy) error {
		var err error
		data, err = j.readProxy(ctx, p, rel, limit)
		return err
	})
	return data, err
}

// companions adds to a Go module that was obtained what belongs to its
// identity: go.mod, the proxy's word on the origin, the database's proof. Only
// a store that fails or a context that ends is an error.
func (j *job) companions(ctx context.Context) error {
	if j.mod.Path == "" || j.obs.Outcome != Obtained {
		return nil
	}
	var err error
	if j.obs.Mod, err = j.companion(ctx, ".mod", "mod", MediaText, maxMod); err != nil {
		return err
	}
	if j.obs.Info, err = j.companion(ctx, ".info", "info", MediaJSON, maxInfo); err != nil {
		return err
	}
	return j.prove(ctx)
}

// companion keeps a file beside the zip. One that cannot be had is left out:
// the transfers say why.
func (j *job) companion(ctx context.Context, ext, name, media string, limit int64) (*evidence.Descriptor, error) {
	data, err := j.moduleText(ctx, j.mod, ext, limit)
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if _, own := errors.AsType[*Error](err); own {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return j.c.keepBytes(name, media, data)
}

// prove asks the checksum database about the module of this job.
func (j *job) prove(ctx context.Context) error {
	p, err := j.ask(ctx, []module.Version{j.mod})
	if err != nil {
		return err
	}
	if f, failed := p.failed[j.mod]; failed {
		j.obs.ProofCode, j.obs.ProofDetail = f.code, f.shown()
		return nil
	}
	j.obs.Proof, err = j.c.keepProof(p.doc)
	return err
}

// keepProof keeps a proof in its one spelling.
func (c *Client) keepProof(doc *proofDoc) (*evidence.Descriptor, error) {
	data, err := doc.marshal()
	if err != nil {
		return nil, err
	}
	return c.keepBytes("proof", MediaProof, data)
}

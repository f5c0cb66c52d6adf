package audit

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/proffer-audit/proffer/attest"
	"github.com/proffer-audit/proffer/attest/statement"
	"github.com/proffer-audit/proffer/attest/trust"
	"github.com/proffer-audit/proffer/audit/evidence"
	"github.com/proffer-audit/proffer/reports"
	"github.com/proffer-audit/proffer/reports/html"
	"github.com/proffer-audit/proffer/reports/sarif"
)

// Payload types of what is signed.
const (
	payloadStatement = statement.PayloadType
	payloadRun       = "application/vnd.proffer.run.v1+json"
)

// Names of the renderings in a dossier.
const (
	nameHTML  = "report.html"
	nameSARIF = "findings.sarif"
)

// Sealed is a signed audit: every blob of its dossier is in the store.
type Sealed struct {
	Contents  evidence.Contents
	Statement []byte // the report as an in-toto statement, canonical
	Bundle    []byte // its signature
	Run       []byte // the run record, canonical
	Signer    []byte // the public key that signed, PEM
	HTML      []byte
	SARIF     []byte
}

// A Signer signs what an audit made: attest/sign has them.
type Signer interface {
	// Statement gives the bundle of an in-toto statement, for any reader.
	Statement(ctx context.Context, payload []byte) ([]byte, error)
	// Key is the key that made it. Where an identity signs, it is a key that the
	// certificate in the bundle names, and that is gone when the signer is.
	Key() *trust.Key
}

// Seal signs the report and the run record of an audit with one key and renders
// the report. The run record says nothing to a reader without the report, so it
// is signed with the bare key, whoever signs. Everything that Seal makes is put
// into the store.
func Seal(ctx context.Context, store evidence.ReadWriter, a *Audit, run reports.Run, signer Signer) (*Sealed, error) {
	key := signer.Key()
	s := &Sealed{Statement: a.Statement, Signer: key.PublicPEM()}
	run.Report = string(evidence.Of(a.Statement))
	var err error
	if s.Run, err = statement.Canonical(run); err != nil {
		return nil, fmt.Errorf("write the run record: %w", err)
	}
	if s.Bundle, err = signer.Statement(ctx, s.Statement); err != nil {
		return nil, fmt.Errorf("sign the report: %w", err)
	}
	runBundle, err := attest.Sign(ctx, key, payloadRun, s.Run)
	if err != nil {
		return nil, fmt.Errorf("sign the run record: %w", err)
	}
	renderings, err := render(a.Report, run, html.Digests{
		Report: string(evidence.Of(s.Statement)), Bundle: string(evidence.Of(s.Bundle)),
		Run: string(evidence.Of(s.Run)), Signer: string(evidence.Of(s.Signer)),
	})
	if err != nil {
		return nil, err
	}
	s.HTML, s.SARIF = renderings[nameHTML], renderings[nameSARIF]
	s.Contents.Evidence = a.Evidence
	return s, s.keep(store, runBundle, renderings)
}

// keep puts what was made into the store and names it for the dossier.
func (s *Sealed) keep(store evidence.Writer, runBundle []byte, renderings map[string][]byte) (err error) {
	for _, part := range []struct {
		name, media string
		data        []byte
		into        *evidence.Descriptor
	}{
		{evidence.ReportName, payloadStatement, s.Statement, &s.Contents.Report},
		{evidence.BundleName, mediaBundle, s.Bundle, &s.Contents.Bundle},
		{evidence.RunName, mediaJSON, s.Run, &s.Contents.Run},
		{evidence.RunBundleName, mediaBundle, runBundle, &s.Contents.RunBundle},
		{evidence.SignerName, mediaPEM, s.Signer, &s.Contents.Signer},
	} {
		if *part.into, err = putBytes(store, part.name, part.media, part.data); err != nil {
			return err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(renderings)) {
		d, err := putBytes(store, name, mediaOf(name), renderings[name])
		if err != nil {
			return err
		}
		s.Contents.Renderings = append(s.Contents.Renderings, d)
	}
	return nil
}

// Write writes the dossier and returns its digest.
func (s *Sealed) Write(w io.Writer, store evidence.Reader) (evidence.Digest, error) {
	return evidence.WriteDossier(w, store, s.Contents)
}

// render makes every rendering of a report; they are pure functions of it, of the
// run record and of the digests of what is signed.
func render(r reports.Report, run reports.Run, digests html.Digests) (map[string][]byte, error) {
	page, err := html.Render(r, &run, digests)
	if err != nil {
		return nil, fmt.Errorf("render the report as HTML: %w", err)
	}
	list, err := sarif.Render(r)
	if err != nil {
		return nil, fmt.Errorf("render the findings as SARIF: %w", err)
	}
	return map[string][]byte{nameHTML: page, nameSARIF: list}, nil
}

func mediaOf(rendering string) string {
	if rendering == nameHTML {
		return "text/html"
	}
	return "application/sarif+json"
}

// The media types of what is signed and of keys.
const (
	mediaBundle = "application/vnd.dev.sigstore.bundle.v0.3+json"
	mediaPEM    = "application/x-pem-file"
)

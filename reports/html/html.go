package html

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"

	"github.com/proffer-audit/proffer/reports"
	"github.com/proffer-audit/proffer/reports/internal/plain"
)

//go:embed page.tmpl
var pageSource string

//go:embed style.css
var style string

// Digests name the documents that the page was made from; an empty one is left
// out of the page. The dossier's digest is not among them: the dossier holds
// the page.
type Digests struct {
	Report string `json:"report"` // of report.json, the signed statement
	Bundle string `json:"bundle"` // of report.sigstore.json
	Run    string `json:"run"`    // of run.json
	Signer string `json:"signer"` // of signer.pub
}

// Render writes the page of a report. run may be nil; the page then says that
// there is no record of the run. The same input gives the same bytes.
func Render(report reports.Report, run *reports.Run, digests Digests) ([]byte, error) {
	r, err := plain.Copy(report)
	if err != nil {
		return nil, fmt.Errorf("render page: %w", err)
	}
	cleanRun, err := plain.Copy(run)
	if err != nil {
		return nil, fmt.Errorf("render page: %w", err)
	}
	d, err := plain.Copy(digests)
	if err != nil {
		return nil, fmt.Errorf("render page: %w", err)
	}
	page, err := template.New("page").Funcs(functions()).Parse(pageSource)
	if err != nil {
		return nil, fmt.Errorf("read page template: %w", err)
	}
	var buf bytes.Buffer
	if err := page.Execute(&buf, newView(r, cleanRun, d)); err != nil {
		return nil, fmt.Errorf("render page: %w", err)
	}
	return buf.Bytes(), nil
}

// policy is the page's content security policy: nothing but the one style.
func policy() string {
	sum := sha256.Sum256([]byte(style))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'"
}

package evidence

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/gowebpki/jcs"
)

// The types that a dossier declares.
const (
	EvidenceType = "application/vnd.proffer.evidence.v1" // artifactType of the evidence manifest
	DossierType  = "application/vnd.proffer.dossier.v1"  // artifactType of the dossier manifest

	manifestType = "application/vnd.oci.image.manifest.v1+json"
	indexType    = "application/vnd.oci.image.index.v1+json"
	emptyType    = "application/vnd.oci.empty.v1+json"
	titleKey     = "org.opencontainers.image.title"
	refKey       = "org.opencontainers.image.ref.name"
)

// The limits of a dossier. Registries refuse manifests above 4 MiB.
const (
	MaxEntries         = 15_000    // entries, of both manifests together
	maxManifest        = 4 << 20   // bytes
	maxIndex           = 4 << 10   // bytes: it lists two manifests
	maxName            = 1024      // bytes
	maxMediaType       = 255       // bytes
	maxBlob      int64 = 1<<33 - 1 // bytes: what the size field of a ustar header holds
)

// The names of the entries that a dossier manifest has apart from renderings.
const (
	ReportName    = "report.json"
	BundleName    = "report.sigstore.json"
	RunName       = "run.json"
	RunBundleName = "run.sigstore.json"
	SignerName    = "signer.pub"
)

// Contents is what a dossier holds. Evidence and Renderings have names of their
// own; those of the others are fixed (ReportName and so on), and whatever stands
// in their Name is ignored. Only Report must be there: one without a Digest is
// left out, so that an unsigned dossier can be written and refused.
type Contents struct {
	Evidence   []Descriptor
	Report     Descriptor // the in-toto statement
	Bundle     Descriptor // its signature
	Run        Descriptor // the run record
	RunBundle  Descriptor // its signature
	Signer     Descriptor // the public key, PEM
	Renderings []Descriptor
}

// role is one of the fixed entries.
type role struct {
	name  string
	entry *Descriptor
}

// roles are the fixed entries in the order in which the manifest has them.
func (c *Contents) roles() []role {
	return []role{
		{ReportName, &c.Report},
		{BundleName, &c.Bundle},
		{RunName, &c.Run},
		{RunBundleName, &c.RunBundle},
		{SignerName, &c.Signer},
	}
}

// entries are the layers of the dossier manifest, named and in order.
func (c Contents) entries() []Descriptor {
	var list []Descriptor
	for _, r := range c.roles() {
		if r.entry.Digest != "" {
			e := *r.entry
			e.Name = r.name
			list = append(list, e)
		}
	}
	return append(list, byName(c.Renderings)...)
}

// fromEntries is the inverse of entries.
func fromEntries(list []Descriptor) Contents {
	var c Contents
	roles := c.roles()
	for _, e := range list {
		if i := slices.IndexFunc(roles, func(r role) bool { return r.name == e.Name }); i >= 0 {
			*roles[i].entry = e
		} else {
			c.Renderings = append(c.Renderings, e)
		}
	}
	return c
}

// The OCI documents, as far as a dossier uses them.
type (
	ociDescriptor struct {
		MediaType    string            `json:"mediaType"`
		ArtifactType string            `json:"artifactType,omitempty"`
		Digest       Digest            `json:"digest"`
		Size         int64             `json:"size"`
		Annotations  map[string]string `json:"annotations,omitempty"`
	}
	ociManifest struct {
		SchemaVersion int             `json:"schemaVersion"`
		MediaType     string          `json:"mediaType"`
		ArtifactType  string          `json:"artifactType"`
		Config        ociDescriptor   `json:"config"`
		Layers        []ociDescriptor `json:"layers"`
		Subject       *ociDescriptor  `json:"subject,omitempty"`
	}
	ociIndex struct {
		SchemaVersion int             `json:"schemaVersion"`
		MediaType     string          `json:"mediaType"`
		Manifests     []ociDescriptor `json:"manifests"`
	}
	ociLayout struct {
		Version string `json:"imageLayoutVersion"`
	}
)

// emptyConfig is the content of the OCI empty descriptor.
const emptyConfig = "{}"

// EvidenceManifest is the OCI manifest that lists the evidence, sorted by name:
// its canonical bytes and their digest. A report cites that digest.
func EvidenceManifest(evidence []Descriptor) ([]byte, Digest, error) {
	list := byName(evidence)
	if err := checkEntries(list); err != nil {
		return nil, "", err
	}
	return manifest(EvidenceType, list, nil)
}

// dossierManifest is the OCI manifest of report and signatures over evidence.
func dossierManifest(c Contents, subject ociDescriptor) ([]byte, Digest, error) {
	list := c.entries()
	if c.Report.Digest == "" {
		return nil, "", &ContentsError{BadEntry, ReportName, "there is no report"}
	}
	for _, e := range c.Renderings {
		if slices.ContainsFunc(c.roles(), func(r role) bool { return r.name == e.Name }) {
			return nil, "", &ContentsError{Duplicate, e.Name, "a rendering cannot have this name: it says what the entry is"}
		}
	}
	if err := checkEntries(list); err != nil {
		return nil, "", err
	}
	return manifest(DossierType, list, &subject)
}

func manifest(artifact string, list []Descriptor, subject *ociDescriptor) ([]byte, Digest, error) {
	m := ociManifest{
		SchemaVersion: 2,
		MediaType:     manifestType,
		ArtifactType:  artifact,
		Config:        ociDescriptor{MediaType: emptyType, Digest: Of([]byte(emptyConfig)), Size: int64(len(emptyConfig))},
		Layers:        make([]ociDescriptor, len(list)),
		Subject:       subject,
	}
	for i, e := range list {
		m.Layers[i] = ociDescriptor{
			MediaType: e.MediaType, Digest: e.Digest, Size: e.Size,
			Annotations: map[string]string{titleKey: e.Name},
		}
	}
	raw, err := canonical(m)
	if err != nil {
		return nil, "", err
	}
	if len(raw) > maxManifest {
		return nil, "", &ContentsError{TooLarge, "", fmt.Sprintf("a manifest of %d bytes, of at most %d", len(raw), maxManifest)}
	}
	return raw, Of(raw), nil
}

// layers are the entries that a manifest lists.
func (m ociManifest) layers() []Descriptor {
	list := make([]Descriptor, len(m.Layers))
	for i, l := range m.Layers {
		list[i] = Descriptor{Name: l.Annotations[titleKey], MediaType: l.MediaType, Digest: l.Digest, Size: l.Size}
	}
	return list
}

// index is index.json: the dossier first.
func index(dossier, evidence ociDescriptor) ([]byte, error) {
	dossier.ArtifactType, dossier.Annotations = DossierType, map[string]string{refKey: "dossier"}
	evidence.ArtifactType, evidence.Annotations = EvidenceType, map[string]string{refKey: "evidence"}
	return canonical(ociIndex{SchemaVersion: 2, MediaType: indexType, Manifests: []ociDescriptor{dossier, evidence}})
}

// canonical is the RFC 8785 form of v.
func canonical(v any) ([]byte, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return jcs.Transform(raw)
}

func byName(list []Descriptor) []Descriptor {
	return slices.SortedStableFunc(slices.Values(list), func(a, b Descriptor) int {
		return strings.Compare(a.Name, b.Name)
	})
}

// checkEntries refuses entries that cannot be written, or not told apart.
func checkEntries(list []Descriptor) error {
	if len(list) > MaxEntries {
		return &ContentsError{TooManyEntries, "", fmt.Sprintf("%d entries, of at most %d", len(list), MaxEntries)}
	}
	names := make(map[string]bool, len(list))
	for _, e := range list {
		if reason := badEntry(e); reason != "" {
			return &ContentsError{BadEntry, e.Name, reason}
		}
		if names[e.Name] {
			return &ContentsError{Duplicate, e.Name, "two entries have this name"}
		}
		names[e.Name] = true
	}
	return nil
}

// badEntry says what is wrong with an entry, or nothing. Tools unpack entries
// under their names, so a name must not lead out of a folder.
func badEntry(e Descriptor) string {
	_, err := ParseDigest(string(e.Digest))
	switch {
	case !fs.ValidPath(e.Name) || e.Name == "." || strings.Contains(e.Name, `\`):
		return "the name is not a clean relative path"
	case len(e.Name) > maxName || !utf8.ValidString(e.Name) || strings.ContainsFunc(e.Name, unicode.IsControl):
		return "the name is too long or holds control characters"
	case !validMediaType(e.MediaType):
		return fmt.Sprintf("media type %.80q: want type/subtype", e.MediaType)
	case err != nil:
		return err.Error()
	case e.Size < 0 || e.Size > maxBlob:
		return fmt.Sprintf("%d bytes: want 0 to %d", e.Size, maxBlob)
	}
	return ""
}

// validMediaType holds a media type against the names of RFC 6838.
func validMediaType(s string) bool {
	kind, sub, ok := strings.Cut(s, "/")
	return ok && len(s) <= maxMediaType && validTypeName(kind) && validTypeName(sub)
}

func validTypeName(s string) bool {
	for i, c := range s {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !letter && (i == 0 || !strings.ContainsRune("!#$&-^_.+", c)) {
			return false
		}
	}
	return s != ""
}

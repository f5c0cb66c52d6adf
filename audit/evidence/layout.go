package evidence

import (
	"fmt"
	"maps"
	"slices"
)

const (
	layoutName = "oci-layout"
	indexName  = "index.json"
	block      = 512       // bytes: tar's unit
	tail       = 2 * block // bytes of zeros that end a tar
)

// layout is every member of a dossier in order. Contents determine it wholly,
// so that writing and checking a dossier are the same walk over one layout.
type layout struct {
	dossier, evidence Digest // of the two manifests
	members           []member
	at                map[Digest]int // blobs and manifests: index in members
	size              int64          // bytes of the whole file
}

// member is one file in the tar.
type member struct {
	name   string
	digest Digest // of a blob or manifest
	size   int64  // bytes
	offset int64  // bytes from the start of the file to the content
	raw    []byte // the content, where the contents determine it
}

// layOut lays contents out, or says why they cannot stand in a dossier.
func layOut(c Contents) (layout, error) {
	rawEvidence, evidence, err := EvidenceManifest(c.Evidence)
	if err != nil {
		return layout{}, err
	}
	subject := ociDescriptor{MediaType: manifestType, Digest: evidence, Size: int64(len(rawEvidence))}
	rawDossier, dossier, err := dossierManifest(c, subject)
	if err != nil {
		return layout{}, err
	}
	self := ociDescriptor{MediaType: manifestType, Digest: dossier, Size: int64(len(rawDossier))}
	rawIndex, err := index(self, subject)
	if err != nil {
		return layout{}, err
	}
	rawLayout, err := canonical(ociLayout{Version: "1.0.0"})
	if err != nil {
		return layout{}, err
	}
	l := layout{dossier: dossier, evidence: evidence, at: map[Digest]int{}}
	l.add(member{name: layoutName, raw: rawLayout})
	l.add(member{name: indexName, raw: rawIndex})
	l.add(member{name: blobName(dossier), digest: dossier, raw: rawDossier})
	l.add(member{name: blobName(evidence), digest: evidence, raw: rawEvidence})
	if err := l.addBlobs(slices.Concat(c.Evidence, c.entries())); err != nil {
		return layout{}, err
	}
	l.size += tail
	return l, nil
}

// addBlobs adds each blob once, sorted by digest.
func (l *layout) addBlobs(entries []Descriptor) error {
	if len(entries) > MaxEntries {
		return &ContentsError{TooManyEntries, "", fmt.Sprintf("%d entries, of at most %d", len(entries), MaxEntries)}
	}
	empty := Of([]byte(emptyConfig))
	sizes := map[Digest]int64{empty: int64(len(emptyConfig))}
	for _, e := range entries {
		if size, ok := sizes[e.Digest]; ok && size != e.Size {
			return &ContentsError{Duplicate, e.Name, fmt.Sprintf("%s stands here with %d bytes and elsewhere with %d", e.Digest, e.Size, size)}
		}
		if _, ok := l.at[e.Digest]; ok {
			return &ContentsError{Duplicate, e.Name, "a dossier cannot hold its own manifests as entries"}
		}
		sizes[e.Digest] = e.Size
	}
	for _, d := range slices.Sorted(maps.Keys(sizes)) {
		m := member{name: blobName(d), digest: d, size: sizes[d]}
		if d == empty {
			m.raw = []byte(emptyConfig)
		}
		l.add(m)
	}
	return nil
}

func (l *layout) add(m member) {
	if m.raw != nil {
		m.size = int64(len(m.raw))
	}
	m.offset = l.size + block
	l.size = m.offset + m.size + padding(m.size)
	if m.digest != "" {
		l.at[m.digest] = len(l.members)
	}
	l.members = append(l.members, m)
}

func blobName(d Digest) string { return "blobs/sha256/" + d.Hex() }

// padding is how many zeros follow content of size bytes.
func padding(size int64) int64 { return -size & (block - 1) }

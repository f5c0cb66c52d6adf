package graft

import (
	"bytes"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"slices"

	"github.com/proffer-audit/proffer/audit/compare/graft/cms"
)

// spcIndirectData is SpcIndirectDataContent of "Windows Authenticode Portable
// Executable Signature Format".
type spcIndirectData struct {
	Data struct {
		Type  asn1.ObjectIdentifier
		Value asn1.RawValue
	}
	Digest struct {
		Algorithm pkix.AlgorithmIdentifier
		Value     []byte
	}
}

const (
	oidIndirectData = "1.3.6.1.4.1.311.2.1.4"
	oidPEImageData  = "1.3.6.1.4.1.311.2.1.15"
)

// indirect checks what one message signs: nothing but the image's digest.
func (w *work) indirect(s *pe, m *cms.Message, where string, at, size int64) {
	signed, algorithm, ok := w.indirectDigest(s, m, at, size)
	computed := ""
	if h, name, known := cms.DigestAlgorithm(algorithm); ok && known {
		computed, algorithm = hex.EncodeToString(s.authentihash(h)), name
	}
	if ok && computed != signed {
		w.flag(SignedDigest, at, size, "the %s digest that was signed is %s, that of the shipped file is %s", algorithm, signed, computed)
	}
	for _, one := range m.Signers {
		w.graft.Signers = append(w.graft.Signers, Signer{
			Where: where, Subject: one.Subject, Certificate: one.Certificate, Digest: algorithm,
			Signed: signed, Computed: computed, Valid: one.Valid && ok && computed == signed, Timestamps: one.Timestamps,
		})
	}
}

// indirectDigest reads the digest and its algorithm's OID. Whatever the content
// holds beside them is flagged.
func (w *work) indirectDigest(s *pe, m *cms.Message, at, size int64) (digest, oid string, ok bool) {
	if m.ContentType != oidIndirectData {
		w.flag(IndirectData, at, size, "content type %s is signed, which is not Authenticode's", m.ContentType)
		return "", "", false
	}
	raw, err := asn1.Marshal(asn1.RawValue{Tag: asn1.TagSequence, IsCompound: true, Bytes: m.Content})
	if err != nil {
		w.flag(IndirectData, at, size, "what is signed cannot be read: %v", err)
		return "", "", false
	}
	var c spcIndirectData
	rest, err := asn1.Unmarshal(raw, &c)
	if err != nil || len(rest) > 0 {
		w.flag(IndirectData, at, size, "what is signed is not a digest of an image")
		return "", "", false
	}
	// The library skips elements behind the last one that it knows: what does
	// not come back is something else.
	again, err := asn1.Marshal(c)
	if err != nil || !bytes.Equal(again, raw) {
		w.flag(IndirectData, at+int64(m.ContentOffset), int64(len(m.Content)), "%d bytes are signed, of which a digest of an image takes %d", len(raw), len(again))
	}
	if p := c.Digest.Algorithm.Parameters; len(p.FullBytes) > 0 && !bytes.Equal(p.FullBytes, asn1.NullBytes) {
		w.flag(IndirectData, at+int64(m.ContentOffset), int64(len(m.Content)), "%d bytes of parameters for a digest algorithm", len(p.FullBytes))
	}
	image := c.Data.Value.FullBytes
	if c.Data.Type.String() != oidPEImageData || !plainImageData(image) && !s.pageHashesHold(image) {
		w.flag(ImageData, at+int64(m.ContentOffset), int64(len(m.Content)), "%d bytes of image data are signed beside the digest, which are not this image's page hashes", len(image))
	}
	return hex.EncodeToString(c.Digest.Value), c.Digest.Algorithm.Algorithm.String(), true
}

// plainImageData reports the values of SpcPeImageData that signers write when
// there is nothing to say: no flag or the first, and a link to a file with an
// empty name or the name "<<<Obsolete>>>", in both encodings of a string.
func plainImageData(value []byte) bool {
	name := "<<<Obsolete>>>"
	wide := make([]byte, 0, 2*len(name))
	for _, c := range []byte(name) {
		wide = append(wide, 0, c)
	}
	for _, flags := range plainFlags() {
		for _, file := range [][]byte{{0x80, 0}, append([]byte{0x80, byte(len(wide))}, wide...), append([]byte{0x81, byte(len(name))}, name...)} {
			n := byte(len(file))
			want := slices.Concat([]byte{0x30, byte(len(flags)) + n + 4}, flags, []byte{0xa0, n + 2, 0xa2, n}, file)
			if bytes.Equal(value, want) {
				return true
			}
		}
	}
	return false
}

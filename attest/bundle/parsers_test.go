package bundle

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"math/big"
	"strings"
	"testing"
	"time"

	ctx509 "github.com/google/certificate-transparency-go/x509"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// FuzzCheckpoint holds that what is read as a checkpoint is a signed note for
// golang.org/x/mod as well, with the same text.
func FuzzCheckpoint(f *testing.F) {
	f.Add("log.example\n12\n" + strings.Repeat("A", 43) + "=\n\n— log.example AAAAAAAA\n")
	f.Add("log.example - 12\n12\n" + strings.Repeat("A", 43) + "=\nTimestamp: 1\n\n— a AAAAAAAA\n— b AAAAAAAB\n")
	f.Fuzz(func(t *testing.T, text string) {
		c, ok := readCheckpoint(text)
		if !ok {
			return
		}
		_, err := note.Open([]byte(text), note.VerifierList())
		var unverified *note.UnverifiedNoteError
		if !errors.As(err, &unverified) || unverified.Note.Text != c.text {
			t.Fatalf("%q is no note: %v", text, err)
		}
	})
}

// FuzzWithoutSCTs holds that a TBSCertificate without its certificate timestamps
// is what certificate-transparency-go makes of it.
func FuzzWithoutSCTs(f *testing.F) {
	for text := []byte(stampedLeaf); len(text) > 0; {
		block, rest := pem.Decode(text)
		cert, err := ctx509.ParseCertificate(block.Bytes)
		if err != nil {
			f.Fatal(err)
		}
		if !lossless(cert.RawTBSCertificate) {
			f.Fatal("a real certificate does not survive the round trip: nothing would be compared")
		}
		f.Add(cert.RawTBSCertificate)
		text = rest
	}
	f.Fuzz(func(t *testing.T, tbs []byte) {
		ours, ok := withoutSCTs(tbs)
		theirs, err := ctx509.RemoveSCTList(tbs)
		// Theirs decodes and encodes again, and so loses what its types do not hold;
		// ours keeps every other byte, since a log may have signed it. They are held
		// against each other where decoding and encoding lose nothing.
		if !lossless(tbs) {
			return
		}
		if ok && err == nil && !bytes.Equal(ours, theirs) {
			t.Fatalf("of %x\nours   %x\ntheirs %x", tbs, ours, theirs)
		}
	})
}

// lossless reports that a TBSCertificate (RFC 5280, 4.1) is the same when it was
// decoded and encoded again.
func lossless(raw []byte) bool {
	var tbs struct {
		Version   int `asn1:"optional,explicit,default:0,tag:0"`
		Serial    *big.Int
		Algorithm pkix.AlgorithmIdentifier
		Issuer    asn1.RawValue
		Validity  struct{ NotBefore, NotAfter time.Time }
		Subject   asn1.RawValue
		Key       struct {
			Algorithm pkix.AlgorithmIdentifier
			Key       asn1.BitString
		}
		ID         asn1.BitString   `asn1:"optional,tag:1"`
		SubjectID  asn1.BitString   `asn1:"optional,tag:2"`
		Extensions []pkix.Extension `asn1:"omitempty,optional,explicit,tag:3"`
	}
	if rest, err := asn1.Unmarshal(raw, &tbs); err != nil || len(rest) > 0 {
		return false
	}
	again, err := asn1.Marshal(tbs)
	return err == nil && bytes.Equal(again, raw)
}

// FuzzDER holds that contents and what was read around them fit together.
func FuzzDER(f *testing.F) {
	f.Add([]byte{0x30, 3, 2, 1, 5})
	f.Add(append([]byte{0x04, 0x81, 0x80}, make([]byte, 0x80)...))
	f.Fuzz(func(t *testing.T, data []byte) {
		d := der{rest: data}
		tag, body, whole := d.next()
		if d.broken {
			return
		}
		if again := append(appendDER(nil, tag, len(body)), body...); !bytes.Equal(again, whole) || derSize(len(body)) != len(whole) {
			t.Fatalf("%x was read, and is written %x", whole, again)
		}
	})
}

// FuzzToken holds that no bytes make the reader of timestamps panic.
func FuzzToken(f *testing.F) {
	f.Add([]byte{0x30, 5, 0x30, 3, 2, 1, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		if token, ok := readToken(data); ok && (token.imprint == 0 || len(token.sig) == 0 && token.attributes == nil) {
			t.Fatal("a token without what is signed")
		}
	})
}

// TestIncluded: inclusion proofs are those of golang.org/x/mod, for every leaf
// of trees of many sizes, and of no other leaf.
func TestIncluded(t *testing.T) {
	for size := int64(1); size < 70; size++ {
		var stored []tlog.Hash
		read := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
			out := make([]tlog.Hash, len(indexes))
			for i, x := range indexes {
				out[i] = stored[x]
			}
			return out, nil
		})
		for i := range size {
			hashes, err := tlog.StoredHashes(i, []byte{byte(i)}, read)
			if err != nil {
				t.Fatal(err)
			}
			stored = append(stored, hashes...)
		}
		root, err := tlog.TreeHash(size, read)
		if err != nil {
			t.Fatal(err)
		}
		for i := range size {
			p, err := tlog.ProveRecord(size, i, read)
			if err != nil {
				t.Fatal(err)
			}
			var hashes [][]byte
			for _, h := range p {
				hashes = append(hashes, h[:])
			}
			for other := range size {
				got, ok := includedRoot(leafHash([]byte{byte(other)}), uint64(i), uint64(size), hashes)
				if right := ok && got == [sha256.Size]byte(root); right != (other == i) {
					t.Fatalf("leaf %d at %d of %d: %v", other, i, size, right)
				}
			}
		}
	}
}

// stampedLeaf is a certificate with one certificate timestamp, of a test
// authority.
const stampedLeaf = `-----BEGIN CERTIFICATE-----
MIIGRzCCBe6gAwIBAgIUdBj4NYFc4GmKwdYVVbl548MMcLQwCgYIKoZIzj0EAwIw
NzEVMBMGA1UEChMMbWludC5leGFtcGxlMR4wHAYDVQQDExVzaWdzdG9yZS1pbnRl
cm1lZGlhdGUwHhcNMjYwMzAxMTE1OTAwWhcNMjYwMzAxMTIwOTAwWjAAMFkwEwYH
KoZIzj0CAQYIKoZIzj0DAQcDQgAE547eE/5rwNxBYcmkqFU3+LHz9Ggfju2Wo2x4
Vh/4qukW6IFTcbdgpVNXn0R/Bngs+MFsaf+0HN3DIvg3s6q0y6OCBQ0wggUJMA4G
A1UdDwEB/wQEAwIHgDATBgNVHSUEDDAKBggrBgEFBQcDAzAdBgNVHQ4EFgQUB0pl
8oEhOGBXoCf+UlLwNZwYANkwHwYDVR0jBBgwFoAUofPM7Dp2XVWRRtvbRuZREyiW
PaYwWgYDVR0RAQH/BFAwToZMaHR0cHM6Ly9naXRodWIuY29tL2FjbWUvYWdlbnQv
LmdpdGh1Yi93b3JrZmxvd3MvcmVsZWFzZS55bWxAcmVmcy90YWdzL3YxLjIuMzA5
BgorBgEEAYO/MAEBBCtodHRwczovL3Rva2VuLmFjdGlvbnMuZ2l0aHVidXNlcmNv
bnRlbnQuY29tMBIGCisGAQQBg78wAQIEBHB1c2gwNgYKKwYBBAGDvzABAwQoMDEy
MzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWYwMTIzNDU2NzAVBgorBgEEAYO/
MAEEBAdyZWxlYXNlMBgGCisGAQQBg78wAQUECmFjbWUvYWdlbnQwHgYKKwYBBAGD
vzABBgQQcmVmcy90YWdzL3YxLjIuMzA7BgorBgEEAYO/MAEIBC0MK2h0dHBzOi8v
dG9rZW4uYWN0aW9ucy5naXRodWJ1c2VyY29udGVudC5jb20wXAYKKwYBBAGDvzAB
CQRODExodHRwczovL2dpdGh1Yi5jb20vYWNtZS9hZ2VudC8uZ2l0aHViL3dvcmtm
bG93cy9yZWxlYXNlLnltbEByZWZzL3RhZ3MvdjEuMi4zMDgGCisGAQQBg78wAQoE
KgwoMDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWYwMTIzNDU2NzAdBgor
BgEEAYO/MAELBA8MDWdpdGh1Yi1ob3N0ZWQwLQYKKwYBBAGDvzABDAQfDB1odHRw
czovL2dpdGh1Yi5jb20vYWNtZS9hZ2VudDA4BgorBgEEAYO/MAENBCoMKDAxMjM0
NTY3ODlhYmNkZWYwMTIzNDU2Nzg5YWJjZGVmMDEyMzQ1NjcwIAYKKwYBBAGDvzAB
DgQSDBByZWZzL3RhZ3MvdjEuMi4zMBQGCisGAQQBg78wAQ8EBgwEMTAwMTAnBgor
BgEEAYO/MAEQBBkMF2h0dHBzOi8vZ2l0aHViLmNvbS9hY21lMBQGCisGAQQBg78w
AREEBgwEMjAwMjBcBgorBgEEAYO/MAESBE4MTGh0dHBzOi8vZ2l0aHViLmNvbS9h
Y21lL2FnZW50Ly5naXRodWIvd29ya2Zsb3dzL3JlbGVhc2UueW1sQHJlZnMvdGFn
cy92MS4yLjMwOAYKKwYBBAGDvzABEwQqDCgwMTIzNDU2Nzg5YWJjZGVmMDEyMzQ1
Njc4OWFiY2RlZjAxMjM0NTY3MBQGCisGAQQBg78wARQEBgwEcHVzaDBHBgorBgEE
AYO/MAEVBDkMN2h0dHBzOi8vZ2l0aHViLmNvbS9hY21lL2FnZW50L2FjdGlvbnMv
cnVucy8xL2F0dGVtcHRzLzEwFgYKKwYBBAGDvzABFgQIDAZwdWJsaWMwgYoGCisG
AQQB1nkCBAIEfAR6AHgAdgAlyNcKxd9cRV4UpkJgmWiAF/hl1GmnFRn227BNh5V1
awAAAZypRQoAAAAEAwBHMEUCIQC6wGEKmbXVNu7IQHWYByjjfEasIGUXnLSQy6EX
NXpWtgIgHsWPFDBDeCHnDvADM3tjRO6VOoHvRjX7TMkzaS1RxQkwCgYIKoZIzj0E
AwIDRwAwRAIgCG+ipUWCf0U+RKB5r6hxSfWrmjdc6GpNYx6OoxNeoLQCIH2IDh8X
It/An9LbTw8vqRK9s0IxbS+ePhWZE0C3PcCj
-----END CERTIFICATE-----
`

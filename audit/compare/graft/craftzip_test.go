package graft_test

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/proffer-audit/proffer/audit/compare/graft/signtest"
)

// file is a member of a crafted zip.
type file struct {
	name, content, comment string
	extra                  []byte
	stored                 bool
}

func zipOf(t testing.TB, files ...file) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, f := range files {
		addFile(t, w, f)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func addFile(t testing.TB, w *zip.Writer, f file) {
	t.Helper()
	h := &zip.FileHeader{Name: f.name, Method: zip.Deflate, Comment: f.comment, Extra: f.extra, Modified: time.Date(2025, 1, 2, 3, 4, 6, 0, time.UTC)}
	if f.stored {
		h.Method = zip.Store
	}
	part, err := w.CreateHeader(h)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := part.Write([]byte(f.content)); err != nil {
		t.Fatal(err)
	}
}

func jarFiles() []file {
	return []file{
		{name: "META-INF/MANIFEST.MF", content: "Manifest-Version: 1.0\r\nMain-Class: org.example.Main\r\n\r\n"},
		{name: "org/"},
		{name: "org/example/Main.class", content: strings.Repeat("bytes of a class ", 50)},
		{name: "data.bin", content: "stored bytes", stored: true},
		{name: "META-INF/services/x", content: "org.example.Service\n"},
	}
}

// planJAR says what a signed jar holds beside its signature.
type planJAR struct {
	main      string // instead of the rebuilt main section
	section   string // one more in the manifest
	attribute string // one more in each section of the manifest
	signature string // one more line in the signature file's main section
	noBlock   bool
	noFile    bool
	message   func(*signtest.Message)
	behind    []byte // behind the message
	late      []file // added after signing
	lateName  string // a member whose section comes into the manifest after signing
	extra     []byte // in the block's entry
	comment   string
	spoil     string // a member whose digest in the manifest is of something else
	method    uint16
	slack     []byte // behind the block's deflated stream
	block     string // name of the block
}

func digestLine(name string, data []byte) string {
	sum := sha256.Sum256(data)
	return name + ": " + base64.StdEncoding.EncodeToString(sum[:]) + "\r\n"
}

// signJAR signs as jarsigner does: manifest, signature file and block first, all
// other members copied.
func signJAR(t testing.TB, s *signtest.Signer, unsigned []byte, plan planJAR) []byte {
	t.Helper()
	r, err := zip.NewReader(bytes.NewReader(unsigned), int64(len(unsigned)))
	if err != nil {
		t.Fatal(err)
	}
	main, sections, signed := plan.main, "", ""
	if main == "" {
		main = "Manifest-Version: 1.0\r\nCreated-By: 21 (Example)\r\n\r\n"
	}
	for _, f := range r.File {
		if f.Name == "META-INF/MANIFEST.MF" && plan.main == "" {
			main = string(read(t, f))
		}
		if f.Name == "META-INF/MANIFEST.MF" || strings.HasSuffix(f.Name, "/") {
			continue
		}
		content := read(t, f)
		if f.Name == plan.spoil {
			content = []byte("payload")
		}
		section := "Name: " + f.Name + "\r\n" + digestLine("SHA-256-Digest", content) + plan.attribute + "\r\n"
		sections += section
		if f.Name != plan.lateName {
			signed += "Name: " + f.Name + "\r\n" + digestLine("SHA-256-Digest", []byte(section)) + "\r\n"
		}
	}
	manifest := main + sections + plan.section
	sf := "Signature-Version: 1.0\r\nCreated-By: 21 (Example)\r\n" + plan.signature +
		digestLine("SHA-256-Digest-Manifest-Main-Attributes", []byte(main)) +
		digestLine("SHA-256-Digest-Manifest", []byte(manifest)) + "\r\n" + signed
	m := signtest.Message{ContentType: signtest.OID(1, 2, 840, 113549, 1, 7, 1), Content: []byte(sf), Detached: true}
	if plan.message != nil {
		plan.message(&m)
	}
	block, err := s.CMS(m)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	addFile(t, w, file{name: "META-INF/MANIFEST.MF", content: manifest})
	if !plan.noFile {
		addFile(t, w, file{name: "META-INF/VENDOR.SF", content: sf})
	}
	if !plan.noBlock {
		name := plan.block
		if name == "" {
			name = "META-INF/VENDOR.EC"
		}
		addBlock(t, w, plan, name, append(block, plan.behind...))
	}
	for _, f := range r.File {
		if f.Name != "META-INF/MANIFEST.MF" {
			if err := w.Copy(f); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, f := range plan.late {
		addFile(t, w, f)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// addBlock adds the block, with bytes behind its compressed stream if asked to.
func addBlock(t testing.TB, w *zip.Writer, plan planJAR, name string, block []byte) {
	t.Helper()
	if plan.slack == nil {
		addFile(t, w, file{name: name, content: string(block), extra: plan.extra, comment: plan.comment, stored: plan.method == 99})
		return
	}
	one := zipOf(t, file{name: name, content: string(block)})
	r, err := zip.NewReader(bytes.NewReader(one), int64(len(one)))
	if err != nil {
		t.Fatal(err)
	}
	at, err := r.File[0].DataOffset()
	if err != nil {
		t.Fatal(err)
	}
	raw := append(slices.Clone(one[at:at+int64(r.File[0].CompressedSize64)]), plan.slack...)
	h := &zip.FileHeader{Name: name, Method: zip.Deflate, CRC32: crc32.ChecksumIEEE(block), CompressedSize64: uint64(len(raw)), UncompressedSize64: uint64(len(block))}
	part, err := w.CreateRaw(h)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := part.Write(raw); err != nil {
		t.Fatal(err)
	}
}

func read(t testing.TB, f *zip.File) []byte {
	t.Helper()
	in, err := f.Open()
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if _, err := out.ReadFrom(in); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// planAPK says what a signing block holds beside the signature.
type planAPK struct {
	pairs      []byte // further pairs
	first      uint64 // added to the block's first size
	gap        []byte // before the block
	v3         bool
	certs      [][]byte
	attribute  []byte
	behindData []byte // behind the signed data's parts
	behindOne  []byte // behind the signer
	digest     byte   // flips the digest
	tamper     bool
	second     []byte // a second digest, without a signature
}

func pairOf(id uint32, value []byte) []byte {
	p := binary.LittleEndian.AppendUint64(nil, uint64(4+len(value)))
	return append(binary.LittleEndian.AppendUint32(p, id), value...)
}

// lp is a value behind its length.
func lp(parts ...[]byte) []byte {
	body := slices.Concat(parts...)
	return append(binary.LittleEndian.AppendUint32(nil, uint32(len(body))), body...)
}

func u32le(v uint32) []byte { return binary.LittleEndian.AppendUint32(nil, v) }

// signAPK puts a signing block before the directory.
func signAPK(t testing.TB, s *signtest.Signer, unsigned []byte, plan planAPK) []byte {
	t.Helper()
	end := len(unsigned) - 22
	central := int(get32(unsigned, end+16))
	before := append(slices.Clone(unsigned[:central]), plan.gap...)
	directory, record := unsigned[central:end], slices.Clone(unsigned[end:])
	put32(record, 16, uint32(len(before)))
	var digests []byte
	count := uint32(0)
	for _, part := range [][]byte{before, directory, record} {
		for len(part) > 0 {
			n := min(1<<20, len(part))
			sum := sha256.Sum256(slices.Concat([]byte{0xa5}, u32le(uint32(n)), part[:n]))
			digests, part = append(digests, sum[:]...), part[n:]
			count++
		}
	}
	digest := sha256.Sum256(slices.Concat([]byte{0x5a}, u32le(count), digests))
	digest[0] ^= plan.digest

	value := schemeBlock(t, s, digest[:], plan)
	id := uint32(0x7109871a)
	if plan.v3 {
		id = 0xf05368c0
	}
	pairs := append(pairOf(id, value), plan.pairs...)
	size := uint64(len(pairs) + 24)
	block := binary.LittleEndian.AppendUint64(nil, size+plan.first)
	block = append(binary.LittleEndian.AppendUint64(append(block, pairs...), size), "APK Sig Block 42"...)
	put32(record, 16, uint32(len(before)+len(block)))
	return slices.Concat(before, block, directory, record)
}

func schemeBlock(t testing.TB, s *signtest.Signer, digest []byte, plan planAPK) []byte {
	t.Helper()
	const algorithm = 0x0201 // ECDSA with SHA-256
	certs := lp(s.Cert.Raw)
	for _, c := range plan.certs {
		certs = append(certs, lp(c)...)
	}
	var attributes, platforms []byte
	if plan.attribute != nil {
		attributes = lp(u32le(0x12345678), plan.attribute)
	}
	list := lp(u32le(algorithm), lp(digest))
	if plan.second != nil {
		list = append(list, lp(u32le(0x0103), lp(plan.second))...)
	}
	if plan.v3 {
		platforms = append(u32le(28), u32le(0x7fffffff)...)
	}
	signed := slices.Concat(lp(list), lp(certs), platforms, lp(attributes), plan.behindData)
	if !plan.v3 && plan.behindData == nil {
		signed = append(signed, 0, 0, 0, 0)
	}
	value, err := s.Sign(signed)
	if err != nil {
		t.Fatal(err)
	}
	if plan.tamper {
		value[len(value)-1] ^= 1
	}
	key, err := x509.MarshalPKIXPublicKey(s.Key.Public())
	if err != nil {
		t.Fatal(err)
	}
	one := lp(lp(signed), platforms, lp(lp(u32le(algorithm), lp(value))), lp(key), plan.behindOne)
	return lp(one)
}

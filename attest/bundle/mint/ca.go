package mint

import (
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // the key identifiers of RFC 5280
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"time"
)

// Window is a time span. A zero end is open.
type Window struct{ Start, End time.Time }

func (w Window) or(other Window) Window {
	if w.Start.IsZero() && w.End.IsZero() {
		return other
	}
	return w
}

// around is the window of so much before and after.
func around(t time.Time, before, after time.Duration) Window {
	return Window{t.Add(-before), t.Add(after)}
}

const year = 365 * 24 * time.Hour

// CAOptions say what a certificate authority is like.
type CAOptions struct {
	Seed    string
	Name    string    // in its subjects and URI; other seeds with this name look the same
	Now     time.Time // the middle of its life
	Curve   Kind      // of root and intermediate; P384 if empty
	Root    Window    // of the root certificate
	Middle  Window    // of the intermediate certificate
	Trusted Window    // in trusted_root.json
}

// CA is a certificate authority: a root and one intermediate, as Fulcio's.
type CA struct {
	Root, Middle *x509.Certificate
	URI          string
	Trusted      Window
	key          *Key // of Middle
}

// NewCA makes a certificate authority.
func NewCA(o CAOptions) *CA {
	if o.Curve == "" {
		o.Curve = P384
	}
	rootKey, key := NewKey(o.Curve, "root "+o.Seed), NewKey(o.Curve, "intermediate "+o.Seed)
	subject := func(name string) pkix.Name {
		return pkix.Name{CommonName: name, Organization: []string{o.Name}}
	}
	root := authority(subject("sigstore"), o.Root.or(around(o.Now, 5*year, 5*year)), "root "+o.Seed)
	root.MaxPathLen = 1
	middle := authority(subject("sigstore-intermediate"), o.Middle.or(around(o.Now, 4*year, 4*year)), "intermediate "+o.Seed)
	middle.MaxPathLenZero = true
	middle.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning}
	ca := &CA{
		URI: "https://fulcio." + o.Name, key: key,
		Trusted: o.Trusted.or(Window{Start: o.Now.Add(-4 * year)}),
	}
	ca.Root = issue(root, root, rootKey, rootKey)
	ca.Middle = issue(middle, ca.Root, key, rootKey)
	return ca
}

// authority is the template of a certificate that signs certificates.
func authority(subject pkix.Name, valid Window, seed string) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: serial(seed), Subject: subject, NotBefore: valid.Start, NotAfter: valid.End,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign, BasicConstraintsValid: true, IsCA: true,
	}
}

// serial is a positive number of 159 bits.
func serial(seed string) *big.Int {
	raw := stretch("serial "+seed, 20)
	raw[0] = raw[0]&0x7f | 0x40
	return new(big.Int).SetBytes(raw)
}

func issue(template, parent *x509.Certificate, key, by *Key) *x509.Certificate {
	template.SubjectKeyId = keyIdentifier(key)
	raw := must(x509.CreateCertificate(nil, template, parent, key.Signer.Public(), by.Signer))
	return must(x509.ParseCertificate(raw))
}

// keyIdentifier names a key within certificates, RFC 5280 section 4.2.1.2.
func keyIdentifier(k *Key) []byte {
	sum := sha1.Sum(k.spki) //nolint:gosec // a name, not a proof
	return sum[:]
}

func rsaBits(k *Key) int {
	if pub, ok := k.Signer.Public().(*rsa.PublicKey); ok {
		return pub.N.BitLen()
	}
	panic("mint: a key of no known kind")
}

package trust

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"slices"

	"github.com/secure-systems-lab/go-securesystemslib/encrypted"

	"github.com/proffer-audit/proffer/attest/strictjson"
)

// The PEM types of a private key: PKCS#8 in the clear, and the two names under
// which cosign and sigstore keep it encrypted.
const (
	privateType   = "PRIVATE KEY"
	encryptedType = "ENCRYPTED SIGSTORE PRIVATE KEY"
	cosignType    = "ENCRYPTED COSIGN PRIVATE KEY"
)

// Key is a private key that signs.
type Key struct {
	signer crypto.Signer
	public *Public
}

// NewKey makes an ECDSA P-256 key and gives its two files as PEM. With a
// passphrase the private one is encrypted in the form that cosign reads and
// writes (scrypt and NaCl secretbox); without, it is PKCS#8 in the clear.
func NewKey(passphrase []byte) (private, public []byte, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, fmt.Errorf("make key: %w", err)
	}
	pub, err := newPublic(key.Public())
	if err != nil {
		return nil, nil, fmt.Errorf("make key: %w", err)
	}
	block := &pem.Block{Type: privateType}
	if block.Bytes, err = x509.MarshalPKCS8PrivateKey(key); err != nil {
		return nil, nil, fmt.Errorf("encode key: %w", err)
	}
	if len(passphrase) > 0 {
		block.Type = encryptedType
		if block.Bytes, err = encrypted.Encrypt(block.Bytes, passphrase); err != nil {
			return nil, nil, fmt.Errorf("encrypt key: %w", err)
		}
	}
	return pem.EncodeToMemory(block), pub.PEM(), nil
}

// LoadKey reads a private key of the kinds that ParsePublic reads, as NewKey or
// cosign wrote it. The passphrase is not looked at if the key is not encrypted.
// An *Error with PassphraseNeeded or WrongPassphrase says what the caller may
// ask a person for.
func LoadKey(data, passphrase []byte) (*Key, error) {
	block, err := onePEM(data)
	if err != nil {
		return nil, err
	}
	der := block.Bytes
	switch block.Type {
	case privateType:
	case encryptedType, cosignType:
		if der, err = decrypt(block.Bytes, passphrase); err != nil {
			return nil, err
		}
	default:
		return nil, refuse(BadKey, "PEM block is %.40q; want %q or %q", block.Type, privateType, encryptedType)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, &Error{Code: BadKey, Message: "read private key: " + err.Error(), Err: err}
	}
	signer, ok := parsed.(crypto.Signer)
	if !ok {
		return nil, refuse(BadKey, "a key of type %T cannot sign", parsed)
	}
	public, err := newPublic(signer.Public())
	if err != nil {
		return nil, err
	}
	return &Key{signer: signer, public: public}, nil
}

// Signer signs with the key.
func (k *Key) Signer() crypto.Signer { return k.signer }

// Public is the other half of the key.
func (k *Key) Public() *Public { return k.public }

// PublicPEM is the public key as a file.
func (k *Key) PublicPEM() []byte { return k.public.PEM() }

// box is the JSON inside an encrypted key.
type box struct {
	KDF struct {
		Name   string     `json:"name"`
		Params boxWorkKDF `json:"params"`
		Salt   []byte     `json:"salt"`
	} `json:"kdf"`
	Cipher struct {
		Name  string `json:"name"`
		Nonce []byte `json:"nonce"`
	} `json:"cipher"`
	Ciphertext []byte `json:"ciphertext"`
}

// boxWorkKDF is how hard scrypt works: N rounds of memory, block size r,
// parallelism p.
type boxWorkKDF struct {
	N int `json:"N"`
	R int `json:"r"`
	P int `json:"p"`
}

// boxWork lists the settings that are known; others would let a file choose how
// much memory and time it costs to open.
var boxWork = [...]boxWorkKDF{{1 << 15, 8, 1}, {1 << 16, 8, 1}, {1 << 17, 8, 1}}

const boxNonce = 24

// decrypt opens an encrypted key. The box is read first, so that what is left
// to fail is the passphrase, or a changed file, which cannot be told apart.
func decrypt(data, passphrase []byte) ([]byte, error) {
	var b box
	if err := strictjson.Unmarshal(data, &b, strictjson.Limits{Bytes: maxPEM}); err != nil {
		return nil, &Error{Code: BadKey, Message: "read encrypted key: " + err.Error(), Err: err}
	}
	known := b.KDF.Name == "scrypt" && b.Cipher.Name == "nacl/secretbox" && len(b.Cipher.Nonce) == boxNonce
	if !known || !slices.Contains(boxWork[:], b.KDF.Params) {
		return nil, refuse(BadKey, "encrypted key uses an unknown scheme")
	}
	if len(passphrase) == 0 {
		return nil, refuse(PassphraseNeeded, "the key is encrypted: a passphrase is needed")
	}
	der, err := encrypted.Decrypt(data, passphrase)
	if err != nil {
		return nil, &Error{Code: WrongPassphrase, Message: "wrong passphrase, or the key file was changed", Err: err}
	}
	return der, nil
}

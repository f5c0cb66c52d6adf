package graft

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"fmt"
)

const (
	apkChunk    = 1 << 20 // bytes
	verityBlock = 4096    // bytes
	apkRSAMost  = 16384   // bits, as Android reads
)

// apkAlgorithm is a signature algorithm of the schemes v2 and v3.
type apkAlgorithm struct {
	hash   crypto.Hash
	pss    bool
	ec     bool
	verity bool // a tree over pages instead of chunks
}

func apkAlgorithmOf(id uint32) (apkAlgorithm, bool) {
	switch id {
	case 0x0101:
		return apkAlgorithm{hash: crypto.SHA256, pss: true}, true
	case 0x0102:
		return apkAlgorithm{hash: crypto.SHA512, pss: true}, true
	case 0x0103:
		return apkAlgorithm{hash: crypto.SHA256}, true
	case 0x0104:
		return apkAlgorithm{hash: crypto.SHA512}, true
	case 0x0201:
		return apkAlgorithm{hash: crypto.SHA256, ec: true}, true
	case 0x0202:
		return apkAlgorithm{hash: crypto.SHA512, ec: true}, true
	case 0x0421:
		return apkAlgorithm{hash: crypto.SHA256, verity: true}, true
	case 0x0423:
		return apkAlgorithm{hash: crypto.SHA256, ec: true, verity: true}, true
	}
	return apkAlgorithm{}, false
}

// verifyAPK checks a signer's signature by one algorithm with the signer's key.
func verifyAPK(id uint32, s *apkSigner) error {
	a, ok := apkAlgorithmOf(id)
	if !ok {
		return errors.New("not known here: its value may be anything")
	}
	key, err := x509.ParsePKIXPublicKey(s.key)
	if err != nil {
		return errors.New("the signer's key cannot be read")
	}
	h := a.hash.New()
	h.Write(s.signedData)
	digest, value := h.Sum(nil), s.signatures[id]
	switch pub := key.(type) {
	case *rsa.PublicKey:
		if a.ec || pub.N.BitLen() > apkRSAMost {
			break
		}
		if a.pss {
			err = rsa.VerifyPSS(pub, a.hash, digest, value, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash})
		} else {
			err = rsa.VerifyPKCS1v15(pub, a.hash, digest, value)
		}
		if err != nil {
			return errors.New("the value does not verify")
		}
		return nil
	case *ecdsa.PublicKey:
		if !a.ec {
			break
		}
		if !ecdsa.VerifyASN1(pub, digest, value) {
			return errors.New("the value does not verify")
		}
		return nil
	}
	return fmt.Errorf("it does not go with a key of type %T, or of its size", key)
}

// apkDigest is the digest of the shipped file that an algorithm signs.
func (a *archive) apkDigest(id uint32) (name string, digest []byte, err error) {
	alg, ok := apkAlgorithmOf(id)
	if !ok {
		return "", nil, fmt.Errorf("a digest for signature algorithm %#04x, which is not known here", id)
	}
	name = "chunked sha256"
	switch {
	case alg.verity:
		name = "verity sha256"
	case alg.hash == crypto.SHA512:
		name = "chunked sha512"
	}
	key := apkAlgorithm{hash: alg.hash, verity: alg.verity}
	if d, ok := a.digests[key]; ok {
		return name, d, nil
	}
	end := append([]byte(nil), a.shipped[a.s.end:]...)
	binary.LittleEndian.PutUint32(end[16:], uint32(a.s.block))
	parts := [][]byte{a.shipped[:a.s.block], a.shipped[a.s.central:a.s.end], end}
	if alg.verity {
		a.digests[key] = verityDigest(parts)
	} else {
		a.digests[key] = chunkDigest(alg.hash, parts)
	}
	return name, a.digests[key], nil
}

// chunkDigest is the two-level digest of scheme v2: of every chunk of 1 MiB of
// each part, and of those digests.
func chunkDigest(h crypto.Hash, parts [][]byte) []byte {
	var digests []byte
	count := uint32(0)
	one := h.New()
	for _, p := range parts {
		for len(p) > 0 {
			n := min(apkChunk, len(p))
			one.Reset()
			one.Write(binary.LittleEndian.AppendUint32([]byte{0xa5}, uint32(n)))
			one.Write(p[:n])
			digests = one.Sum(digests)
			p = p[n:]
			count++
		}
	}
	one.Reset()
	one.Write(binary.LittleEndian.AppendUint32([]byte{0x5a}, count))
	one.Write(digests)
	return one.Sum(nil)
}

// verityDigest is the root of the tree of fs-verity over the parts in a row,
// padded to a block, with a salt of eight zero bytes, followed by the parts' size.
func verityDigest(parts [][]byte) []byte {
	var level []byte
	var size uint64
	add := func(out, block []byte) []byte {
		h := sha256.New()
		h.Write(make([]byte, 8))
		h.Write(block)
		h.Write(make([]byte, verityBlock-len(block)))
		return h.Sum(out)
	}
	all := make([]byte, 0)
	for _, p := range parts {
		size += uint64(len(p))
		all = append(all, p...)
	}
	for len(all) > 0 {
		n := min(verityBlock, len(all))
		level = add(level, all[:n])
		all = all[n:]
	}
	for len(level) > verityBlock {
		var above []byte
		for len(level) > 0 {
			n := min(verityBlock, len(level))
			above = add(above, level[:n])
			level = level[n:]
		}
		level = above
	}
	return binary.LittleEndian.AppendUint64(add(nil, level), size)
}

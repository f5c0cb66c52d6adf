package bundle

import (
	"crypto/sha256"
	"math/bits"
)

// leafHash and nodeHash are those of RFC 6962, 2.1.
func leafHash(body []byte) [sha256.Size]byte {
	h := sha256.New()
	h.Write([]byte{0})
	h.Write(body)
	return [sha256.Size]byte(h.Sum(nil))
}

func nodeHash(left, right []byte) [sha256.Size]byte {
	var b [1 + 2*sha256.Size]byte
	b[0] = 1
	copy(b[1:], left)
	copy(b[1+sha256.Size:], right)
	return sha256.Sum256(b[:])
}

// includedRoot follows an inclusion proof (RFC 6962, 2.1.1) from the leaf of an
// index to the root of a tree of a size; ok is false if the proof has not
// exactly the hashes of that way.
func includedRoot(leaf [sha256.Size]byte, index, size uint64, hashes [][]byte) (root [sha256.Size]byte, ok bool) {
	if index >= size {
		return root, false
	}
	inner := bits.Len64(index ^ (size - 1))
	border := bits.OnesCount64(index >> uint(inner))
	if len(hashes) != inner+border {
		return root, false
	}
	root = leaf
	for i, h := range hashes {
		if len(h) != sha256.Size {
			return root, false
		}
		if i < inner && index>>uint(i)&1 == 0 {
			root = nodeHash(root[:], h)
		} else {
			root = nodeHash(h, root[:])
		}
	}
	return root, true
}

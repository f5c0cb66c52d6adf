package trust

import "crypto"

// KeyOf is a key whose private half is somewhere else than in a file: in a key
// management service, or nowhere but in memory. Its public half must be of the
// kinds that ParsePublic reads.
func KeyOf(signer crypto.Signer) (*Key, error) {
	public, err := newPublic(signer.Public())
	if err != nil {
		return nil, err
	}
	return &Key{signer: signer, public: public}, nil
}

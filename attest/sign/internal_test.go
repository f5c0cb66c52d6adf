package sign

import "testing"

func FuzzReadPlugin(f *testing.F) {
	f.Add([]byte(`{"publicKey":{"publicKeyPEM":"eA=="}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if resp, err := readPlugin(raw); (resp == nil) == (err == nil) {
			t.Error("neither an answer nor an error, or both")
		}
	})
}

func FuzzReadChain(f *testing.F) {
	f.Add([]byte(`{"signedCertificateEmbeddedSct":{"chain":{"certificates":["-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n"]}}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if leaf, err := readChain(raw); (leaf == nil) == (err == nil) {
			t.Error("neither a certificate nor an error, or both")
		}
	})
}

func FuzzReadLogged(f *testing.F) {
	f.Add([]byte(`{"u":{"body":"e30=","logID":"00","verification":{"inclusionProof":{"hashes":["00"],"rootHash":"00"}}}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if entry, err := readLoggedV1(raw); (entry == nil) == (err == nil) {
			t.Error("neither an entry nor an error, or both")
		}
	})
}

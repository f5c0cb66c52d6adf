package trust

import (
	"strings"

	"github.com/sigstore/sigstore-go/pkg/root"

	"github.com/proffer-audit/proffer/attest/strictjson"
)

// maxRoot caps a trusted_root.json, in bytes; the public one has under 10 KiB.
const maxRoot = 4 << 20

// ParseRoot reads a trusted_root.json: the certificate authorities, logs and
// timestamp authorities that the reviewer believes. The caller has checked the
// bytes against the policy's digest. The error is an *Error.
func ParseRoot(data []byte) (*root.TrustedRoot, error) {
	if err := strictjson.Check(data, strictjson.Limits{Bytes: maxRoot}); err != nil {
		return nil, &Error{Code: BadRoot, Message: "read trusted root: " + err.Error(), Err: err}
	}
	r, err := root.NewTrustedRootFromJSON(data)
	if err != nil {
		// protobuf writes a no-break space into its errors in some builds.
		text := strings.ReplaceAll(err.Error(), "\u00a0", " ")
		return nil, &Error{Code: BadRoot, Message: "read trusted root: " + text, Err: err}
	}
	return r, nil
}

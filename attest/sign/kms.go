package sign

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/json"
	"io"
	"regexp"
	"strings"

	"github.com/sigstore/sigstore/pkg/signature/kms/cliplugin/common"

	"github.com/proffer-audit/proffer/attest/strictjson"
	"github.com/proffer-audit/proffer/attest/trust"
)

// programPrefix begins the name of every program of the plugin protocol.
const programPrefix = "sigstore-kms-"

// maxPlugin caps what a program prints, in bytes.
const maxPlugin = 1 << 20

// A Runner starts a program of the signer's own, found on its PATH, and gives
// what it printed. A program that ends with a status other than 0 has still
// answered; the error is for one that could not be run.
type Runner func(ctx context.Context, program string, args []string, stdin []byte) (stdout []byte, err error)

// IsKMS tells the name of a key in a key management service from a file's.
func IsKMS(name string) bool { return strings.Contains(name, "://") }

// KMS is a key in a key management service, through the plugin protocol of
// sigstore, version v1: NAME://REFERENCE is REFERENCE in the service that the
// program sigstore-kms-NAME knows. The program gets digests and messages to
// sign, and has its secrets from its own surroundings. Every signature is
// verified here before it is used.
func KMS(ctx context.Context, name string, run Runner) (*trust.Key, error) {
	service, reference, _ := strings.Cut(name, "://")
	if !regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`).MatchString(service) || reference == "" {
		return nil, refuse(BadKeyName, "%.80q is not the name of a key in a key management service", name).hint("want NAME://REFERENCE, for the program sigstore-kms-NAME")
	}
	p := &plugin{ctx: ctx, run: run, program: programPrefix + service, reference: reference}
	resp, err := p.call(&common.MethodArgs{
		MethodName: common.PublicKeyMethodName, PublicKey: &common.PublicKeyArgs{PublicKeyOptions: &common.PublicKeyOptions{}},
	}, crypto.SHA256, nil)
	if err != nil {
		return nil, err
	}
	if resp.PublicKey == nil {
		return nil, p.bad("gives no public key")
	}
	pub, err := trust.ParsePublic(resp.PublicKey.PublicKeyPEM)
	if err != nil {
		return nil, p.bad("gives no public key that is trusted").because(err)
	}
	p.public = pub
	return trust.KeyOf(p)
}

// plugin is a crypto.Signer that asks a program for each signature. The context
// stands in it because crypto.Signer has no place for one.
type plugin struct {
	ctx                context.Context
	run                Runner
	program, reference string
	public             *trust.Public
}

// Public is the key that the program named first.
func (p *plugin) Public() crypto.PublicKey { return p.public.Key }

// Sign has the program sign a digest, or a message where the key hashes by itself.
func (p *plugin) Sign(_ io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	hash := opts.HashFunc()
	args := &common.SignMessageArgs{SignOptions: &common.SignOptions{}}
	var message []byte
	if hash == 0 {
		message = digest
	} else {
		args.SignOptions.MessageOptions = common.MessageOptions{Digest: &digest, HashFunc: &hash}
	}
	resp, err := p.call(&common.MethodArgs{MethodName: common.SignMessageMethodName, SignMessage: args}, hash, message)
	if err != nil {
		return nil, err
	}
	if resp.SignMessage == nil || !p.verifies(hash, digest, resp.SignMessage.Signature) {
		return nil, p.bad("gives a signature that is not the key's")
	}
	return resp.SignMessage.Signature, nil
}

func (p *plugin) verifies(hash crypto.Hash, digest, sig []byte) bool {
	switch k := p.public.Key.(type) {
	case *ecdsa.PublicKey:
		return ecdsa.VerifyASN1(k, digest, sig)
	case ed25519.PublicKey:
		return ed25519.Verify(k, digest, sig)
	case *rsa.PublicKey:
		return rsa.VerifyPKCS1v15(k, hash, digest, sig) == nil
	}
	return false
}

// call runs the program once. Its second argument holds names and digests only.
func (p *plugin) call(method *common.MethodArgs, hash crypto.Hash, stdin []byte) (*common.PluginResp, error) {
	init := &common.InitOptions{ProtocolVersion: common.ProtocolVersion, KeyResourceID: p.reference, HashFunc: hash, RPCOptions: &common.RPCOptions{}}
	if deadline, ok := p.ctx.Deadline(); ok {
		init.CtxDeadline = &deadline
	}
	raw, err := json.Marshal(common.PluginArgs{InitOptions: init, MethodArgs: method})
	if err != nil {
		return nil, err
	}
	out, err := p.run(p.ctx, p.program, []string{common.ProtocolVersion, string(raw)}, stdin)
	if err != nil {
		return nil, p.bad("could not be run").because(err).hint("install the program of this key management service on the PATH")
	}
	resp, err := readPlugin(out)
	if err != nil {
		return nil, p.bad("does not speak the protocol").because(err)
	}
	if resp.ErrorMessage != "" {
		return nil, p.bad("says: " + strings.Join(strings.Fields(resp.ErrorMessage), " "))
	}
	return resp, nil
}

// readPlugin reads what a program printed. Members that are not known are let
// by, as the protocol grows; two readings of one are not.
func readPlugin(out []byte) (*common.PluginResp, error) {
	var resp common.PluginResp
	if err := strictjson.Unmarshal(out, &resp, strictjson.Limits{Bytes: maxPlugin, AllowUnknown: true}); err != nil {
		return nil, err
	}
	return &resp, nil
}

func (p *plugin) bad(what string) *Error { return refuse(BadPlugin, "%s %s", p.program, what) }

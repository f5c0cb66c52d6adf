package stacktest

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"
)

// Variable names the folder that holds the services' programs: fulcio, posix
// (Rekor v2) and timestamp-server.
const Variable = "PROFFER_SIGSTORE_STACK"

// Programs lists the programs that Start wants in the folder.
func Programs() []string { return []string{"fulcio", "posix", "timestamp-server"} }

// fulcioConfig trusts both faces of the issuer. The templates make of a
// workflow's claims what the public authority makes of them.
const fulcioConfig = `
oidc-issuers:
  %[1]s:
    issuer-url: %[1]s
    client-id: sigstore
    type: email
  %[2]s:
    issuer-url: %[2]s
    client-id: sigstore
    type: ci-provider
    ci-provider: github-workflow
ci-issuer-metadata:
  github-workflow:
    default-template-values:
      url: "https://github.com"
      environment: ""
    extension-templates:
      github-workflow-trigger: "event_name"
      github-workflow-sha: "sha"
      github-workflow-name: "workflow"
      github-workflow-repository: "repository"
      github-workflow-ref: "ref"
      build-signer-uri: "{{ .url }}/{{ .job_workflow_ref }}"
      build-signer-digest: "job_workflow_sha"
      runner-environment: "runner_environment"
      source-repository-uri: "{{ .url }}/{{ .repository }}"
      source-repository-digest: "sha"
      source-repository-ref: "ref"
      source-repository-identifier: "repository_id"
      source-repository-owner-uri: "{{ .url }}/{{ .repository_owner }}"
      source-repository-owner-identifier: "repository_owner_id"
      build-config-uri: "{{ .url }}/{{ .workflow_ref }}"
      build-config-digest: "workflow_sha"
      build-trigger: "event_name"
      run-invocation-uri: "{{ .url }}/{{ .repository }}/actions/runs/{{ .run_id }}/attempts/{{ .run_attempt }}"
      source-repository-visibility-at-signing: "repository_visibility"
      deployment-environment: "environment"
    subject-alternative-name-template: "{{ .url }}/{{ .job_workflow_ref }}"
`

// Start runs the services whose programs are in bin, with what they keep in dir.
func Start(ctx context.Context, bin, dir string) (*Stack, error) {
	s, err := begin()
	if err != nil {
		return nil, err
	}
	if err := s.launch(ctx, bin, dir); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Stack) launch(ctx context.Context, bin, dir string) error {
	p, err := ports(10)
	if err != nil {
		return err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	config, signer := filepath.Join(dir, "fulcio.yaml"), filepath.Join(dir, "rekor.pem")
	err = errors.Join(os.WriteFile(config, fmt.Appendf(nil, fulcioConfig, s.People, s.Workflows), 0o600),
		os.WriteFile(signer, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600))
	if err != nil {
		return err
	}
	local := func(port int) string { return "http://127.0.0.1:" + strconv.Itoa(port) }
	port := func(name string, i int) string { return fmt.Sprintf("--%s=%d", name, p[i]) }
	s.Addresses.Authority, s.Addresses.Log, s.Addresses.Timestamp = local(p[0]), local(p[3]), local(p[6])+"/api/v1/timestamp"
	s.Addresses.Unlogged = local(p[7])
	authority := func(first int, socket, ctlog string) error {
		return s.process(ctx, dir, filepath.Join(bin, "fulcio"), "serve", "--ca=ephemeralca", "--host=127.0.0.1", port("port", first), "--grpc-host=127.0.0.1",
			port("grpc-port", first+1), port("metrics-port", first+2), "--legacy-unix-domain-socket="+filepath.Join(dir, socket),
			"--ct-log-url="+ctlog, "--config-path="+config)
	}
	err = errors.Join(
		authority(0, "fulcio.sock", s.server.URL+"/test"), authority(7, "unlogged.sock", ""),
		s.process(ctx, dir, filepath.Join(bin, "posix"), "serve", port("http-port", 3), port("grpc-port", 4), port("http-metrics-port", 5),
			"--hostname=127.0.0.1", "--storage-dir="+filepath.Join(dir, "log"), "--signer-filepath="+signer, "--checkpoint-interval=500ms"),
		s.process(ctx, dir, filepath.Join(bin, "timestamp-server"), "serve", "--host=127.0.0.1", port("port", 6), "--timestamp-signer=memory", "--disable-ntp-monitoring"),
	)
	if err != nil {
		return err
	}
	// What the services made begins now; a minute covers their clocks' rounding.
	parts := parts{log: key.Public(), from: time.Now().Add(-time.Minute)}
	if parts.id, err = logID(key.Public()); err != nil {
		return err
	}
	if parts.ca, err = authorityChain(ctx, s.Addresses.Authority); err != nil {
		return err
	}
	if parts.ca2, err = authorityChain(ctx, s.Addresses.Unlogged); err != nil {
		return err
	}
	if parts.tsa, err = pemChain(ctx, s.Addresses.Timestamp+"/certchain"); err != nil {
		return err
	}
	if _, err := get(ctx, s.Addresses.Log+"/healthz"); err != nil {
		return err
	}
	return s.describe(parts)
}

// process starts a service; what it says goes into a file named after it.
func (s *Stack) process(ctx context.Context, dir, program string, args ...string) error {
	log, err := os.CreateTemp(dir, filepath.Base(program)+"-*.log")
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, log, log
	if err := cmd.Start(); err != nil {
		return errors.Join(err, log.Close())
	}
	s.stop = append(s.stop, func() error {
		err := cmd.Process.Kill()
		_ = cmd.Wait() // it was killed
		return errors.Join(err, log.Close())
	})
	return nil
}

// ports finds free ports on loopback.
func ports(n int) ([]int, error) {
	var list []int
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer l.Close() // all at the end, so that they differ
		list = append(list, l.Addr().(*net.TCPAddr).Port)
	}
	return list, nil
}

// patience is how long a service may take until it answers.
const patience = 60 * time.Second

// get asks until a service answers.
func get(ctx context.Context, url string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return nil, err
		}
		resp, err := http.DefaultClient.Do(req)
		if err == nil {
			body, rerr := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
			resp.Body.Close()
			if rerr == nil && resp.StatusCode == http.StatusOK {
				return body, nil
			}
			err = errors.Join(rerr, fmt.Errorf("%s: %s", url, resp.Status))
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("the service does not come up: %w", err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func authorityChain(ctx context.Context, authority string) ([]*x509.Certificate, error) {
	raw, err := get(ctx, authority+"/api/v2/trustBundle")
	if err != nil {
		return nil, err
	}
	var b struct {
		Chains []struct {
			Certificates []string `json:"certificates"`
		} `json:"chains"`
	}
	if err := json.Unmarshal(raw, &b); err != nil || len(b.Chains) == 0 {
		return nil, fmt.Errorf("trust bundle of the authority: %w", err)
	}
	var text []byte
	for _, c := range b.Chains[0].Certificates {
		text = append(text, c+"\n"...)
	}
	return certificates(text)
}

func pemChain(ctx context.Context, url string) ([]*x509.Certificate, error) {
	raw, err := get(ctx, url)
	if err != nil {
		return nil, err
	}
	return certificates(raw)
}

func certificates(text []byte) ([]*x509.Certificate, error) {
	var list []*x509.Certificate
	for {
		block, rest := pem.Decode(text)
		if block == nil {
			break
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		list, text = append(list, c), rest
	}
	if len(list) == 0 {
		return nil, errors.New("no certificates")
	}
	return list, nil
}

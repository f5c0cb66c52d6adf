package fetch

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"

	"github.com/google/osv-scalibr/clients/datasource"
)

// An NPMConfig is what the reviewer's npm configuration says about registries.
type NPMConfig struct{ registries datasource.NPMRegistryConfig }

// LoadNPM reads the reviewer's npm configuration by osv-scalibr's reader: npm's
// built-in file, the global and the user's one, and npm_config_ variables. As
// project directory it is given an empty one made below scratch, so that an
// .npmrc in a vendor's tree is never read. It starts no process: the reader
// looks npm up in PATH only to find the built-in file beside it.
func LoadNPM(scratch string) (*NPMConfig, error) {
	if err := os.MkdirAll(scratch, 0o700); err != nil {
		return nil, fmt.Errorf("make the scratch directory: %w", err)
	}
	empty, err := os.MkdirTemp(scratch, "npm-*")
	if err != nil {
		return nil, fmt.Errorf("make an empty project directory: %w", err)
	}
	registries, err := datasource.LoadNPMRegistryConfig(empty)
	if err := errors.Join(err, os.Remove(empty)); err != nil {
		return nil, refuse(BadConfig, "npm", "the npm configuration does not read").because(err).hint("see `npm config list`")
	}
	return &NPMConfig{registries}, nil
}

// registry is the address of the registry for a package, by its scope.
func (n *NPMConfig) registry(name string) (*url.URL, error) {
	base := n.registries.ScopeURLs[""]
	if scope, _, ok := strings.Cut(name, "/"); ok {
		if own, ok := n.registries.ScopeURLs[scope]; ok {
			base = own
		}
	}
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" {
		return nil, refuse(BadConfig, "npm", "the registry address is not a plain one").hint("see `npm config get registry`")
	}
	return u, nil
}

// auth is what npm would send to an address: credentials are bound to a host and
// a path there, and go nowhere else, whatever a registry redirects to.
func (n *NPMConfig) auth(u *url.URL) string {
	a := n.registries.Auths.GetAuth(u.String())
	switch {
	case a == nil:
		return ""
	case a.BearerToken != "":
		return "Bearer " + a.BearerToken
	case a.BasicAuth != "":
		return "Basic " + a.BasicAuth
	}
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(a.Username+":"+a.Password))
}

// npmConfig loads the configuration on first need.
func (c *Client) npmConfig() (*NPMConfig, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.npm == nil {
		n, err := LoadNPM(c.opt.Scratch)
		if err != nil {
			return nil, err
		}
		c.npm = n
	}
	for _, registry := range c.npm.registries.ScopeURLs {
		c.guard.trust(registry)
	}
	return c.npm, nil
}

package sign

import (
	"cmp"
	"slices"
	"time"

	"github.com/proffer-audit/proffer/attest/strictjson"
)

// configType is the media type of the signing configuration that is read.
const configType = "application/vnd.dev.sigstore.signingconfig.v0.2+json"

// maxConfig caps a signing configuration, in bytes.
const maxConfig = 1 << 20

// A Service is where one service is, and which version of its API it speaks.
type Service struct {
	URL     string
	Version int
}

// Services are where to sign: at most one authority and issuer, any number of
// logs and timestamp authorities.
type Services struct {
	Authority  Service // Fulcio
	Issuer     Service // OpenID Connect, for the device flow
	Logs       []Service
	Timestamps []Service
}

// config is a signing_config.json v0.2.
type config struct {
	MediaType  string     `json:"mediaType"`
	CA         []endpoint `json:"caUrls"`
	OIDC       []endpoint `json:"oidcUrls"`
	Logs       []endpoint `json:"rekorTlogUrls"`
	Timestamps []endpoint `json:"tsaUrls"`
	LogRule    rule       `json:"rekorTlogConfig"`
	TimeRule   rule       `json:"tsaConfig"`
}

type endpoint struct {
	URL      string `json:"url"`
	Version  int    `json:"majorApiVersion"`
	ValidFor struct {
		Start time.Time `json:"start"`
		End   time.Time `json:"end"`
	} `json:"validFor"`
	Operator string `json:"operator"`
}

// rule says how many services of a kind are to be used.
type rule struct {
	Selector string `json:"selector"`
	Count    int    `json:"count"`
}

// The versions of the services' APIs that are spoken here, best first.
func versionsOfOne() []int  { return []int{1} }
func versionsOfLogs() []int { return []int{2, 1} }

// ParseConfig reads a signing_config.json v0.2 and picks the services to use at
// an instant: of the best version that is spoken here, valid then, one for each
// operator, the newest first.
func ParseConfig(data []byte, at time.Time) (Services, error) {
	var c config
	var s Services
	if err := strictjson.Unmarshal(data, &c, strictjson.Limits{Bytes: maxConfig}); err != nil {
		return s, refuse(BadConfig, "read the signing configuration").because(err).hint("a signing_config.json v0.2 is wanted, as trust init writes it")
	}
	if c.MediaType != configType {
		return s, refuse(BadConfig, "the signing configuration is %.80q, not %s", c.MediaType, configType)
	}
	if ca := usable(c.CA, versionsOfOne(), at); len(ca) > 0 {
		s.Authority = ca[0]
	}
	if oidc := usable(c.OIDC, versionsOfOne(), at); len(oidc) > 0 {
		s.Issuer = oidc[0]
	}
	var err error
	if s.Logs, err = c.LogRule.pick("transparency log", len(c.Logs), usable(c.Logs, versionsOfLogs(), at)); err != nil {
		return Services{}, err
	}
	if s.Timestamps, err = c.TimeRule.pick("timestamp authority", len(c.Timestamps), usable(c.Timestamps, versionsOfOne(), at)); err != nil {
		return Services{}, err
	}
	return s, nil
}

// usable lists the services of the best version that has any, the newest of each
// operator.
func usable(list []endpoint, versions []int, at time.Time) []Service {
	list = slices.SortedStableFunc(slices.Values(list), func(a, b endpoint) int {
		return cmp.Compare(b.ValidFor.Start.Unix(), a.ValidFor.Start.Unix())
	})
	for _, v := range versions {
		var out []Service
		operators := map[string]bool{}
		for _, e := range list {
			if e.Version == v && e.valid(at) && !operators[e.Operator] {
				operators[e.Operator] = true
				out = append(out, Service{e.URL, v})
			}
		}
		if len(out) > 0 {
			return out
		}
	}
	return nil
}

func (e endpoint) valid(at time.Time) bool {
	return !at.Before(e.ValidFor.Start) && (e.ValidFor.End.IsZero() || !at.After(e.ValidFor.End))
}

// pick takes as many as the rule says. A configuration may name no service of a
// kind; naming some of which none can be used is an error.
func (r rule) pick(kind string, named int, list []Service) ([]Service, error) {
	if named == 0 {
		return nil, nil
	}
	n := 1
	switch r.Selector {
	case "ALL":
		n = len(list)
	case "ANY", "":
	case "EXACT":
		n = r.Count
	default:
		return nil, refuse(BadConfig, "the signing configuration selects its %s by %.40q", kind, r.Selector)
	}
	if n < 1 || n > len(list) {
		return nil, refuse(NoService, "the signing configuration names no %s that can be used now, or too few", kind).
			hint("get a newer configuration with trust init")
	}
	return list[:n], nil
}

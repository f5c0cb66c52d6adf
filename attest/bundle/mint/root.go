package mint

import (
	"crypto/x509"
	"encoding/json"
	"time"
)

// Root is what a trusted_root.json names.
type Root struct {
	CAs  []*CA
	CTs  []*CT
	Logs []*Log
	TSAs []*TSA
}

// JSON is the trusted_root.json.
func (r Root) JSON() []byte {
	var cas, cts, logs, tsas []object
	for _, c := range r.CAs {
		cas = append(cas, authorityJSON(c.URI, c.Trusted, c.Middle, c.Root))
	}
	for _, c := range r.CTs {
		id := c.key.ID()
		cts = append(cts, logJSON(c.URI, c.key, id[:], c.Trusted))
	}
	for _, l := range r.Logs {
		logs = append(logs, logJSON("https://"+l.Host, l.Key, l.id, l.Trusted))
	}
	for _, t := range r.TSAs {
		tsas = append(tsas, authorityJSON(t.URI, t.Trusted, t.Leaf, t.Middle, t.Root))
	}
	return must(json.Marshal(object{
		"mediaType":              "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
		"certificateAuthorities": orEmpty(cas), "ctlogs": orEmpty(cts), "tlogs": orEmpty(logs), "timestampAuthorities": orEmpty(tsas),
	}))
}

func orEmpty(list []object) []object {
	if list == nil {
		return []object{}
	}
	return list
}

func authorityJSON(uri string, valid Window, chain ...*x509.Certificate) object {
	var certs []object
	for _, c := range chain {
		certs = append(certs, object{"rawBytes": c.Raw})
	}
	top := chain[len(chain)-1].Subject
	return object{
		"uri": uri, "subject": object{"organization": top.Organization[0], "commonName": top.CommonName},
		"certChain": object{"certificates": certs}, "validFor": valid.json(),
	}
}

func logJSON(uri string, key *Key, id []byte, valid Window) object {
	return object{
		"baseUrl": uri, "hashAlgorithm": "SHA2_256", "logId": object{"keyId": id},
		"publicKey": object{"rawBytes": key.spki, "keyDetails": key.details(), "validFor": valid.json()},
	}
}

func (w Window) json() object {
	o := object{"start": w.Start.UTC().Format(time.RFC3339)}
	if !w.End.IsZero() {
		o["end"] = w.End.UTC().Format(time.RFC3339)
	}
	return o
}

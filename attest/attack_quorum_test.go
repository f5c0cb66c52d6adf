package attest_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/proffer-audit/proffer/attest"
	"github.com/proffer-audit/proffer/attest/bundle/mint"
	"github.com/proffer-audit/proffer/attest/trust"
)

// oneKey lists one key twice, in several spellings of its file, and lets it speak
// twice.
func (w *world) oneKey() {
	spellings := map[string]func([]byte) []byte{
		"as it is": func(b []byte) []byte { return b },
		"CRLF":     func(b []byte) []byte { return bytes.ReplaceAll(b, []byte("\n"), []byte("\r\n")) },
		"spaced":   func(b []byte) []byte { return append([]byte(" \n\t\n"), append(b, '\n', ' ')...) },
	}
	for _, kind := range []mint.Kind{mint.P256, mint.P384, mint.P521, mint.Ed25519} {
		k := mint.NewKey(kind, attackSeed+string(kind))
		one := trust.Principal{Name: "first", Organisation: "o1", Key: k.PEM()}
		honest := attest.Named{Name: "honest", Role: trust.Rebuilder, Artifact: "app", Bytes: dsse(built("app 1.0"), k)}
		for name, spell := range spellings {
			two := trust.Principal{Name: "second", Organisation: "o2", Key: spell(k.PEM())}
			for form, evil := range map[string][]byte{
				"envelope": dsse(append([]byte(" "), built("app 1.0")...), k), "bundle": w.keyBundle(built("app 1.0"), k),
			} {
				w.scene(fmt.Sprintf("%s %s %s", kind, name, form), attest.DuplicatePrincipal, false, []string{trust.ByOrganisation}, []trust.Principal{one, two}, honest, file(evil))
			}
		}
	}
	w.twin(w.keyed(), dsse(built("app 1.0"), w.second))
}

// repeated puts one signature into an envelope several times, under other ids.
func (w *world) repeated() {
	principals := []trust.Principal{w.first(), w.keyed()}
	for n := 2; n <= 6; n++ {
		keys := slices.Repeat([]*mint.Key{w.honest}, n)
		w.scene(fmt.Sprintf("%d times", n), "", false, nil, principals, file(dsse(built("app 1.0"), keys...)))
		id := w.second.ID()
		posing := reshape(dsse(built("app 1.0"), keys...), func(m map[string]any) {
			for _, s := range m["signatures"].([]any)[1:] {
				s.(map[string]any)["keyid"] = b64(id[:])
			}
		})
		w.scene(fmt.Sprintf("%d times, posing as another", n), "", false, nil, principals, file(posing))
	}
	w.scene("beside a stranger's", "", false, nil, principals, file(dsse(built("app 1.0"), w.honest, w.stranger)))
	w.scene("benign", "", true, nil, principals, file(dsse(built("app 1.0"), w.honest, w.second)))
}

// oneParty lets the honest party speak again, in every format.
func (w *world) oneParty() {
	again := dsse(append([]byte("\n"), built("app 1.0")...), w.honest)
	for name, b := range map[string][]byte{
		"envelope": again, "bundle": w.keyBundle(built("app 1.0"), w.honest), "link": link("rebuild app", "app 1.0", w.honest),
		"lines":       slices.Concat(again, []byte("\n"), dsse(built("app 1.0"), w.honest), []byte("\n")),
		"old version": dsse(bytes.Replace(built("app 1.0"), []byte("Statement/v1"), []byte("Statement/v0.1"), 1), w.honest),
		"older":       dsse(stated(subjectJSON("app 1.0"), "https://slsa.dev/provenance/v0.2", `{"builder":{"id":"x"},"buildType":"y"}`), w.honest),
		"GitHub":      fmt.Appendf(nil, `{"attestations":[{"bundle":%s}]}`, w.keyBundle(built("app 1.0"), w.honest)),
		"npm":         fmt.Appendf(nil, `{"attestations":[{"predicateType":%q,"bundle":%s}]}`, slsa1, w.keyBundle(built("app 1.0"), w.honest)),
	} {
		w.attack(name, attest.DuplicatePrincipal, w.keyed(), b)
	}
	w.twin(w.keyed(), link("rebuild app", "app 1.0", w.second))
	w.twin(w.keyed(), fmt.Appendf(nil, `{"attestations":[{"bundle":%s}]}`, w.keyBundle(built("app 1.0"), w.second)))
}

// signedAgain takes what the second party says and signs it as somebody else.
func (w *world) signedAgain() {
	good := dsse(built("app 1.0"), w.second)
	id := w.second.ID()
	for _, kind := range []mint.Kind{mint.P256, mint.P384, mint.P521, mint.Ed25519} {
		k := mint.NewKey(kind, attackSeed+"thief"+string(kind))
		w.attack(string(kind)+" envelope", attest.UntrustedSigner, w.keyed(), dsse(built("app 1.0"), k))
		w.attack(string(kind)+" bundle", attest.UntrustedSigner, w.keyed(), w.keyBundle(built("app 1.0"), k))
		w.attack(string(kind)+" bundle, another's hint", attest.BadSignature, w.keyed(),
			w.own.Bundle(mint.Request{Payload: built("app 1.0"), Key: k, Hint: b64(id[:])}))
		w.attack(string(kind)+" envelope, another's id", attest.BadSignature, w.keyed(), reshape(dsse(built("app 1.0"), k), func(m map[string]any) {
			m["signatures"].([]any)[0].(map[string]any)["keyid"] = b64(id[:])
		}))
	}
	w.attack("signature moved to another statement", attest.BadSignature, w.keyed(), reshape(good, func(m map[string]any) { m["payload"] = b64(append([]byte(" "), built("app 1.0")...)) }))
	w.attack("link signed by a stranger", attest.UntrustedSigner, w.keyed(), link("rebuild app", "app 1.0", w.stranger))
	w.attack("an identity's bundle, where a key is due", attest.UntrustedSigner, w.keyed(), w.as(built("app 1.0")))
	w.attack("a key's bundle, where an identity is due", attest.UntrustedSigner, w.named(), w.keyBundle(built("app 1.0"), w.second))
	w.attack("another identity", attest.WrongIdentity, w.named(), w.own.Bundle(mint.Request{Payload: built("app 1.0"), Identity: vendorlike()}))
	w.attack("certificate of the one, signature of the other", attest.BadSignature, w.named(), reshape(w.as(built("app 1.0")), func(m map[string]any) {
		var o map[string]any
		if err := json.Unmarshal(w.as(built("app 1.0")), &o); err != nil {
			panic(err)
		}
		in(m, "verificationMaterial")["certificate"] = in(o, "verificationMaterial")["certificate"]
	}))
	w.twin(w.keyed(), good)
	w.twin(w.named(), w.as(built("app 1.0")))
}

// vendorlike is an identity that the policy lists nowhere.
func vendorlike() mint.Identity {
	return mint.GitHub("mallory/farm", "rebuild.yml", "refs/heads/main", strings.Repeat("c", 40))
}

// twoIssuers has one name vouched for by another issuer.
func (w *world) twoIssuers() {
	for _, other := range []string{
		ciIssuer + "/", ciIssuer + "/mallory", "http://token.actions.githubusercontent.com", "https://token.actions.githubusercontent.com.mallory.example",
		strings.ToUpper(ciIssuer), "https://accounts.example", ciIssuer + " ", "https://token.actions.githubusercontent.co\u043c", ciIssuer + "?x", "",
	} {
		id := rebuilderCI()
		id.Issuer = other
		want := attest.WrongIdentity
		w.attack(fmt.Sprintf("issuer %q", other), want, w.named(), w.own.Bundle(mint.Request{Payload: built("app 1.0"), Identity: id}))
	}
	id := rebuilderCI()
	id.Issuer = "https://accounts.example"
	one, two := w.named(), w.named()
	one.Name, two.Name, two.Issuer = "a", "b", id.Issuer
	honest, again := w.as(built("app 1.0")), w.own.Bundle(mint.Request{Payload: built("app 1.0"), Identity: id})
	as := func(n attest.Named, name string) attest.Named { n.Name = name; return n }
	w.scene("both listed, in one organisation", attest.NotIndependent, false, []string{trust.ByOrganisation}, []trust.Principal{one, two}, as(file(honest), "honest"), file(again))
	two.Organisation = "o3"
	w.scene("benign", "", true, []string{trust.ByOrganisation, trust.ByIssuer}, []trust.Principal{one, two}, as(file(honest), "honest"), file(again))
}

// dependence has two parties share what the policy wants to differ.
func (w *world) dependence() {
	person := func(a *mint.Authority, name, issuer string, r mint.Request) attest.Named {
		r.Payload, r.Identity = built("app 1.0"), mint.Email(name+"@farm.example", issuer)
		n := file(a.Bundle(r))
		if name == "ann" {
			n.Name = "honest"
		}
		return n
	}
	who := func(name, organisation, issuer, root string) trust.Principal {
		return trust.Principal{Name: name, Organisation: organisation, Identity: name + "@farm.example", Issuer: issuer, Root: root}
	}
	const i1, i2 = "https://one.example", "https://two.example"
	ann, none := who("ann", "o1", i1, "own"), mint.Request{}
	for name, tt := range map[string]struct {
		by     []string
		second trust.Principal
		evil   attest.Named
	}{
		"one organisation":               {[]string{trust.ByOrganisation}, who("bob", "o1", i2, "other"), person(w.other, "bob", i2, none)},
		"one issuer":                     {[]string{trust.ByIssuer}, who("bob", "o2", i1, "other"), person(w.other, "bob", i1, none)},
		"one issuer, by default of all":  {[]string{trust.ByPrincipal, trust.ByOrganisation, trust.ByIssuer}, who("bob", "o2", i1, "other"), person(w.other, "bob", i1, none)},
		"one root":                       {[]string{trust.ByRoot}, who("bob", "o2", i2, "own"), person(w.own, "bob", i2, mint.Request{Via: []*mint.Log{w.own.Rekor2}})},
		"one log":                        {[]string{trust.ByLog}, who("bob", "o2", i2, "own"), person(w.own, "bob", i2, none)},
		"one log of two":                 {[]string{trust.ByLog}, who("bob", "o2", i2, "own"), person(w.own, "bob", i2, mint.Request{Via: []*mint.Log{w.own.Rekor1, w.own.Rekor2}})},
		"one root and another log":       {[]string{trust.ByRoot, trust.ByLog}, who("bob", "o2", i2, "own"), person(w.own, "bob", i2, mint.Request{Via: []*mint.Log{w.own.Rekor2}})},
		"all but the organisation":       {trust.Independences(), who("bob", "o1", i2, "other"), person(w.other, "bob", i2, none)},
		"one key under two certificates": {nil, who("bob", "o2", i2, "other"), person(w.other, "bob", i2, mint.Request{LeafKey: w.third})},
	} {
		honest := person(w.own, "ann", i1, none)
		if name == "one key under two certificates" {
			honest = person(w.own, "ann", i1, mint.Request{LeafKey: w.third})
		}
		w.scene(name, attest.NotIndependent, false, tt.by, []trust.Principal{ann, tt.second}, honest, tt.evil)
	}
	sameKey := []trust.Principal{ann, {Name: "bob", Organisation: "o2", Key: w.second.PEM()}}
	w.scene("a listed key under a certificate", attest.NotIndependent, false, nil, sameKey,
		person(w.own, "ann", i1, mint.Request{LeafKey: w.second}), file(dsse(built("app 1.0"), w.second)))
	w.scene("benign", "", true, trust.Independences(), []trust.Principal{ann, who("bob", "o2", i2, "other")}, person(w.own, "ann", i1, none), person(w.other, "bob", i2, none))
	w.scene("benign, another log of one sigstore", "", true, []string{trust.ByLog}, []trust.Principal{ann, who("bob", "o2", i2, "own")},
		person(w.own, "ann", i1, none), person(w.own, "bob", i2, mint.Request{Via: []*mint.Log{w.own.Rekor2}}))
	w.scene("benign, a key beside a certificate of another", "", true, trust.Independences(), sameKey, person(w.own, "ann", i1, none), file(dsse(built("app 1.0"), w.second)))
}

// oneLog lets one log's key stand in the trusted roots under two names.
func (w *world) oneLog() {
	const host = "log.second.example"
	for name, protocol := range map[string]func(a *mint.Authority) *mint.Log{
		"rekor 1": func(a *mint.Authority) *mint.Log { return a.Rekor1 }, "rekor 2": func(a *mint.Authority) *mint.Log { return a.Rekor2 },
	} {
		log := protocol(w.own)
		alias := log.As(host)
		both, alone := w.own.Root(), w.other.Root()
		both.Logs = append(both.Logs, alias)
		alone.Logs = []*mint.Log{alias}
		for layout, root := range map[string][]byte{"in one root": both.JSON(), "in two roots": alone.JSON()} {
			second := trust.Principal{Name: "second", Organisation: "o2", Identity: "bob@farm.example", Issuer: "https://two.example", Root: "alias"}
			one := w.named()
			from := w.own
			if layout == "in two roots" {
				from = w.other
			}
			honest := file(w.own.Bundle(mint.Request{Payload: built("app 1.0"), Identity: rebuilderCI(), Via: []*mint.Log{log}}))
			honest.Name = "honest"
			offer := func(via *mint.Log) attest.Named {
				return file(from.Bundle(mint.Request{Payload: built("app 1.0"), Identity: mint.Email(second.Identity, second.Issuer), Via: []*mint.Log{via}}))
			}
			one.Name, one.Organisation = "first", "o1"
			w.scene(name+" posing as two "+layout, attest.NotIndependent, false, []string{trust.ByLog}, []trust.Principal{one, second}, honest, offer(alias))
			w.scenes[len(w.scenes)-1].set.Roots["alias"] = root
			if layout == "in one root" {
				other := w.own.Rekor1
				if name == "rekor 1" {
					other = w.own.Rekor2
				}
				w.scene("benign, "+name, "", true, []string{trust.ByLog}, []trust.Principal{one, second}, honest, offer(other))
				w.scenes[len(w.scenes)-1].set.Roots["alias"] = root
			}
		}
	}
}

// oneOrganisation gives one organisation two names.
func (w *world) oneOrganisation() {
	by := []string{trust.ByOrganisation}
	second := w.keyed()
	for _, spelling := range []string{"ACME", "acme", "Ac me", "Acme.", "A-c-m-e", "Acme\u00a0"} {
		one, two := w.first(), second
		one.Organisation, two.Organisation = "Acme", spelling
		w.scene(fmt.Sprintf("in another spelling %q", spelling), attest.BadPolicy, false, by, []trust.Principal{one, two}, w.spoken(), file(dsse(built("app 1.0"), w.second)))
	}
	both := w.first()
	both.Name, both.Organisation = "first again", "o2"
	w.scene("the first party belongs to both", attest.NotIndependent, false, by, []trust.Principal{w.first(), both, second}, w.spoken(), file(dsse(built("app 1.0"), w.second)))
	bridge := []trust.Principal{{Name: "bridge", Organisation: "o1", Key: w.third.PEM()}, {Name: "bridge again", Organisation: "o2", Key: w.third.PEM()}}
	w.scene("a third party belongs to both", attest.NotIndependent, false, by, append(bridge, w.first(), second), w.spoken(), file(dsse(built("app 1.0"), w.second)))
	w.scene("benign", "", true, by, []trust.Principal{w.first(), second, {Name: "third", Organisation: "o2", Key: w.third.PEM()}}, w.spoken(), file(dsse(built("app 1.0"), w.second)))
}

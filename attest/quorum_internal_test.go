package attest

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/proffer-audit/proffer/attest/trust"
)

// small is a policy of at most eight parties, and at most eight attestations.
type small struct {
	role     *role
	parties  []*party
	voices   []*voice
	subjects []Subject
	keys     []*trust.Public
}

// invent makes a small policy: few organisations, issuers, roots and logs, keys
// and patterns among the parties, signers that fit several, keys that two share.
func invent(r *rand.Rand, keys []*trust.Public) small {
	s := small{keys: keys, role: &role{Role: trust.Role{Name: trust.Rebuilder, Threshold: 1 + r.IntN(4)}}}
	for _, by := range trust.Independences() {
		if r.IntN(3) == 0 {
			s.role.DistinctBy = append(s.role.DistinctBy, by)
		}
	}
	pick := func(kind string, n int) string { return fmt.Sprint(kind, r.IntN(n)) }
	for i := range 1 + r.IntN(5) {
		p := &principal{Principal: trust.Principal{Name: fmt.Sprint("p", i), Organisation: pick("o", 4), Issuer: pick("i", 3)}}
		p.root = &anchor{authorities: merged([]string{pick("r", 2)}, []string{pick("r", 2)}), logs: merged([]string{pick("l", 3)}, []string{pick("l", 3)})}
		switch r.IntN(4) {
		case 0:
			n := r.IntN(len(keys))
			p.key, p.root, p.id, p.Issuer = keys[n], nil, fmt.Sprint("key", n), ""
		case 1:
			p.pattern, p.id = new(regexp.Regexp), pick("match", 3)
		default:
			p.id = pick("identity", 6)
		}
		s.role.known = append(s.role.known, p)
	}
	s.subjects = []Subject{{Name: "f"}}
	if r.IntN(3) == 0 {
		s.subjects = append(s.subjects, Subject{Name: "g"}, Subject{Name: "whole", Whole: true})
	}
	s.parties = s.role.parties()
	for n := range r.IntN(9) {
		if v := s.speak(r, n); v != nil {
			s.voices = append(s.voices, v)
		}
	}
	return s
}

// speak makes one voice, of a party and perhaps of the patterns that fit too.
func (s *small) speak(r *rand.Rand, n int) *voice {
	k := s.role.known[r.IntN(len(s.role.known))]
	v := &voice{item: &item{file: &offered{Named: Named{Name: fmt.Sprintf("b%d", n)}}}, by: []*principal{k}, signer: k.id, key: fmt.Sprint("k", n), root: k.id}
	if r.IntN(6) == 0 {
		v.key = "k0"
	}
	if k.pattern != nil {
		v.signer = fmt.Sprint("identity", r.IntN(8))
	}
	if k.key != nil {
		v.root, v.key = k.key.ID(), k.key.ID()
	} else {
		if r.IntN(8) == 0 {
			v.key = s.keys[r.IntN(len(s.keys))].ID()
		}
		v.root = k.root.authorities[r.IntN(len(k.root.authorities))]
		v.logs = merged(k.root.logs[:1], k.root.logs[r.IntN(len(k.root.logs)):][:1])
		for _, other := range s.role.known {
			if other != k && other.key == nil && (other.id == v.signer || other.pattern != nil && r.IntN(2) == 0) {
				v.by = append(v.by, other)
			}
		}
	}
	v.subjects = []string{s.subjects[r.IntN(len(s.subjects))].Name}
	return v
}

// brute answers by trying everything: who is in, each by which voice or imagined
// word, for one target.
type brute struct {
	*small
	options [][]option // of each party
}

// option is one way in which a party may be counted.
type option struct {
	signer, key, root string
	logs              []string
	cost              int
	name              string
}

func (s *small) brute(t target) *brute {
	b := &brute{small: s}
	for _, p := range s.parties {
		var own []option
		for _, v := range s.voices {
			if slices.ContainsFunc(v.by, func(k *principal) bool { return k.id == p.id }) && (v.subjects[0] == t.name || slices.Contains(t.by, v.subjects[0])) {
				own = append(own, option{v.signer, v.key, v.root, v.logs, 0, ""})
			}
		}
		b.options = append(b.options, append(own, s.words(p, len(own) > 0)...))
	}
	return b
}

// words are what a party could say, by every authority and log of its root.
func (s *small) words(p *party, spoke bool) []option {
	o := option{signer: p.id, key: "fresh " + p.id, cost: 1, name: p.shown()}
	if p.many {
		o.signer = "another of " + p.id
	}
	if p.key {
		o.root, o.key = p.roots[0], p.roots[0]
		if spoke {
			return nil
		}
		return []option{o}
	}
	var out []option
	for _, root := range p.roots {
		for _, log := range p.logs {
			o.root, o.logs = root, []string{log}
			switch {
			case !spoke:
			case p.many:
				o.name = p.shown() + " by another signer"
			case s.role.Distinct(trust.ByRoot) || s.role.Distinct(trust.ByLog):
				o.name = p.shown() + " under another root or log"
			default:
				o.name = p.shown() + " with another key"
			}
			out = append(out, o)
		}
	}
	return out
}

func (b *brute) clash(p, q *party, x, y option) bool {
	in := b.role.Distinct
	return x.signer == y.signer || x.key == y.key ||
		in(trust.ByIssuer) && p.issuer == q.issuer ||
		in(trust.ByOrganisation) && b.sameOrganisation(p, q) ||
		in(trust.ByRoot) && x.root == y.root ||
		in(trust.ByLog) && slices.ContainsFunc(x.logs, func(l string) bool { return slices.Contains(y.logs, l) })
}

// sameOrganisation walks from party to party along shared organisations.
func (b *brute) sameOrganisation(p, q *party) bool {
	reached := map[*party]bool{p: true}
	for changed := true; changed; {
		changed = false
		for _, x := range b.parties {
			for _, y := range b.parties {
				if reached[x] && !reached[y] && slices.ContainsFunc(x.organisations, func(o string) bool { return slices.Contains(y.organisations, o) }) {
					reached[y], changed = true, true
				}
			}
		}
	}
	return reached[q]
}

// every calls found with each choice of independent options: their number, their
// cost, and the names of those that are imagined.
func (b *brute) every(i int, taken []int, found func(n, cost int, names []string)) {
	if i == len(b.parties) {
		n, cost := 0, 0
		var names []string
		for p, o := range taken {
			if o < 0 {
				continue
			}
			n++
			if x := b.options[p][o]; x.cost > 0 {
				cost++
				names = append(names, x.name)
			}
		}
		found(n, cost, names)
		return
	}
	b.every(i+1, append(taken, -1), found)
	for o, x := range b.options[i] {
		ok := true
		for p, other := range taken {
			ok = ok && (other < 0 || !b.clash(b.parties[i], b.parties[p], x, b.options[p][other]))
		}
		if ok {
			b.every(i+1, append(slices.Clone(taken), o), found)
		}
	}
}

// answer gives how many have spoken independently, how many more are the fewest
// that would do (-1 if none would), how many could at all, and who is in some
// fewest choice.
func (b *brute) answer() (most, fewest, could int, who []string) {
	fewest = -1
	in := map[string]bool{}
	b.every(0, nil, func(n, cost int, names []string) {
		if cost == 0 {
			most = max(most, n)
		}
		could = max(could, n)
		if n != b.role.Threshold {
			return
		}
		if fewest < 0 || cost < fewest {
			fewest, in = cost, map[string]bool{}
		}
		if cost == fewest {
			for _, name := range names {
				in[name] = true
			}
		}
	})
	for name := range in {
		who = append(who, name)
	}
	slices.Sort(who)
	return most, fewest, could, who
}

// TestMissingEqualsBruteForce: who counts, whether that meets the role, and the
// smallest evidence that is missing are what trying everything gives, in less
// than 50 ms each.
func TestMissingEqualsBruteForce(t *testing.T) {
	var keys []*trust.Public
	for range 4 {
		k, err := trust.ParsePublic(newPEM(t))
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, k)
	}
	met, unmet, hopeless, again, slowest := 0, 0, 0, 0, time.Duration(0)
	for seed := range uint64(1500) {
		s := invent(rand.New(rand.NewPCG(seed, 7)), keys)
		j := &judge{subjects: s.subjects}
		var v RoleVerdict
		took := time.Hour
		for range 3 { // the least of three: the machine does other things as well
			v = RoleVerdict{Demanded: true}
			start := time.Now()
			j.count(s.role, s.voices, &v)
			took = min(took, time.Since(start))
		}
		slowest = max(slowest, took)
		least, gaps := len(s.parties), map[string]bool{}
		for _, target := range j.targets() {
			most, fewest, could, who := s.brute(target).answer()
			least = min(least, most)
			gap := fmt.Sprintf("the policy lists too few independent principals: %d of rebuilder demanded, %d could count", s.role.Threshold, could)
			if fewest >= 0 {
				gap = fmt.Sprintf("%d more rebuilder of: %s", fewest, strings.Join(who, ", "))
			}
			if most < s.role.Threshold {
				gaps[gap] = true
			}
		}
		if v.Count != least || v.Met != (least >= s.role.Threshold) {
			t.Fatalf("seed %d: %d count, met %v; brute force finds %d of %d", seed, v.Count, v.Met, least, s.role.Threshold)
		}
		if got := missingOf(v.Missing.String()); !equalSets(got, gaps) {
			t.Fatalf("seed %d: missing %v, brute force says %v", seed, got, gaps)
		}
		switch text := v.Missing.String(); {
		case v.Met:
			met++
		case strings.Contains(text, "too few"):
			hopeless++
		case strings.Contains(text, "another"):
			again++
		default:
			unmet++
		}
	}
	t.Logf("%d met, %d unmet, %d in another way, %d hopeless; slowest %v", met, unmet, again, hopeless, slowest)
	if met < 100 || unmet < 100 || hopeless < 100 || again < 50 {
		t.Errorf("the policies are too much alike: %d met, %d unmet, %d in another way, %d hopeless", met, unmet, again, hopeless)
	}
	if slowest > 50*time.Millisecond {
		t.Errorf("the slowest verdict took %v", slowest)
	}
}

func newPEM(t *testing.T) []byte {
	t.Helper()
	_, public, err := trust.NewKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	return public
}

// missingOf takes a sentence apart: its parts without their targets, the names
// sorted.
func missingOf(text string) map[string]bool {
	out := map[string]bool{}
	if text == "" {
		return out
	}
	for part := range strings.SplitSeq(text, "; ") {
		part, _, _ = strings.Cut(part, ", for ")
		if head, names, ok := strings.Cut(part, " of: "); ok {
			list := strings.Split(names, ", p")
			for i := range list[1:] {
				list[i+1] = "p" + list[i+1]
			}
			slices.Sort(list)
			part = head + " of: " + strings.Join(list, ", ")
		}
		out[part] = true
	}
	return out
}

func equalSets(a, b map[string]bool) bool {
	if len(a) != len(b) {
		return false
	}
	for k := range a {
		if !b[k] {
			return false
		}
	}
	return true
}

// A large policy of nothing but conflicts ends soon, and never overcounts.
func TestSearchIsBounded(t *testing.T) {
	r := &role{Role: trust.Role{Name: trust.Rebuilder, Threshold: 40, DistinctBy: []string{trust.ByLog}}}
	var all []candidate
	for i := range 60 {
		p := &party{id: fmt.Sprint(i), name: fmt.Sprint(i), group: i}
		all = append(all, candidate{party: p, signer: p.id, logs: []string{fmt.Sprint("a", i%30), fmt.Sprint("b", (i*7)%31)}})
	}
	start := time.Now()
	got := r.independent(all, 0)
	if took := time.Since(start); took > 20*time.Second {
		t.Errorf("took %v", took)
	}
	for i, a := range got {
		for _, b := range got[:i] {
			if r.conflict(a, b) {
				t.Errorf("%s and %s are not independent", a.party.name, b.party.name)
			}
		}
	}
	if len(got) == 0 {
		t.Error("nobody counted")
	}
}

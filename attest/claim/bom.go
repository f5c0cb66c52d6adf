package claim

import (
	"encoding/json"
	"fmt"
)

// bom is the part of a CycloneDX document (ECMA-424, version 1.6 for the
// declarations) that says something about its subject. The components are read
// by the inventory.
type bom struct {
	Format       string        `json:"bomFormat"`
	Declarations *declarations `json:"declarations"`
}

type declarations struct {
	Assessors []struct {
		Ref          string `json:"bom-ref"`
		ThirdParty   bool   `json:"thirdParty"`
		Organization *struct {
			Name string `json:"name"`
		} `json:"organization"`
	} `json:"assessors"`
	Attestations []struct {
		Assessor string      `json:"assessor"`
		Map      []assertion `json:"map"`
	} `json:"attestations"`
	Claims []struct {
		Ref       string   `json:"bom-ref"`
		Predicate string   `json:"predicate"`
		Counter   []string `json:"counterEvidence"`
	} `json:"claims"`
}

type assertion struct {
	Requirement   string   `json:"requirement"`
	Claims        []string `json:"claims"`
	CounterClaims []string `json:"counterClaims"`
	Conformance   *struct {
		Score *float64 `json:"score"`
	} `json:"conformance"`
}

// readBOM reads a CycloneDX document. Without attestations it tells and does not
// judge. With them it says yes when every requirement that was assessed is
// scored as met in full and nothing is held against it; it says no as soon as
// one is not. A requirement that nobody scored leaves it at telling.
func (c *Claim) readBOM(raw json.RawMessage) error {
	var b bom
	if err := decode(raw, &b); err != nil {
		return err
	}
	c.Kind = BOM
	if b.Format != "CycloneDX" {
		return fmt.Errorf("bomFormat is %.40q, not \"CycloneDX\"", b.Format)
	}
	if b.Declarations == nil {
		return nil
	}
	if err := c.readDeclarations(b.Declarations); err != nil {
		return fmt.Errorf("declarations: %w", err)
	}
	c.judgeAssertions(b.Declarations)
	return nil
}

func (c *Claim) readDeclarations(d *declarations) error {
	if n := len(d.Assessors) + len(d.Attestations) + len(d.Claims); n > MaxList {
		return fmt.Errorf("%d entries, the limit is %d", n, MaxList)
	}
	words := map[string]string{} // of claims, by reference
	for _, cl := range d.Claims {
		if _, twice := words[cl.Ref]; twice || cl.Ref == "" {
			return fmt.Errorf("two claims are called %.80q, or one has no name", cl.Ref)
		}
		words[cl.Ref] = cl.Predicate
		if err := capped(cl.Ref, cl.Predicate); err != nil {
			return err
		}
	}
	type assessor struct {
		name  string
		third bool
	}
	who := map[string]assessor{}
	for _, a := range d.Assessors {
		if _, twice := who[a.Ref]; twice || a.Ref == "" {
			return fmt.Errorf("two assessors are called %.80q, or one has no name", a.Ref)
		}
		one := assessor{third: a.ThirdParty}
		if a.Organization != nil {
			one.name = a.Organization.Name
		}
		who[a.Ref] = one
		if err := capped(a.Ref, one.name); err != nil {
			return err
		}
	}
	for _, at := range d.Attestations {
		a, known := who[at.Assessor]
		if at.Assessor != "" && !known {
			return fmt.Errorf("assessor %.80q is not declared", at.Assessor)
		}
		if c.By == "" {
			c.By = a.name
		}
		for _, m := range at.Map {
			as, err := m.assertion(words)
			if err != nil {
				return err
			}
			as.Assessor, as.ThirdParty = a.name, a.third
			c.Assertions = append(c.Assertions, as)
		}
		if len(c.Assertions) > MaxList {
			return fmt.Errorf("more than %d assessed requirements", MaxList)
		}
	}
	return nil
}

// assertion follows the references of one assessed requirement to the words of
// its claims.
func (m assertion) assertion(words map[string]string) (Assertion, error) {
	as := Assertion{Requirement: m.Requirement}
	for _, side := range [...]struct {
		refs []string
		to   *[]string
	}{{m.Claims, &as.Claims}, {m.CounterClaims, &as.Against}} {
		for _, ref := range side.refs {
			word, known := words[ref]
			if !known {
				return as, fmt.Errorf("claim %.80q is not declared", ref)
			}
			*side.to = append(*side.to, word)
		}
	}
	if m.Conformance != nil && m.Conformance.Score != nil {
		as.Scored, as.Score = true, *m.Conformance.Score
		if as.Score < 0 || as.Score > 1 {
			return as, fmt.Errorf("score %g is not between 0 and 1", as.Score)
		}
	}
	return as, capped(m.Requirement)
}

func (c *Claim) judgeAssertions(d *declarations) {
	unscored := len(c.Assertions) == 0
	for _, a := range c.Assertions {
		switch {
		case len(a.Against) > 0:
			c.Verdict, c.Said = No, fmt.Sprintf("counterClaims against %.80q", a.Requirement)
			return
		case a.Scored && a.Score < 1:
			c.Verdict, c.Said = No, fmt.Sprintf("conformance.score %g of %.80q", a.Score, a.Requirement)
			return
		case !a.Scored:
			unscored = true
		}
	}
	for _, cl := range d.Claims {
		if len(cl.Counter) > 0 {
			c.Verdict, c.Said = No, fmt.Sprintf("counterEvidence against claim %.80q", cl.Ref)
			return
		}
	}
	if !unscored {
		c.Verdict, c.Said = Yes, fmt.Sprintf("conformance.score 1 of all %d requirements", len(c.Assertions))
	}
}

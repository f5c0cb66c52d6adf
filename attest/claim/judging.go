package claim

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/proffer-audit/proffer/attest/statement"
)

// readSummary reads a verification summary (slsa.dev/verification_summary/v1).
// It is refused when it passes something whose level it calls failed.
func (c *Claim) readSummary(raw json.RawMessage) error {
	var p struct {
		Verifier struct {
			ID string `json:"id"`
		} `json:"verifier"`
		Time   string       `json:"timeVerified"`
		Inputs []descriptor `json:"inputAttestations"`
		Result string       `json:"verificationResult"`
		Levels []string     `json:"verifiedLevels"`
	}
	if err := decode(raw, &p); err != nil {
		return err
	}
	c.Kind, c.By, c.Time, c.Levels = Summary, p.Verifier.ID, p.Time, p.Levels
	if err := c.word("verificationResult", p.Result, "PASSED"); err != nil {
		return err
	}
	if c.Verdict == Yes && slices.Contains(p.Levels, "FAILED") {
		return errors.New("verificationResult is PASSED and a verified level is FAILED")
	}
	var err error
	if c.Sources, err = resources(p.Inputs); err != nil {
		return fmt.Errorf("inputAttestations: %w", err)
	}
	return errors.Join(capped(c.By, c.Time), cappedList(p.Levels))
}

// readTestResult reads a test result (in-toto.io/attestation/test-result/v0.1).
// A warning is a no: whoever trusts it all the same can say so in a waiver.
func (c *Claim) readTestResult(raw json.RawMessage) error {
	var p struct {
		Result string       `json:"result"`
		Config []descriptor `json:"configuration"`
		Failed []string     `json:"failedTests"`
	}
	if err := decode(raw, &p); err != nil {
		return err
	}
	c.Kind = TestResult
	if err := c.word("result", p.Result, "PASSED"); err != nil {
		return err
	}
	if c.Verdict == Yes && len(p.Failed) > 0 {
		return errors.New("result is PASSED and failedTests has entries")
	}
	var err error
	if c.Sources, err = resources(p.Config); err != nil {
		return fmt.Errorf("configuration: %w", err)
	}
	return nil
}

// readProperties reads a simple verification result (in-toto.io/attestation/svr).
// It can only name what passed; without a property it says nothing.
func (c *Claim) readProperties(raw json.RawMessage) error {
	var p struct {
		Verifier struct {
			ID string `json:"id"`
		} `json:"verifier"`
		Time       string   `json:"timeCreated"`
		Properties []string `json:"properties"`
	}
	if err := decode(raw, &p); err != nil {
		return err
	}
	c.Kind, c.By, c.Time, c.Levels = Properties, p.Verifier.ID, p.Time, p.Properties
	if len(p.Properties) > 0 {
		c.Verdict, c.Said = Yes, fmt.Sprintf("%d properties", len(p.Properties))
	}
	return errors.Join(capped(c.By, c.Time), cappedList(p.Properties))
}

// readComparison reads our own comparison of a rebuild. Parts that contradict
// its level are refused.
func (c *Claim) readComparison(raw json.RawMessage) error {
	var p struct {
		Level      string      `json:"level"`
		Target     *descriptor `json:"target"`
		Candidate  *descriptor `json:"candidate"`
		Accounting *struct {
			Differing float64 `json:"differingBytes"`
		} `json:"accounting"`
	}
	if err := decode(raw, &p); err != nil {
		return err
	}
	c.Kind, c.Level = Comparison, p.Level
	if err := c.word("level", p.Level, goodLevels()...); err != nil {
		return err
	}
	if p.Level == goodLevels()[0] && p.Accounting != nil && p.Accounting.Differing != 0 {
		return errors.New("level is bit-identical and bytes differ")
	}
	for _, side := range [...]struct {
		from *descriptor
		to   **Resource
	}{{p.Target, &c.Target}, {p.Candidate, &c.Candidate}} {
		if side.from == nil {
			continue
		}
		r, err := side.from.resource()
		if err != nil {
			return err
		}
		*side.to = &r
	}
	if p.Level == goodLevels()[0] && c.Target != nil && c.Candidate != nil {
		same := statement.Statement{Subjects: []statement.Subject{{Digest: c.Candidate.Digest}}}
		if _, err := same.Match(c.Target.Digest); err != nil {
			return fmt.Errorf("level is bit-identical and the digests are not: %w", err)
		}
	}
	return capped(p.Level)
}

// readReport reads the result of our own report.
func (c *Claim) readReport(raw json.RawMessage) error {
	var p struct {
		Result string `json:"result"`
		AsOf   string `json:"asOf"`
	}
	if err := decode(raw, &p); err != nil {
		return err
	}
	c.Kind, c.Time = Report, p.AsOf
	if err := c.word("result", p.Result, "met"); err != nil {
		return err
	}
	return capped(p.AsOf)
}

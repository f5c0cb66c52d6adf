package compare

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/csv"
	"fmt"
	"strconv"
	"strings"

	"github.com/proffer-audit/proffer/audit/compare/sections"
)

// recordClass judges the RECORD of a wheel (PEP 376, PEP 427): a list of every
// file with its digest and length, which follows from the files.
func recordClass(a, b *sections.Layout, p string) (ClassName, string) {
	if err := recordHolds(a, p); err != nil {
		return WrongRecord, "the shipped file's is wrong: " + err.Error()
	}
	if err := recordHolds(b, p); err != nil {
		return Unexplained, "the rebuilt file's is wrong: " + err.Error()
	}
	return Derived, "recomputed on both sides from the members"
}

// recordHolds holds a RECORD to the archive that it lies in.
func recordHolds(l *sections.Layout, p string) error {
	members := map[string]sections.Member{}
	for _, m := range l.Members {
		if _, twice := members[m.Path]; twice {
			return fmt.Errorf("%.100q stands twice", m.Path)
		}
		members[m.Path] = m
	}
	record, err := members[p].Content()
	if err != nil {
		return err
	}
	rows, err := csv.NewReader(strings.NewReader(string(record))).ReadAll()
	if err != nil {
		return err
	}
	listed := map[string]bool{}
	for _, row := range rows {
		if len(row) != 3 {
			return fmt.Errorf("a row has %d fields", len(row))
		}
		listed[row[0]] = true
		if err := recordRow(members, row, p); err != nil {
			return err
		}
	}
	for name := range members {
		if !listed[name] && !strings.HasSuffix(name, "/") && !strings.HasPrefix(name, p) {
			return fmt.Errorf("%.100q is not in it", name)
		}
	}
	return nil
}

func recordRow(members map[string]sections.Member, row []string, p string) error {
	name := row[0]
	m, ok := members[name]
	if !ok {
		return fmt.Errorf("%.100q is not in the archive", name)
	}
	if strings.HasPrefix(name, p) { // itself and its signatures have no digest
		return nil
	}
	data, err := m.Content()
	if err != nil {
		return err
	}
	var sum string
	switch alg, _, _ := strings.Cut(row[1], "="); alg {
	case "sha256":
		s := sha256.Sum256(data)
		sum = "sha256=" + base64.RawURLEncoding.EncodeToString(s[:])
	case "sha384":
		s := sha512.Sum384(data)
		sum = "sha384=" + base64.RawURLEncoding.EncodeToString(s[:])
	case "sha512":
		s := sha512.Sum512(data)
		sum = "sha512=" + base64.RawURLEncoding.EncodeToString(s[:])
	default:
		return fmt.Errorf("%.100q has no digest of a kind that is known", name)
	}
	if sum != row[1] || row[2] != strconv.Itoa(len(data)) {
		return fmt.Errorf("%.100q has another digest or length", name)
	}
	return nil
}

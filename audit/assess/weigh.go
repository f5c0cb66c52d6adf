package assess

import (
	"slices"

	"github.com/proffer-audit/proffer/audit/profile"
	"github.com/proffer-audit/proffer/reports"
)

// effect is what one check does to one concern.
type effect int

const (
	ignored   effect = iota // was not asked for
	supports                // in full
	holdsDown               // allows no more than partly-supported
	unseen                  // not seen, and might have contradicted
	contradicts
)

// A weight is an effect and what explains it.
type weight struct {
	effect effect
	// content says that the check looked at what the concern is about.
	content bool
	why     string
}

// weigh says what a check does to a concern that it bears on.
func (b *bench) weigh(c profile.Concern, k profile.Bearing, check reports.Check) weight {
	switch check.Status {
	case reports.Pass:
		return b.weighPass(k, check)
	case reports.Fail:
		return b.weighFail(c, k, check)
	case reports.Incomplete:
		return b.weighIncomplete(k, check)
	case reports.NotApplicable:
		if !k.Needed {
			return weight{ignored, false, ""}
		}
		return weight{unseen, false, "not asked for"}
	}
	return weight{unseen, false, "not run"}
}

// weighIncomplete lets a check hold down, where what it could have contradicted
// by was seen: the bytes of a transfer, the level of a rebuild.
func (b *bench) weighIncomplete(k profile.Bearing, check reports.Check) weight {
	compared := k.Kind == profile.KindFetch && check.EvidenceClass != ""
	rebuilt := k.Kind == profile.KindRebuild && check.Level.AtLeast(reports.Explained)
	if !compared && !rebuilt {
		return weight{unseen, false, "incomplete"}
	}
	if w := b.weighPass(k, check); w.effect != supports {
		return w
	}
	return weight{holdsDown, rebuilt, "incomplete"}
}

func (b *bench) weighPass(k profile.Bearing, check reports.Check) weight {
	content := k.Kind != profile.KindFetch
	switch check.Cap {
	case "", reports.Supported:
	case reports.Contradicted:
		return weight{contradicts, content, "its cap"}
	case reports.NotAssessed, reports.NotAnswerableTechnically:
		return weight{unseen, content, "its cap"}
	default:
		return weight{holdsDown, content, "its cap"}
	}
	if k.Kind == profile.KindRebuild {
		if w := weighLevel(check.Level); w.effect != supports {
			return w
		}
	}
	if string(check.EvidenceClass) < k.MinClass {
		return weight{holdsDown, content, "evidence weaker than " + k.MinClass}
	}
	if k.Kind == profile.KindSource && b.partial(check.ID) {
		return weight{holdsDown, content, "the source is partial"}
	}
	return weight{supports, content, ""}
}

// weighLevel judges a rebuild by how equal it is, not by what the policy asks.
func weighLevel(l reports.Level) weight {
	switch {
	case l.AtLeast(reports.IdenticalGraft):
		return weight{supports, true, ""}
	case l.AtLeast(reports.Explained):
		return weight{holdsDown, true, "level " + string(l)}
	case l == "":
		return weight{contradicts, true, "no level"}
	}
	return weight{contradicts, true, "level " + string(l)}
}

func (b *bench) weighFail(c profile.Concern, k profile.Bearing, check reports.Check) weight {
	switch k.Kind {
	case profile.KindRebuild:
		w := weighLevel(check.Level)
		if w.effect == supports {
			// Equal, and failed all the same: for a reason that is not the bytes'.
			w = weight{holdsDown, true, "failed at level " + string(check.Level)}
		}
		return w
	case profile.KindSource, profile.KindDeclared, profile.KindClaims:
		if !b.failedOver(c.ID, check.ID) {
			return weight{holdsDown, false, "failed over other concerns"}
		}
	}
	return weight{contradicts, true, "failed"}
}

// failedOver reports whether a failed check that answers several questions bears
// on one concern: its findings from medium on list it, or list none at all.
func (b *bench) failedOver(concern, check string) bool {
	lists := false
	for _, f := range b.byCheck[check] {
		if !f.Severity.AtLeast(reports.Medium) {
			continue
		}
		if slices.Contains(f.Concerns, concern) {
			return true
		}
		lists = lists || len(f.Concerns) > 0
	}
	return !lists
}

// partial reports whether the vendor says that a source is not whole.
func (b *bench) partial(check string) bool {
	for _, s := range b.Submission.Sources {
		if check == string(profile.KindSource)+"/"+s.Name {
			return s.Completeness != "full" || len(s.Omitted) > 0
		}
	}
	return false
}

package mapping

import (
	"strings"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
)

// mark ends a text that was cut.
const mark = cosell.CutMark

// Cut shortens a text to at most length UTF-16 code units, as the CRM counts, at a rune boundary, and
// marks it once. Cutting twice is cutting once. A length of 0 means no limit.
func Cut(text string, length int) string {
	if length <= 0 || units(text) <= length {
		return text
	}
	n := 0
	for i, r := range text {
		u := 1
		if r > 0xFFFF {
			u = 2
		}
		if n+u > length-1 {
			return text[:i] + mark
		}
		n += u
	}
	return text
}

func units(text string) int {
	n := 0
	for _, r := range text {
		if n++; r > 0xFFFF {
			n++
		}
	}
	return n
}

// Whole gives the function that makes the referral's text of an edited text of the opportunity: where the
// opportunity shows a shortened form of what the referral holds, the edit replaces the part that was
// shown and the hidden rest stays. ok is false when the mark that ended the shortened form is gone: then
// nobody can tell what the rest should become, and the text must be edited in Partner Center. It is called
// with each member's text for a list. nil: the row's texts are never shortened.
func (s *Sheet) Whole(r Row) func(opportunity, referral string) (text string, ok bool) {
	return s.whole(&r)
}

// whole keeps the row, which never changes.
func (s *Sheet) whole(r *Row) func(opportunity, referral string) (text string, ok bool) {
	fit := s.fit(r)
	switch r.As {
	case AsName, AsText, AsMemo, AsOwn:
		return func(opportunity, referral string) (string, bool) { return whole(fit(referral), opportunity, referral) }
	case AsSolutions:
	default:
		return nil // nothing is ever hidden
	}
	return func(opportunity, referral string) (string, bool) {
		edited, had, shown := ParseSolution(opportunity), ParseSolution(referral), ParseSolution(fit(referral))
		name, ok := whole(shown.Name, edited.Name, had.Name)
		edited.Name = name
		if edited.Quantity == shown.Quantity {
			edited.Quantity = had.Quantity
		}
		return edited.Text(), ok
	}
}

func whole(shown, edited, had string) (string, bool) {
	visible, cut := strings.CutSuffix(shown, mark)
	hidden, rest := strings.CutPrefix(had, visible)
	if !cut || shown == had || !rest {
		return edited, true // nothing is hidden
	}
	if part, marked := strings.CutSuffix(edited, mark); marked {
		return part + hidden, true
	}
	return "", false
}

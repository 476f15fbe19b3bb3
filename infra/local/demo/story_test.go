package demo

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// A terminal of 120 columns shows each line as it is, ids included.
func TestF81_NoLineIsBrokenByTheTerminal(t *testing.T) {
	const path = "pc/referrals/46db99a5-ab34-4b6d-9a54-b868e2ab9ba2/details/requirements/solutions/1/price = 1200.5"
	for text, lines := range map[string]int{
		path: 1,
		"replaced; the events of others are kept: [referral-created referral-updated related-referral-created related-referral-updated subscription-updated test-created]": 2,
		strings.Repeat("é ", 200): 5,
		"short":                   1,
	} {
		got := folded("    " + strings.Repeat(" ", 21) + text)
		if n := strings.Count(got, "\n") + 1; n != lines {
			t.Errorf("%d lines instead of %d:\n%s", n, lines, got)
		}
		for line := range strings.SplitSeq(got, "\n") {
			if utf8.RuneCountInString(line) > width {
				t.Errorf("%d columns: %q", utf8.RuneCountInString(line), line)
			}
		}
		if words := strings.Join(strings.Fields(got), " "); words != strings.ReplaceAll(strings.Join(strings.Fields(text), " "), "46db99a5-ab34-4b6d-9a54-b868e2ab9ba2", "46db99a5…") {
			t.Errorf("words are lost: %q", words)
		}
	}
}

package dataverse

import (
	"strings"
	"testing"
)

// plainly must stop at whatever means something in a text, wherever that stands, and at nothing else.
func TestATextEndsWhereItsQuoteIs(t *testing.T) {
	for n := range 40 {
		fill := strings.Repeat("aé~ \x7f", 8)[:n]
		for _, c := range []struct {
			text string
			end  int // after the opening quote; 0: refused
		}{
			{fill + `"`, n + 1}, {fill + `" "`, n + 1}, {fill + `\""`, n + 3}, {fill + `\\"`, n + 3}, {fill + "\n\"", 0}, {fill + "\x00\"", 0}, {fill + "\x1f\"", 0},
			{fill + "\x20\"", n + 2}, {fill, 0}, {fill + `\"`, 0}, {fill + `\`, 0}, {fill + `\/` + fill + `"`, 2*n + 3}, {fill + `\/` + fill + "\t\"", 0},
		} {
			end, err := text([]byte(`"`+c.text), 0)
			if (err != nil) != (c.end == 0) || err == nil && end != 1+c.end {
				t.Errorf("%q: %d, %v", c.text, end, err)
			}
		}
	}
}

func TestANameIsOneThatAnURLMayCarry(t *testing.T) {
	for s, want := range map[string]bool{
		"opportunity": true, "_a1": true, "A_z9": true, strings.Repeat("a", 128): true,
		"": false, "1a": false, "a-b": false, "a b": false, "a@": false, "a[": false, "a`": false, "a{": false, "é": false, strings.Repeat("a", 129): false,
	} {
		if isName(s) != want {
			t.Errorf("%q: %v", s, !want)
		}
	}
}

package partnercentersim_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// docRow is a switch as docs/control-interface.md shows it: its positions, or what it takes and what it is at first.
func docRow(name string, d object) string {
	positions := fmt.Sprintf("%s; at first %s", d["allowed"], d["value"])
	if list, ok := d["allowed"].([]any); ok {
		var texts []string
		for _, v := range list {
			texts = append(texts, v.(string))
		}
		positions = strings.Join(texts, ", ")
	}
	return fmt.Sprintf("| `%s` | %s | %s |", name, positions, d["meaning"])
}

func TestEverySwitchStandsInTheDocument(t *testing.T) {
	doc, err := os.ReadFile("../../../docs/control-interface.md")
	if err != nil {
		t.Fatal(err)
	}
	_, part, _ := strings.Cut(string(doc), "### Partner Center, switches")
	part, _, _ = strings.Cut(part, "\n#")
	all := newPlace(t).tell("GET", "/switches", nil).body
	lines := strings.Split(part, "\n")
	for name, d := range all {
		one := d.(object)
		if list, ok := one["allowed"].([]any); ok && list[0] != one["value"] {
			t.Errorf("%s: the first position is not the one it starts with", name)
		}
		if row := docRow(name, one); !slices.Contains(lines, row) {
			t.Errorf("docs/control-interface.md has not the row\n%s", row)
		}
	}
	rows := 0
	for _, line := range lines {
		if strings.HasPrefix(line, "| `") {
			rows++
		}
	}
	if rows != len(all) {
		t.Errorf("the document lists %d switches, there are %d", rows, len(all))
	}
}

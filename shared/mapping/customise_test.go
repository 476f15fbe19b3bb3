package mapping

import (
	"os"
	"strings"
	"testing"
)

// The administrator's page names every key and every codec of the sheet.
func TestThePageNamesEveryKeyAndCodec(t *testing.T) {
	text, err := os.ReadFile("../../docs/customise.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, list := range []string{rowKeys, codecNames()} {
		for name := range strings.SplitSeq(list, ", ") {
			if !strings.Contains(string(text), "`"+name+"`") {
				t.Errorf("docs/customise.md does not name `%s`", name)
			}
		}
	}
}

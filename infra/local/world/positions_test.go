package world

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestPositionsAreReadOrRefusedInOneLine(t *testing.T) {
	file := filepath.Join(t.TempDir(), "switches.json")
	for text, want := range map[string]string{
		`{"partnerCenter":{"strict":false},"dataverse":{"pageSize":2},"organisation":"opinionated"}`: "",
		`{"partnercentre":{}}`: "unknown field",
		`{} {}`:                "more after the one object",
		`strict=false`:         "write {",
		`null`:                 "says nothing",
		``:                     "write {",
		"\xef\xbb\xbf" + `{"organisation":"opinionated","partnerCenter":{"strict":false},"dataverse":{"pageSize":2}}`: "",
		`{"partnerCenter":{"strictt":false}}`:    "partnerCenter: there is no switch \"strictt\"",
		`{"partnerCenter":{"strict":"perhaps"}}`: "partnerCenter: switch strict",
		`{"dataverse":{"pageSize":0}}`:           "dataverse: ",
		`{"organisation":"odd"}`:                 "use plain, opinionated, msft, msftOther",
	} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		p, err := ReadPositions(file)
		if want == "" {
			if err != nil || p.Organisation != "opinionated" || p.PartnerCenter["strict"] != false || p.Dataverse["pageSize"] != 2.0 {
				t.Errorf("%s: %+v, %v", text, p, err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "SWITCHES="+file) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", text, err)
		}
	}
	if _, err := ReadPositions(file + ".none"); err == nil || !strings.Contains(err.Error(), "cannot be read") {
		t.Error(err)
	}
}

// A system that does not know a switch says so before anything is played in the wrong world.
func TestUnknownSwitchStartsNoWorld(t *testing.T) {
	for _, p := range []Positions{
		{PartnerCenter: map[string]any{"strictt": false}}, {PartnerCenter: map[string]any{"strict": "perhaps"}},
		{Dataverse: map[string]any{"pagesize": 2}}, {Dataverse: map[string]any{"pageSize": 0}}, {Organisation: "odd"},
	} {
		w := &World{opt: Options{Positions: p, State: t.TempDir()}, secrets: newSecrets(), ports: &ports{}}
		if err := w.startSystems(t.Context()); err == nil {
			t.Errorf("%+v was taken", p)
		}
	}
}

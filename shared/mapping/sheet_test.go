package mapping

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/cosell-sync/cosell-sync/infra/dataverse"
	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/google/go-cmp/cmp"
)

func defaultSheet(t testing.TB) *Sheet {
	t.Helper()
	s, err := Default()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func overlay(t *testing.T, text string) *Sheet {
	t.Helper()
	s, err := Load(Source{Name: "mapping.yaml", Text: []byte(text)})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// A day is another one in another zone, so its rows stand elsewhere then, and no others. UTC is what an older version means.
func TestAnotherTimeZoneMovesDays(t *testing.T) {
	s := overlay(t, "- {field: ownDay, referral: /details/requirements/additionalRequirements/attributes/type=Day/id, crm: new_day}\n")
	moved := func(a, b string) (fields []string) {
		before := strings.Fields(a)
		for i, one := range strings.Fields(b) {
			if one != before[i] {
				field, _, _ := strings.Cut(one, ":")
				fields = append(fields, field)
			}
		}
		return fields
	}
	was, paris := s.Version(), s.VersionIn("Europe/Paris", "")
	if s.VersionIn("", "") != was || s.VersionIn("UTC", "") != was || s.VersionIn("Europe/Paris", "Europe/Paris") != paris {
		t.Error("one zone has two versions")
	}
	if got := moved(was, paris); !slices.Contains(got, "closingDate") || slices.Contains(got, "dealValue") || slices.Contains(got, "name") || !slices.Contains(got, "ownDay") {
		t.Errorf("moved %v", got)
	}
	if got := moved(paris, s.VersionIn("Europe/Paris", "America/New_York")); !slices.Contains(got, "closingDate") {
		t.Errorf("with another zone in the CRM only, moved %v", got)
	}
}

// Each file of testdata holds a sheet and, after a line "===", the mistakes that must be named. {Picklist} stands for
// the columns of that type in the schema, {keys}, {codecs}, {paths}, {lists} and {lookups} for what may stand there.
func TestMistakesOfASheetAreNamedAllAtOnce(t *testing.T) {
	schema, err := readSchema(dataverse.Schema)
	if err != nil {
		t.Fatal(err)
	}
	choices := schema.names("opportunity", []string{"Picklist"})
	if !strings.Contains(choices, "budgetstatus, ") || !strings.Contains(choices, "cosell_help, ") || strings.Contains(choices, "cosell_sync") {
		t.Fatalf("the choices of an opportunity are %s", choices)
	}
	files, err := filepath.Glob("testdata/*.sheet")
	if err != nil || len(files) == 0 {
		t.Fatalf("no test data: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			sheet, want, _ := strings.Cut(string(raw), "\n===\n")
			_, err = Load(Source{Name: "mapping.yaml", Text: []byte(sheet + "\n")})
			if err == nil {
				t.Fatal("the sheet was accepted")
			}
			words := strings.NewReplacer("{Picklist}", choices, "{keys}", rowKeys, "{codecs}", codecNames(), "{paths}", pathForms, "{lists}", lists, "{lookups}", lookups+", and lookups of your own")
			if d := cmp.Diff(words.Replace(strings.TrimSpace(want)), err.Error()); d != "" {
				t.Errorf("mistakes (-want +got):\n%s", d)
			}
		})
	}
}

// A member that is new in our own sheet, as each July brings some, needs a line elsewhere, too.
func TestAPathOfOurOwnSheetSaysWhereItIsListed(t *testing.T) {
	row := []byte("- {field: stage, referral: /details/brandNew, crm: stepname, as: text}\n")
	for name, says := range map[string]bool{"fields.yaml": true, "mapping.yaml": false} {
		_, err := Load(Source{Name: name, Text: row})
		if err == nil || strings.Contains(err.Error(), "shared/mapping/paths.go") != says {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestEveryColumnOfOursIsInTheSchema(t *testing.T) {
	known := map[string]bool{}
	var doc struct {
		Tables []struct {
			LogicalName string `json:"logicalName"`
			EntitySet   string `json:"entitySet"`
			PrimaryID   string `json:"primaryId"`
			Columns     []struct {
				LogicalName string `json:"logicalName"`
				SchemaName  string `json:"schemaName"`
				Collection  string `json:"collection"`
			} `json:"columns"`
		} `json:"tables"`
	}
	if err := json.Unmarshal(dataverse.Schema, &doc); err != nil {
		t.Fatal(err)
	}
	for _, table := range doc.Tables {
		for _, n := range []string{table.LogicalName, table.EntitySet, table.PrimaryID} {
			known[n] = true
		}
		for _, c := range table.Columns {
			known[c.LogicalName], known[c.Collection], known[c.SchemaName] = true, true, true
		}
	}
	var sources []string
	for _, room := range []string{"*.go", "../opportunities/*.go", "../referrals/*.go"} {
		found, err := filepath.Glob(room)
		if err != nil || len(found) == 0 {
			t.Fatalf("%s: %v", room, err)
		}
		sources = append(sources, found...)
	}
	ours := regexp.MustCompile(`cosell_[A-Za-z_]+`)
	for _, file := range append(sources, "fields.yaml") {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range ours.FindAllString(string(text), -1) {
			if !known[strings.TrimSuffix(name, "_value")] {
				t.Errorf("%s names %s, which infra/dataverse/schema.json does not have", file, name)
			}
		}
	}
}

func TestOverlayChangesOnlyWhatItSays(t *testing.T) {
	s := overlay(t, "- {field: notes, wins: crm}\n- {field: dealValue, crm: new_dealvalue}\n- {field: stage, referral: /salesStage, crm: stepname, as: text}\n- {field: team, off: true}\n")
	notes, _ := s.Row(cosell.Notes)
	if notes.Wins != cosell.CRM || notes.CRM != "description" || notes.Referral != "/details/notes" {
		t.Errorf("notes is %+v", notes)
	}
	if value, _ := s.Row(cosell.DealValue); value.CRM != "new_dealvalue" || value.As != "money" {
		t.Errorf("dealValue is %+v", value)
	}
	if stage, ok := s.Row("stage"); !ok || stage.Way != cosell.Both || stage.Wins != cosell.Newest {
		t.Errorf("a new row is %+v", stage)
	}
	if _, ok := s.Row(cosell.Team); ok {
		t.Error("a row that is off is there")
	}
	if slices.ContainsFunc(defaultSheet(t).rows, func(r Row) bool { return r.Field == "stage" }) {
		t.Error("an overlay changed the default sheet")
	}
}

func TestRulesSayWhatMayTravel(t *testing.T) {
	rules := map[cosell.Field]cosell.Rule{}
	for _, r := range defaultSheet(t).Rules() {
		rules[r.Field] = r
	}
	for f, want := range map[cosell.Field]cosell.Rule{
		cosell.Name:           {Way: cosell.Both, Wins: cosell.Newest},
		cosell.Status:         {Way: cosell.Both, Wins: cosell.Newest, Door: cosell.Lifecycle},
		cosell.Visibility:     {Way: cosell.Both, Wins: cosell.Newest, Door: cosell.OneWay},
		cosell.Help:           {Way: cosell.Both, Wins: cosell.PartnerCenter, Door: cosell.OnceSet},
		cosell.Solutions:      {Way: cosell.Both, Wins: cosell.Newest, Door: cosell.NeverEmpty, List: true},
		cosell.Contacts:       {Way: cosell.ToReferral, Wins: cosell.Newest, Door: cosell.OnceShared, List: true},
		cosell.CustomerName:   {Way: cosell.ToReferral, Wins: cosell.Newest, Door: cosell.OnceCreated},
		cosell.MicrosoftCRMID: {Way: cosell.ToOpportunity, Wins: cosell.Newest},
		cosell.Reason:         {Way: cosell.Read, Wins: cosell.Newest},
		cosell.ReferralID:     {Way: cosell.Inside},
		cosell.Audit:          {Way: cosell.Inside},
	} {
		got, ok := rules[f]
		if !ok || got.Way != want.Way || got.Wins != want.Wins || got.Door != want.Door || got.List != want.List {
			t.Errorf("rule of %s is %+v, want %+v", f, got, want)
		}
	}
	for _, f := range []cosell.Field{cosell.Sync, cosell.Mark, cosell.State, "qualification"} {
		if _, ok := rules[f]; ok {
			t.Errorf("%s is compared", f)
		}
	}
}

func TestMarkdownHasALinePerRow(t *testing.T) {
	s := defaultSheet(t)
	text := s.Markdown()
	if got, want := strings.Count(text, "\n"), len(s.rows)+2; got != want {
		t.Errorf("%d lines, want %d", got, want)
	}
	want := "| dealValue | `/details/dealValue` | `estimatedvalue`, when won `actualvalue`, lead `estimatedamount` | both | newest | from CRM only where revenue is system calculated |"
	if !strings.Contains(text, want) {
		t.Errorf("no line %q in\n%s", want, text)
	}
}

func FuzzSheet(f *testing.F) {
	f.Add(string(fieldsYAML))
	f.Add("- {field: notes, wins: crm}")
	f.Add("- &a [*a, *a]")
	f.Add("- {field: x, referral: /a, constant: {b: .inf}}")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := Load(Source{Name: "mapping.yaml", Text: []byte(text)})
		if err != nil {
			for line := range strings.SplitSeq(err.Error(), "\n") {
				if line == "" {
					t.Errorf("an empty mistake in %q", err)
				}
			}
			return
		}
		s.Rules()
		if _, err := json.Marshal(s.Markdown()); err != nil {
			t.Error(err)
		}
	})
}

func TestRowsAreCalledAsPeopleCallThem(t *testing.T) {
	s := overlay(t, "- {field: notes, label: Notes to Microsoft}\n- {field: dealValue, crm: new_dealvalue}\n")
	for f, want := range map[cosell.Field]string{cosell.Notes: "Notes to Microsoft", cosell.ClosingDate: "Est. Close Date", cosell.DealValue: "Deal value",
		cosell.CustomerName: "Account Name", cosell.Sync: "Sync with Partner Center", cosell.Status: "Status"} {
		if row, _ := s.Row(f); row.Label() != want {
			t.Errorf("%s is called %q, want %q", f, row.Label(), want)
		}
	}
}

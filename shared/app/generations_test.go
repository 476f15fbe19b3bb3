package app

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/health"
	"github.com/cosell-sync/cosell-sync/shared/ledger"
	"github.com/cosell-sync/cosell-sync/shared/mapping"
)

// table is where sheets are pushed, and can be away.
type table struct {
	*ledger.Ledger
	reads int
	away  error
}

func (t *table) SheetHead(ctx context.Context) (ledger.SheetVersion, error) {
	t.reads++
	if t.away != nil {
		return ledger.SheetVersion{}, t.away
	}
	return t.Ledger.SheetHead(ctx)
}

type keeping struct {
	*generations
	table *table
	at    time.Time
	ill   []health.Problem
	taken []int
	found variables
}

func keep(t *testing.T, file string) *keeping {
	t.Helper()
	k := &keeping{at: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)}
	now := func() time.Time { return k.at }
	k.table = &table{Ledger: ledger.InMemory(now)}
	k.generations = newGenerations(generations{
		pushed: k.table, now: now, log: slog.New(slog.DiscardHandler),
		layers: func() []mapping.Source { return []mapping.Source{{Name: "file.yaml", Text: []byte(file)}} },
		stand:  func(p []health.Problem) { k.ill = p },
		taken:  func(g *Generation) { k.taken = append(k.taken, g.Number) },
		read:   func(context.Context) (variables, error) { return k.found, nil }, toldVariables: func([]health.Problem) {},
		build: func(number int, sheet *mapping.Sheet, _ variables, _ *Generation) (*Generation, error) {
			return &Generation{Number: number, Sheet: sheet}, nil
		},
	})
	return k
}

func (k *keeping) push(t *testing.T, after int, text string) {
	t.Helper()
	if _, err := k.table.PushSheet(t.Context(), ledger.SheetVersion{File: "pushed.yaml", Text: text}, after); err != nil {
		t.Fatal(err)
	}
}

func (k *keeping) column(t *testing.T, f string) string {
	t.Helper()
	g, err := k.get(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range g.Sheet.Rows() {
		if string(r.Field) == f {
			return r.CRM
		}
	}
	return ""
}

func TestThePushedSheetBeatsTheFileAndTheFileOurs(t *testing.T) {
	k := keep(t, "- {field: notes, crm: customerneed}\n- {field: name, wins: crm}")
	if got := k.column(t, "notes"); got != "customerneed" {
		t.Errorf("the file says nothing: %s", got)
	}
	k.push(t, 0, "- {field: notes, crm: currentsituation}")
	if got := k.column(t, "notes"); got != "customerneed" || k.table.reads != 1 {
		t.Errorf("within lookEvery %s, %d reads of the head", got, k.table.reads)
	}
	k.at = k.at.Add(lookEvery)
	if got := k.column(t, "notes"); got != "currentsituation" {
		t.Errorf("after a push %s", got)
	}
	if row, _ := k.current.Sheet.Row("name"); row.Wins != "crm" || !slices.Equal(k.taken, []int{0, 1}) {
		t.Errorf("what the table does not name is the file's: %s, taken were %v", row.Wins, k.taken)
	}
	k.at = k.at.Add(lookEvery)
	if k.column(t, "notes"); len(k.taken) != 2 {
		t.Error("the same version is taken up twice")
	}
}

func TestNothingIsDoneBeforeItIsKnownWhichSheetCounts(t *testing.T) {
	k := keep(t, "")
	k.table.away = fault.New(fault.Broken, "the tables are away")
	if _, err := k.get(t.Context()); !fault.Is(err, fault.Broken) {
		t.Fatalf("a job begins: %v", err)
	}
	k.table.away = nil
	if k.column(t, "notes") != "description" {
		t.Error("it is not tried again")
	}
	k.table.away, k.at = fault.New(fault.Broken, "the tables are away"), k.at.Add(time.Hour)
	if k.column(t, "notes") != "description" {
		t.Error("the last sheet does not count any more")
	}
}

func TestAVersionThatCannotBeReadLeavesTheOneBefore(t *testing.T) {
	const good, bad = "- {field: notes, crm: currentsituation}", "- {field: notes, crmm: x}"
	k := keep(t, "")
	k.push(t, 0, good)
	if k.column(t, "notes") != "currentsituation" {
		t.Fatal("not taken up")
	}
	k.push(t, 1, bad) // as another program version has it
	k.at = k.at.Add(lookEvery)
	if k.column(t, "notes") != "currentsituation" || len(k.ill) != 1 || !strings.Contains(k.ill[0].Say, "version 2") {
		t.Errorf("health says %+v", k.ill)
	}
	k.push(t, 2, "- {field: notes, crm: customerneed}")
	k.at = k.at.Add(lookEvery)
	if k.column(t, "notes") != "customerneed" || len(k.ill) != 0 {
		t.Errorf("health still says %+v", k.ill)
	}

	fresh := keep(t, "") // a process that starts while the newest is bad
	fresh.push(t, 0, good)
	fresh.push(t, 1, bad)
	if fresh.column(t, "notes") != "currentsituation" || len(fresh.ill) != 1 {
		t.Errorf("health says %+v", fresh.ill)
	}
	none := keep(t, "") // one that knows none of them must not work on another sheet than the others
	none.push(t, 0, bad)
	if _, err := none.get(t.Context()); fault.ClassOf(err) != fault.Ours {
		t.Errorf("%v", err)
	}
}

func TestAPushedSheetGoesOnOverARowThatCameLater(t *testing.T) {
	before := mapping.Source{Name: "file.yaml"}
	k := keep(t, "- {field: campaign, referral: /campaignId, crm: new_campaign, as: text}")
	v := ledger.SheetVersion{File: "pushed.yaml", Text: "- {field: mine, referral: /campaignId, crm: new_mine, as: text}", Under: mapping.Fields(before)}
	if _, err := k.table.PushSheet(t.Context(), v, 0); err != nil {
		t.Fatal(err)
	}
	if k.column(t, "mine") != "new_mine" || k.column(t, "campaign") != "" || k.current.Number != 1 {
		t.Errorf("version %d is in force", k.current.Number)
	}
	if len(k.ill) != 1 || !k.ill[0].Note || k.ill[0].What != "sheet.aside campaign" {
		t.Errorf("health says %+v", k.ill)
	}
	k.push(t, 1, "- {field: notes, crmm: x}")
	k.at = k.at.Add(lookEvery)
	if k.column(t, "mine") != "new_mine" || len(k.ill) != 2 {
		t.Errorf("beside a version that cannot be read health says %+v", k.ill)
	}
}

// The shipped sheet alone is read ahead, for the first generation; later ones know what the CRM has said since.
func TestTheShippedSheetIsReadAhead(t *testing.T) {
	k := keep(t, "")
	k.layers = func() []mapping.Source { return nil }
	read := 0
	k.shipped = func() (*mapping.Sheet, error) {
		read++
		return mapping.Default()
	}
	notes := k.column(t, "notes")
	if read != 1 || notes == "" || k.current.Number != 0 {
		t.Errorf("read %d times, generation %d, notes in %q", read, k.current.Number, notes)
	}
	k.push(t, 0, "- {field: notes, crm: customerneed}")
	k.at = k.at.Add(lookEvery)
	if notes = k.column(t, "notes"); read != 1 || notes != "customerneed" {
		t.Errorf("read %d times, notes in %q", read, notes)
	}
}

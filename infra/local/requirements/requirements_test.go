package requirements

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const top = "../../.."

func TestRowsAreAllThere(t *testing.T) {
	rows := Rows()
	if len(rows) != 155 {
		t.Fatalf("%d rows", len(rows))
	}
	for i, row := range rows {
		if row.ID != fmt.Sprint("R", i+1) || len(row.Text) < 20 {
			t.Errorf("row %d is %+v", i+1, row)
		}
	}
}

// The table lists the tests that there are: `make requirements` writes it anew.
func TestTableAndTestsAgree(t *testing.T) {
	all, err := find(top)
	if err != nil || len(all) < 100 {
		t.Fatalf("%v, %d tests", err, len(all))
	}
	if odd := strange(all); len(odd) > 0 {
		t.Errorf("there is no such row for %v", odd)
	}
	table, err := os.ReadFile(filepath.Join(top, "docs", "requirements.md"))
	if err != nil {
		t.Fatal(err)
	}
	if rows := stale(string(table), all); len(rows) > 0 {
		t.Errorf("docs/requirements.md is stale in %v: make requirements", rows)
	}
}

func some() []test {
	return []test{{"R1", "shared/flow", "TestR1_A"}, {"R1", "shared/flow", "TestR1_B"}, {"R1", "shared/queue", "TestR1_A"}, {"R2", "shared/flow", "TestR2_A"}}
}

func TestARowPassesOnlyWithAllOfItsTests(t *testing.T) {
	r := report(some(), map[string]string{"shared/flow.TestR1_A": Pass, "shared/flow.TestR1_B": Pass, "shared/queue.TestR1_A": Pass})
	if r["R1"].Status != Pass || len(r["R1"].Tests) != 3 || r["R2"].Status != Fail || r["R3"].Status != None || r["R3"].Tests == nil {
		t.Errorf("%+v %+v %+v", r["R1"], r["R2"], r["R3"])
	}
	r = report(some(), map[string]string{"shared/flow.TestR1_A": Fail, "shared/flow.TestR1_B": Pass, "shared/queue.TestR1_A": Pass})
	if r["R1"].Status != Fail {
		t.Errorf("%+v", r["R1"])
	}
}

func TestTableIsReadBackAndKnowsWhatIsStale(t *testing.T) {
	table := report(some(), nil).Table()
	if rows := stale(table, some()); len(rows) > 0 {
		t.Errorf("stale in %v", rows)
	}
	if rows := stale(table, some()[:3]); !slices.Equal(rows, []string{"R2"}) {
		t.Errorf("stale in %v", rows)
	}
	if lost := report(some()[:3], nil).lost(table); !slices.Equal(lost, []string{"R2"}) {
		t.Errorf("lost are %v", lost)
	}
}

func TestWhatFailedIsShownAndTheLastLineCounts(t *testing.T) {
	var out bytes.Buffer
	ended := follow(strings.NewReader(strings.Join([]string{
		`{"Action":"output","Package":"github.com/cosell-sync/cosell-sync/shared/flow","Test":"TestR1_A","Output":"quiet\n"}`,
		`{"Action":"output","Package":"github.com/cosell-sync/cosell-sync/shared/flow","Test":"TestR2_A/sub","Output":"loud\n"}`,
		`{"Action":"fail","Package":"github.com/cosell-sync/cosell-sync/shared/flow","Test":"TestR2_A/sub"}`,
		`{"Action":"pass","Package":"github.com/cosell-sync/cosell-sync/shared/flow","Test":"TestR1_A"}`,
		`{"Action":"fail","Package":"github.com/cosell-sync/cosell-sync/shared/flow","Test":"TestR2_A"}`}, "\n")), &out)
	r := report([]test{some()[0], some()[3]}, ended)
	err := r.verdict(nil, &out)
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if err == nil || strings.Contains(out.String(), "quiet") || !strings.Contains(out.String(), "loud") || lines[len(lines)-1] != "requirements: 155, pass 1, fail 1, none 153" {
		t.Errorf("%v\n%s", err, &out)
	}
	if err := r.verdict([]string{"R9"}, &out); !strings.Contains(err.Error(), "R9") {
		t.Error(err)
	}
}

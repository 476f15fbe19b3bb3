package office

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// trial is the room of the field sheets.
type trial struct {
	desk     trialDesk
	mistakes []string
	taken    int
}

// trialDesk is the desk as it would be with a sheet; pairs that it does not name have nothing to do.
type trialDesk struct {
	*desk
	previews map[string]func(context.Context) (Preview, error)
}

func (s *trial) Check(context.Context, string, string) (mistakes, notes []string, err error) {
	return s.mistakes, []string{"a note"}, nil
}

func (s *trial) Differences(context.Context, string, string) ([]SheetDifference, error) {
	return []SheetDifference{{Field: "notes", Key: "wins", Then: "crm"}}, nil
}

func (s *trial) Trial(context.Context, string, string) (Desk, error) { return s.desk, nil }

func (s *trial) Under() []string { return []string{"name", "notes"} }

func (s *trial) TakeUp(context.Context) error { s.taken++; return nil }

func (d trialDesk) Preview(ctx context.Context, opportunityID, _ string) (Preview, error) {
	if of := d.previews[opportunityID]; of != nil {
		return of(ctx)
	}
	return Preview{}, nil
}

// withSheets is a room with one pair more than newRoom has, and one that has ended.
func withSheets(t *testing.T, previews map[string]func(context.Context) (Preview, error)) (*room, *trial) {
	t.Helper()
	r := newRoom(t)
	s := &trial{desk: trialDesk{r.desk, previews}}
	r.Sheets, r.SheetTable = s, r.ledger
	for _, p := range []cosell.Pair{{OpportunityID: other, Phase: cosell.Linked}, {OpportunityID: ended, Phase: cosell.Ended}} {
		if _, err := r.ledger.Save(t.Context(), p); err != nil {
			t.Fatal(err)
		}
	}
	return r, s
}

const (
	other = "00000000-0000-4000-8000-000000000003"
	ended = "00000000-0000-4000-8000-000000000004"
)

// would is a preview that writes the values and has the problems.
func would(writes []Write, problems ...Held) func(context.Context) (Preview, error) {
	return func(context.Context) (Preview, error) { return Preview{Writes: writes, Problems: problems}, nil }
}

func failing(err error) func(context.Context) (Preview, error) {
	return func(context.Context) (Preview, error) { return Preview{}, err }
}

// A sheet is kept where no value that is there would change, and everything could be looked at; else with a yes.
func TestAPushIsKeptWhereItChangesNothingOrWithAYes(t *testing.T) {
	fills := []Write{{Field: "notes", Value: "new"}}
	changes := []Write{{Field: "notes", From: "old", Value: "new"}, {Field: "name", Value: "x"}}
	for name, c := range map[string]struct {
		of     func(context.Context) (Preview, error)
		counts Counts
		why    string // "": it is kept without a yes
	}{
		"nothing, and an ended pair has no say": {nil, Counts{Pairs: 2, Looked: 2}, ""},
		"an empty value is filled":              {would(fills), Counts{Pairs: 2, Looked: 2, Fill: 1}, ""},
		"a value changes":                       {would(changes), Counts{Pairs: 2, Looked: 2, Change: 1, Examples: changes[:1]}, "values that are there would change"},
		"a value is refused, another waits": {would(nil, Held{Class: "record"}, Held{Class: "rule"}, Held{Class: "ours"}),
			Counts{Pairs: 2, Looked: 2, Refused: 1, Held: 1}, ""},
		"a pair went meanwhile":    {failing(fault.New(fault.Gone, "gone")), Counts{Pairs: 2, Looked: 2}, ""},
		"a pair could not be read": {failing(errors.New("500")), Counts{Pairs: 2, Looked: 2, Unread: 1}, "not all pairs could be read"},
		"more examples than it shows": {would(manyChanges(mostExamples + 1)), Counts{Pairs: 2, Looked: 2, Change: 1, Examples: manyChanges(mostExamples)},
			"values that are there would change"},
	} {
		t.Run(name, func(t *testing.T) {
			r, s := withSheets(t, map[string]func(context.Context) (Preview, error){other: c.of, ended: would(changes)})
			text := SheetText{File: "mapping.yaml", Text: "- {field: notes, wins: crm}", Reason: "as asked"}
			m, err := r.MappingPush(t.Context(), Act{By: "ann"}, text)
			if err != nil || m.Counts == nil || m.Pushed != (c.why == "") || m.Why != c.why || s.taken > 0 != m.Pushed {
				t.Fatalf("%v %+v, taken up %d times", err, m, s.taken)
			}
			if diff := cmp.Diff(c.counts, *m.Counts); diff != "" {
				t.Errorf("counts (-want +got):\n%s", diff)
			}
			if c.why != "" {
				if all, err := r.ledger.Sheets(t.Context()); err != nil || len(all) > 0 {
					t.Errorf("kept all the same: %v %v", err, all)
				}
				text.Yes = true
				if m, err = r.MappingPush(t.Context(), Act{By: "ann"}, text); err != nil || !m.Pushed {
					t.Fatalf("with a yes: %v %+v", err, m)
				}
			}
			if v, ok, err := r.ledger.Sheet(t.Context(), 1); err != nil || !ok || v.Text != text.Text || v.By != "ann" || v.Reason != "as asked" || v.File != "mapping.yaml" || !v.At.Equal(noon) || strings.Join(v.Under, " ") != "name notes" {
				t.Errorf("%v %v %+v", err, ok, v)
			}
			if m.Version == nil || m.Version.Number != 1 || m.Version.Text != "" || !strings.Contains(r.log.String(), "mapping push") {
				t.Errorf("%+v, log %s", m.Version, r.log.String())
			}
		})
	}
}

func manyChanges(n int) (out []Write) {
	for range n {
		out = append(out, Write{Field: "notes", From: "old", Value: "new"})
	}
	return out
}

// A pair that does not answer is counted as one that cannot be read; the others are looked at.
func TestAPushSaysWhichPairsDoNotAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, s := withSheets(t, map[string]func(context.Context) (Preview, error){other: func(ctx context.Context) (Preview, error) {
			<-ctx.Done()
			return Preview{}, ctx.Err()
		}})
		m, err := r.MappingPush(t.Context(), Act{}, SheetText{Text: "[]"})
		if err != nil || m.Pushed || s.taken > 0 || m.Counts.Pairs != 2 || m.Counts.Looked != 2 || m.Counts.Unread != 1 || m.Next != "" || m.Why != "not all pairs could be read" {
			t.Errorf("%v %+v %+v", err, m, m.Counts)
		}
	})
}

// Pairs that are too many for one call are counted in several, each once, and what they found together decides.
func TestAPushOfTenThousandPairsIsCountedInPieces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const many = 10_000
		slow := func(context.Context) (Preview, error) { time.Sleep(time.Second); return Preview{}, nil } // eight at once: about 1,200 in one call
		previews := map[string]func(context.Context) (Preview, error){}
		r, _ := withSheets(t, previews)
		for i := range many {
			p := cosell.Pair{OpportunityID: fmt.Sprintf("10000000-0000-4000-8000-%012d", i), Phase: cosell.Linked}
			if _, err := r.ledger.Save(t.Context(), p); err != nil {
				t.Fatal(err)
			}
			previews[p.OpportunityID] = slow
		}
		in, calls := SheetText{Text: "[]"}, 0
		for {
			m, err := r.MappingPush(t.Context(), Act{By: "ann"}, in)
			if calls++; err != nil || calls > 20 {
				t.Fatalf("call %d: %v %+v", calls, err, m.Counts)
			}
			if m.Next == "" {
				if !m.Pushed || m.Counts.Looked != m.Counts.Pairs || m.Counts.Pairs != many+2 {
					t.Errorf("%+v %+v", m, m.Counts)
				}
				break
			}
			if m.Pushed || m.Counts.Looked >= m.Counts.Pairs || !strings.Contains(m.Why, "in the time of one call") {
				t.Fatalf("%+v %+v", m, m.Counts)
			}
			in.From, in.Counted, in.After = m.Next, m.Counts, m.Version.Number
		}
		if calls < 5 {
			t.Errorf("%d calls", calls)
		}
		late := in // somebody else's count, of before that version
		late.Text = "[] # another"
		if m, err := r.MappingPush(t.Context(), Act{By: "bob"}, late); !fault.Is(err, fault.Conflict) || m.Pushed {
			t.Errorf("another push while the pairs were counted: %v %+v", err, m)
		}
	})
}

func TestAPushWithMistakesOrWithNothingNewIsNone(t *testing.T) {
	r, s := withSheets(t, nil)
	s.mistakes = []string{"mapping.yaml:1: no"}
	for name, ask := range map[string]func() (Mapping, error){
		"push":  func() (Mapping, error) { return r.MappingPush(t.Context(), Act{}, SheetText{Text: "x", Yes: true}) },
		"diff":  func() (Mapping, error) { return r.MappingDiff(t.Context(), SheetText{Text: "x"}) },
		"check": func() (Mapping, error) { return r.MappingCheck(t.Context(), SheetText{Text: "x"}) },
	} {
		if m, err := ask(); err != nil || m.Pushed || len(m.Mistakes) != 1 || len(m.Notes) != 1 || m.Counts != nil || m.Differences != nil {
			t.Errorf("%s: %v %+v", name, err, m)
		}
	}
	s.mistakes = nil
	if m, err := r.MappingDiff(t.Context(), SheetText{}); err != nil || len(m.Differences) != 1 || m.Mistakes == nil {
		t.Errorf("%v %+v", err, m)
	}
	for range 2 {
		if _, err := r.MappingPush(t.Context(), Act{}, SheetText{Text: "same"}); err != nil {
			t.Fatal(err)
		}
	}
	m, err := r.MappingPush(t.Context(), Act{}, SheetText{Text: "same", Yes: true})
	if all, listErr := r.ledger.Sheets(t.Context()); err != nil || listErr != nil || m.Pushed || m.Counts != nil || !strings.Contains(m.Why, "says the same") || m.Version.Number != 1 || len(all) != 1 || s.taken != 1 {
		t.Errorf("%v %v %+v, %d versions, taken up %d times", err, listErr, m, len(all), s.taken)
	}
}

func TestAPullGivesTheLastVersionOrTheOneThatIsNamed(t *testing.T) {
	r, _ := withSheets(t, nil)
	if m, err := r.MappingPull(t.Context(), 0); err != nil || m.Version == nil || m.Version.Number != 0 || len(m.Versions) > 0 {
		t.Errorf("before the first: %v %+v", err, m)
	}
	for _, text := range []string{"first", "second"} {
		if _, err := r.MappingPush(t.Context(), Act{By: "ann"}, SheetText{Text: text}); err != nil {
			t.Fatal(err)
		}
	}
	for number, want := range map[int]string{0: "second", 1: "first", 2: "second"} {
		m, err := r.MappingPull(t.Context(), number)
		if err != nil || m.Version.Text != want || len(m.Versions) != 2 || m.Versions[0].Number != 2 || m.Versions[0].Text != "" {
			t.Errorf("%d: %v %+v", number, err, m)
		}
	}
	if _, err := r.MappingPull(t.Context(), 3); !fault.Is(err, fault.Gone) {
		t.Errorf("a version that is not there: %v", err)
	}
}

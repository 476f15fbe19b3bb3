package ledger

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cosell-sync/cosell-sync/shared/fault"
)

func TestPushedSheetsAreKeptAndTheNewestCounts(t *testing.T) {
	onBoth(t, func(t *testing.T, l *Ledger) {
		head, err := l.SheetHead(t.Context())
		if err != nil || head.Number != 0 {
			t.Fatalf("%v %+v", err, head)
		}
		long := strings.Repeat("# ô\n", 60_000) // more than one property takes
		first, err := l.PushSheet(t.Context(), SheetVersion{Digest: "d1", File: "mapping.yaml", By: "ann", Reason: "new column", At: noon, Text: long, Under: []string{"name", "notes"}}, 0)
		if err != nil || first.Number != 1 {
			t.Fatalf("%v %+v", err, first)
		}
		if _, err := l.PushSheet(t.Context(), SheetVersion{Text: "x"}, 0); !fault.Is(err, fault.Conflict) {
			t.Errorf("over somebody else's: %v", err)
		}
		second, err := l.PushSheet(t.Context(), SheetVersion{Digest: "d2", File: "mapping.yaml", By: "bob", At: noon, Text: "- {field: notes}"}, 1)
		if err != nil || second.Number != 2 {
			t.Fatalf("%v %+v", err, second)
		}
		if head, err = l.SheetHead(t.Context()); err != nil || head.Number != 2 || head.By != "bob" || head.Text != "" {
			t.Errorf("%v %+v", err, head)
		}
		back, ok, err := l.Sheet(t.Context(), 1)
		if diff := cmp.Diff(first, back); err != nil || !ok || diff != "" {
			t.Errorf("%v %v %.500s", err, ok, diff)
		}
		if _, ok, err = l.Sheet(t.Context(), 3); ok || err != nil {
			t.Errorf("a version that nobody pushed: %v %v", ok, err)
		}
		all, err := l.Sheets(t.Context())
		if err != nil || len(all) != 2 || all[0].Number != 2 || all[1].By != "ann" || all[1].Text != "" || all[1].Under != nil {
			t.Errorf("%v %+v", err, all)
		}
		if _, err := l.PushSheet(t.Context(), SheetVersion{Text: strings.Repeat("x", maxSheet+1)}, 2); !fault.Is(err, fault.Invalid) {
			t.Errorf("too long: %v", err)
		}
	})
}

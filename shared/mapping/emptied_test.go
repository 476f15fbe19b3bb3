package mapping_test

import (
	"context"
	"testing"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
)

// What shows as empty because the column was made anew, or is kept from us, is told apart from what a person cleared.
func TestR142_ALookAtTheColumnsTellsWhatWasCleared(t *testing.T) {
	ctx := context.Background()
	for name, tt := range map[string]struct {
		change func(t *testing.T, w *world)
		absent bool
		young  bool
	}{
		"Cleared": {func(t *testing.T, w *world) {}, false, false},
		"MadeAnew": {func(t *testing.T, w *world) {
			w.administrator(t, `{"do":"remove","table":"opportunity","column":"description"}`)
			w.administrator(t, `{"do":"add","table":"opportunity","column":"description","type":"Memo","length":2000}`)
		}, false, true},
		"KeptFromUs": {func(t *testing.T, w *world) {
			w.post(t, "/privileges", `{"table":"opportunity","operation":"read","column":"description","allowed":false}`)
		}, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			o := w.sellersDeal(t)
			made, err := w.opportunities.Emptied(ctx, o)
			if err != nil {
				t.Fatal(err)
			}
			tt.change(t, w)
			if name == "Cleared" {
				w.person(t, `{"do":"update","table":"opportunity","id":"`+o.ID+`","columns":{"description":""}}`)
			}
			o, err = w.opportunities.Get(ctx, o.ID)
			if err != nil || o.Record[cosell.Notes] != "" {
				t.Fatalf("%v %q", err, o.Record[cosell.Notes])
			}
			looked, err := w.opportunities.Emptied(ctx, o)
			if err != nil {
				t.Fatal(err)
			}
			if _, there := looked.Record[cosell.Notes]; there == tt.absent {
				t.Errorf("the notes are there: %v", there)
			}
			if young := looked.Born[cosell.Notes].After(made.Born[cosell.Notes]); young != tt.young {
				t.Errorf("the column is of %s, it was of %s", looked.Born[cosell.Notes], made.Born[cosell.Notes])
			}
			if _, there := o.Record[cosell.Notes]; !there {
				t.Error("the row that was read has changed")
			}
		})
	}
}

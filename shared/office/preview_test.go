package office

import (
	"errors"
	"testing"

	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// A record that is in no pair is looked at by its own id; a name that nobody knows is not.
func TestARecordInNoPairIsPreviewedByItsID(t *testing.T) {
	r := newRoom(t)
	if v, err := r.PreviewOne(t.Context(), " {"+unknown+"} "); err != nil || len(r.desk.did) != 1 || r.desk.did[0] != "preview "+unknown || v.OpportunityID != "" {
		t.Errorf("%v %+v, did %v", err, v, r.desk.did)
	}
	if _, err := r.PreviewOne(t.Context(), "nobody"); !fault.Is(err, fault.Gone) || len(r.desk.did) != 1 {
		t.Errorf("%v, did %v", err, r.desk.did)
	}
}

// One that cannot be read says so in its own row; where a system is busy the whole page is asked for again.
func TestSomePreviewsSayWhichCouldNotBeRead(t *testing.T) {
	r := newRoom(t)
	rows, rest, err := r.PreviewSome(t.Context(), opportunity+",nobody,"+unknown)
	if err != nil || rest != "" || len(rows) != 3 || rows[0].OpportunityID != opportunity || rows[0].Failed != "" || rows[1].OpportunityID != "nobody" || rows[1].Failed == "" || rows[2].Failed != "" {
		t.Errorf("%v %q %+v", err, rest, rows)
	}
	r.desk.err = fault.New(fault.Later, "busy")
	if rows, _, err := r.PreviewSome(t.Context(), opportunity); !fault.Is(err, fault.Later) || rows != nil {
		t.Errorf("%v %+v", err, rows)
	}
	r.desk.err = errors.New("500")
	if rows, _, err := r.PreviewSome(t.Context(), opportunity); err != nil || len(rows) != 1 || rows[0].Failed != "500" {
		t.Errorf("%v %+v", err, rows)
	}
}

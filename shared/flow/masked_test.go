package flow_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// A rule of an organisation may say no with any status, also with one that means something else: of a record
// that is there as it was it is a refusal of that field, and the other one goes on.
func TestR126_GoneOrConflictOfARecordThatIsThereIsARefusal(t *testing.T) {
	masks := map[string]*fault.Error{
		"gone":     fault.New(fault.Gone, "404").Answered(http.StatusNotFound).With("no404", ""),
		"conflict": fault.New(fault.Conflict, "409").Answered(http.StatusConflict).With("no409", ""),
	}
	for name, no := range masks {
		for _, toPC := range []bool{true, false} {
			w := newWorld(t)
			w.want(cosell.Record{cosell.Notes: "n"})
			w.opportunityChanged()
			w.events()
			refuses := func(values cosell.Record) error {
				if _, ok := values[cosell.DealValue]; ok {
					return no
				}
				return nil
			}
			edit := cosell.Record{cosell.DealValue: "250", cosell.Notes: "note"}
			held := cosell.InCRM
			if toPC {
				held = cosell.InPartnerCenter
				w.refusePCBy = refuses
				w.user(edit)
				w.opportunityChanged()
			} else {
				w.refuseCRM = refuses
				w.portal(w.own()[0].ID, edit)
				w.referralChanged(w.own()[0].ID)
			}
			w.events()
			p, o, r := w.pair(), w.opportunities[deal].Record, w.own()[0].Record
			if len(p.Held) != 1 || p.Held[0].Place != held || p.Held[0].Field != cosell.DealValue || p.Held[0].Code != no.Code {
				t.Errorf("%s at %s: held %+v", name, held, p.Held)
			}
			if o[cosell.Notes] != "note" || r[cosell.Notes] != "note" || o[cosell.DealValue] == r[cosell.DealValue] {
				t.Errorf("%s at %s: CRM %v, Partner Center %v", name, held, o, r)
			}
			if !strings.Contains(o[cosell.Audit], no.Code) || o[cosell.Mark] != cosell.MarkFailed {
				t.Errorf("%s at %s: mark %q, Audit %q", name, held, o[cosell.Mark], o[cosell.Audit])
			}
			w.refusePCBy, w.refuseCRM = nil, nil
			w.later(16 * time.Minute)
			if o, r := w.opportunities[deal].Record, w.own()[0].Record; o[cosell.DealValue] != "250" || r[cosell.DealValue] != "250" || len(w.pair().Held) != 0 {
				t.Errorf("%s at %s: not healed: CRM %s, Partner Center %s", name, held, o[cosell.DealValue], r[cosell.DealValue])
			}
			w.silent()
		}
	}
}

// Gone, and yet there with another version: somebody was faster, and it is decided again.
func TestR126_GoneOfARecordThatChangedIsDecidedAgain(t *testing.T) {
	for _, toPC := range []bool{true, false} {
		w := newWorld(t)
		w.private(nil)
		id, once := w.own()[0].ID, true
		w.now = w.now.Add(time.Minute)
		masked := func(edit func()) func(cosell.Record) error {
			return func(cosell.Record) error {
				if !once {
					return nil
				}
				once = false
				edit()
				return fault.New(fault.Gone, "404").Answered(http.StatusNotFound)
			}
		}
		var err error
		if toPC {
			w.refusePCBy = masked(func() { w.portal(id, cosell.Record{cosell.Notes: "theirs"}) })
			w.user(cosell.Record{cosell.DealValue: "250"})
			err = w.flow.FromOpportunity(ctx, toldOf("opportunity", deal, "Update"))
		} else {
			w.refuseCRM = masked(func() { w.user(cosell.Record{cosell.Notes: "mine"}) })
			w.portal(id, cosell.Record{cosell.DealValue: "250"})
			err = w.flow.FromReferral(ctx, told(id, "referral-updated"))
		}
		if err != nil { // a message that waited for long would be done with "gone"
			t.Errorf("to Partner Center %v: %v", toPC, err)
		}
		o, r := w.opportunities[deal].Record, w.own()[0].Record
		if once || o[cosell.DealValue] != "250" || r[cosell.DealValue] != "250" || r[cosell.Notes] == "" || o[cosell.Notes] != r[cosell.Notes] {
			t.Errorf("to Partner Center %v: CRM %s %q, Partner Center %s %q", toPC, o[cosell.DealValue], o[cosell.Notes], r[cosell.DealValue], r[cosell.Notes])
		}
		if p := w.pair(); p.Phase != cosell.Linked || len(p.Held) != 0 {
			t.Errorf("to Partner Center %v: %s, held %+v", toPC, p.Phase, p.Held)
		}
		w.silent()
	}
}

package requirements

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// The rig itself: a product that does not do its work has to be seen in what the systems hold.

func TestRigPlaysTheWholeWay(t *testing.T) {
	play(t, func(r *rig) {
		p := r.coSell("Tailspin forecast")
		if p.microsoft == "" || r.opportunity(p.opportunity).text("name") != tick+"Tailspin forecast" {
			t.Errorf("%+v, the opportunity is called %q", p, r.opportunity(p.opportunity).text("name"))
		}
		mark, began := r.dv.calls(), time.Now()
		r.portalEdits(p.own, doc{"/details/dealValue": 91000})
		r.quiet()
		if r.opportunity(p.opportunity).text("estimatedvalue") != "91000" || len(r.dv.writes(mark)) == 0 || time.Since(began) > horizon {
			t.Errorf("%s after %s, written was %s", r.opportunity(p.opportunity).text("estimatedvalue"), time.Since(began), listed(r.dv.writes(mark)))
		}
	})
}

func TestRigNoticesAProductThatHearsNothing(t *testing.T) {
	play(t, func(r *rig) {
		mark, id := r.pc.calls(), r.deal("Unheard")
		r.edits("opportunity", id, doc{"cosell_sync": true})
		r.quiet()
		r.pc.wrote(mark, 0)
		if failed := r.dv.table("asyncoperation"); len(failed) == 0 {
			t.Error("the CRM keeps no failed job")
		}
	}, "DATAVERSE_WEBHOOK_SECRET=another-secret-than-the-steps")
}

func TestRigNoticesAProductThatWritesNothing(t *testing.T) {
	play(t, func(r *rig) {
		a := r.portalDeal(doc{"name": "Unstarted"})
		r.quiet()
		if n := len(r.opportunities()); n != 0 || r.referral(a.ID).text("externalReferenceId") != "" {
			t.Errorf("%d opportunities, though the product has not been started", n)
		}
	}, "SYNC_STARTED=")
}

func TestRigLetsTheProductDieAndTheNextOneTakeOver(t *testing.T) {
	for _, point := range []string{before, committed} {
		t.Run(point, func(t *testing.T) {
			play(t, func(r *rig) {
				p := r.private("Killed")
				first := r.product
				r.kill(http.MethodPatch, "/referrals/", point, 1)
				r.edits("opportunity", p.opportunity, doc{"estimatedvalue": 90000})
				r.quiet()
				if r.product == first || r.referral(p.own).text("details/dealValue") != "90000" {
					t.Errorf("the value is %s, another process: %v", r.referral(p.own).text("details/dealValue"), r.product != first)
				}
			})
		})
	}
}

func TestRigTellsTheWritesInABatch(t *testing.T) {
	play(t, func(r *rig) {
		mark := r.dv.calls()
		r.arrived(r.portalDeal(doc{"name": "Two writes"}))
		var seen []string
		for _, w := range r.dv.writes(mark) {
			seen = append(seen, w.Method+" "+w.Path)
		}
		text := strings.Join(seen, "\n")
		if !strings.Contains(text, "PATCH ") || !strings.Contains(text, "opportunities(") || !strings.Contains(text, "cosell_solutions") {
			t.Errorf("seen were\n%s", text)
		}
	})
}

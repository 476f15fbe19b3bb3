package requirements

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/dataverse"
)

// The views of infra/dataverse/schema.json find the deals by the states that were written above.
func TestR107_TheViewsFindTheStates(t *testing.T) {
	play(t, func(r *rig) {
		var schema struct {
			Views []struct{ Table, Name, Filter string }
		}
		must(t, json.Unmarshal(dataverse.Schema, &schema))
		filters := map[string]string{}
		for _, v := range schema.Views {
			filters[strings.TrimPrefix(v.Name, "Co-sell: ")] = v.Filter
		}
		for view, states := range map[string][]string{"Failed": {"failed"}, "Held": {"held"},
			"Awaiting us": {"pending", "acceptance.incomplete", "link.unconfirmed", "account.unclear"}} {
			for _, state := range states {
				if want := fmt.Sprint("cosell_state eq ", r.choice("cosell_state", state)); !strings.Contains(filters[view], want) {
					t.Errorf("view %s does not hold %s: %s", view, state, filters[view])
				}
			}
		}
		if filters["Awaiting Microsoft"] != "cosell_microsoftstatus eq 'Pending'" {
			t.Errorf("Awaiting Microsoft holds %s", filters["Awaiting Microsoft"])
		}
	})
}

func TestR107_TheStatusColumnsTellHowThingsStand(t *testing.T) {
	play(t, func(r *rig) {
		state := func(id, want string) {
			t.Helper()
			if got := r.opportunity(id).text("cosell_state"); got != fmt.Sprint(r.choice("cosell_state", want)) {
				t.Errorf("the state is %s instead of %s", got, want)
			}
		}
		p := r.coSell("States")
		state(p.opportunity, "insync")
		if got := r.opportunity(p.opportunity).text("cosell_microsoftstatus"); got != "Pending" {
			t.Errorf("Microsoft's status is %q", got)
		}
		r.pc.rule(doc{"match": doc{"path": "details/dealValue"}, "code": "plausibility"})
		r.edits("opportunity", p.opportunity, doc{"estimatedvalue": 5000})
		r.quiet()
		state(p.opportunity, "failed")
		if code := r.opportunity(p.opportunity).text("cosell_errorcode"); code == "" {
			t.Error("no error code")
		}
		r.pc.unruled()
		r.edits("opportunity", p.opportunity, doc{"estimatedvalue": 6000})
		r.quiet()
		state(p.opportunity, "insync")
		if code := r.opportunity(p.opportunity).text("cosell_errorcode"); code != "" {
			t.Errorf("the error code stays: %s", code)
		}
		invited := r.invited("Answer me")
		state(invited.opportunity, "pending")
		if o := r.opportunity(invited.opportunity); !strings.HasPrefix(o.text("cosell_expires"), "2026-03-16") {
			t.Errorf("it expires %q", o.text("cosell_expires"))
		}
		time.Sleep(time.Hour)
		r.portalEdits(p.own, doc{"/details/notes": "Comes an hour later"})
		r.quiet()
		if got, now := r.opportunity(p.opportunity).text("cosell_lastsync"), time.Now().UTC().Format("2006-01-02T15"); !strings.HasPrefix(got, now) {
			t.Errorf("the last sync is %q at %s", got, now)
		}
		r.partner(doc{"do": "decline", "id": invited.own, "reason": "Others"})
		r.quiet()
		state(invited.opportunity, "closed")
		if o := r.opportunity(invited.opportunity); o.text("cosell_expires") != "" {
			t.Errorf("answered, it expires %q", o.text("cosell_expires"))
		}
	})
}

// What the sellers' page says of a tick without a new line, and that it is so.
func TestR107_ATickWithoutANewLineMeansSent(t *testing.T) {
	page, err := os.ReadFile("../../docs/on-the-form.md")
	must(t, err)
	if !strings.Contains(string(page), "A tick without a new line means sent.") {
		t.Error("the sellers' page does not say it")
	}
	play(t, func(r *rig) {
		p := r.private("Sent")
		mark, had := r.dv.calls(), len(r.audit(p.opportunity))
		r.edits("opportunity", p.opportunity, doc{"estimatedvalue": 5000})
		r.quiet()
		r.dv.wrote(mark, 0)
		r.named(p.opportunity, tick+"Sent")
		if v := r.referral(p.own).text("details/dealValue"); v != "5000" || len(r.audit(p.opportunity)) != had {
			t.Errorf("Partner Center has %s; Audit says %q", v, r.audit(p.opportunity))
		}
	})
}

func TestR107_ByTheSettingTheLastSyncFollowsPlainEdits(t *testing.T) {
	for setting, follows := range map[string]bool{"": false, "never": false, "quiet": true} {
		t.Run("set to "+setting, func(t *testing.T) {
			play(t, func(r *rig) {
				p := r.private("Last sync")
				first := r.opportunity(p.opportunity).text("cosell_lastsync")
				time.Sleep(time.Hour)
				r.edits("opportunity", p.opportunity, doc{"estimatedvalue": 5000})
				r.quiet()
				r.reconcile()
				r.quiet()
				if now := r.opportunity(p.opportunity).text("cosell_lastsync"); now != first {
					t.Errorf("it is written before five quiet minutes: %s", now)
				}
				r.advance(20 * time.Minute)
				if now := r.opportunity(p.opportunity).text("cosell_lastsync"); (now != first) != follows {
					t.Errorf("it was %s and is %s", first, now)
				}
			}, "SYNC_LAST_SYNC="+setting)
		})
	}
}

func TestR116_AConversionElsewhereIsTakenOver(t *testing.T) {
	for who, convert := range map[string]func(r *rig, p pair){
		"partner":   func(r *rig, p pair) { r.partner(doc{"do": "update", "id": p.own, "help": "ProofOfConceptOrDemo"}) },
		"Microsoft": func(r *rig, p pair) { r.microsoft(doc{"do": "upgrade", "id": p.own, "help": "ProofOfConceptOrDemo"}) },
	} {
		t.Run(who, func(t *testing.T) {
			play(t, func(r *rig) {
				p := r.private("Converted elsewhere")
				if who == "partner" {
					r.portalEdits(p.own, doc{"/customerProfile/team/-": doc{"firstName": "Ada", "lastName": "Example", "email": "ada@tailspin.example", "phoneNumber": "+49405550100"}})
				}
				mark := r.pc.calls()
				convert(r, p)
				r.quiet()
				o := r.opportunity(p.opportunity)
				if o.text("cosell_visible") != "true" || o.text("cosell_help") != fmt.Sprint(r.help("ProofOfConceptOrDemo")) || o.text("cosell_referralid") != p.own {
					t.Errorf("visible %s, help %s, identifier %s", o.text("cosell_visible"), o.text("cosell_help"), o.text("cosell_referralid"))
				}
				for _, w := range r.pc.writes(mark) { // the contact may be named now, which nobody could be before
					if w.Method != http.MethodPatch || !strings.Contains(w.Body, "/customerProfile/team") || strings.Count(w.Body, `"op"`) != 1 {
						t.Errorf("written was %s", listed([]written{w}))
					}
				}
			})
		})
	}
}

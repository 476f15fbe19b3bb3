package requirements

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestR33_MicrosoftsAcceptanceIsShown(t *testing.T) {
	for _, on := range []string{"microsoft", "own", "both"} {
		t.Run("the id on "+on, func(t *testing.T) {
			play(t, func(r *rig) {
				r.pc.switches(doc{"msxIdOn": on})
				p := r.coSell("Accepted by Microsoft")
				mark := r.pc.calls()
				r.pc.delivery(doc{"pause": true}) // what is told is the day of the acceptance, not the one on which it is heard of
				time.Sleep(24 * time.Hour)
				r.microsoft(doc{"do": "accept", "id": p.microsoft, "name": "Robin Redmond", "msxId": "7-ABCDE12345"})
				time.Sleep(48 * time.Hour)
				r.pc.delivery(doc{})
				r.quiet()
				if id := r.opportunity(p.opportunity).text("cosell_microsoftcrmid"); id != "7-ABCDE12345" {
					t.Errorf("Microsoft's identifier is %q", id)
				}
				r.audited(p.opportunity, "2026-03-05", "2026-03-03", "Accepted", "Robin Redmond")
				r.pc.wrote(mark, 0)
			})
		})
	}
}

func TestR34_MicrosoftsDeclineLeavesTheOpportunityOpen(t *testing.T) {
	for reason, want := range map[string]string{"No Microsoft seller directly manages this customer": "No Microsoft seller directly manages this customer", "": "not provided"} {
		t.Run(want, func(t *testing.T) {
			play(t, func(r *rig) {
				p := r.coSell("Declined by Microsoft")
				mark := r.pc.calls()
				r.microsoft(doc{"do": "decline", "id": p.microsoft, "reason": reason})
				r.quiet()
				r.audited(p.opportunity, "eclined", want)
				if r.opportunity(p.opportunity).text("statecode") != "0" {
					t.Error("the opportunity is closed")
				}
				r.pc.wrote(mark, 0)
			})
		})
	}
}

func TestR34_MicrosoftsSilenceIsToldAndLeavesTheOpportunityOpen(t *testing.T) {
	play(t, func(r *rig) {
		p := r.coSell("No answer from Microsoft")
		r.advance(15 * 24 * time.Hour)
		if got := r.referral(p.microsoft).text("substatus"); got != "Expired" {
			t.Fatalf("Microsoft's referral is %s", got)
		}
		r.audited(p.opportunity, "xpired", "not provided")
		if r.opportunity(p.opportunity).text("statecode") != "0" || r.referral(p.own).text("status") != "Active" {
			t.Errorf("the opportunity is %s, the partner's referral %s", r.opportunity(p.opportunity).text("statecode"), r.referral(p.own).text("status"))
		}
	})
}

func TestR35_MicrosoftsWonAndLostAreAuditOnly(t *testing.T) {
	for do, word := range map[string]string{"win": "won", "lose": "lost"} {
		t.Run(do, func(t *testing.T) {
			play(t, func(r *rig) {
				p := r.coSell("Closed by Microsoft")
				r.microsoft(doc{"do": "accept", "id": p.microsoft})
				r.quiet()
				before, mark := r.opportunity(p.opportunity), r.pc.calls()
				r.microsoft(doc{"do": do, "id": p.microsoft})
				r.quiet()
				if got := slices.DeleteFunc(r.touched(p.opportunity, before), func(c string) bool { return c == "cosell_microsoftstatus" }); len(got) != 0 {
					t.Errorf("touched were %v", got)
				}
				if !slices.ContainsFunc(r.audit(p.opportunity), func(line string) bool { return strings.Contains(strings.ToLower(line), word) }) {
					t.Errorf("Audit does not tell it: %v", r.audit(p.opportunity))
				}
				r.pc.wrote(mark, 0)
			})
		})
	}
}

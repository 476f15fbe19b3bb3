package cosell

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
)

// options calls each with every combination of the settings of the decision.
func options(each func(Options)) {
	for _, guard := range []string{"off", "warn", "delay"} {
		for _, strict := range []bool{false, true} {
			for _, grace := range []time.Duration{0, 10 * time.Minute} {
				for _, limit := range []string{"0", "25000"} {
					for _, audit := range []string{"none", "steps", "all"} {
						each(Options{WonGuard: guard, WonAge: 72 * time.Hour, RegistrableValue: limit, DeclineGrace: grace, AcceptStrict: strict, AuditSuccess: audit})
					}
				}
			}
		}
	}
}

// at is how far a deal has come: its status on both sides, and whether Microsoft's sellers see it.
type at struct {
	pc, crm string
	shared  bool
}

func (a at) closed() bool { return ReferralClosed(a.pc) }

func phases() []at {
	var out []at
	for _, shared := range []bool{false, true} {
		out = append(out, at{Accepted, Open, shared})
		for _, closed := range []string{Won, Lost, Declined, Expired, Errored} {
			out = append(out, at{closed, StatusFor(closed), shared})
		}
	}
	return append(out, at{Pending, OnHold, false})
}

// start is an agreed deal in the phase, with two solutions, a currency and a contact where it is shared.
func (a at) start(crm Record) Pairing {
	p := Record{Status: a.pc, Currency: "EUR", "solutions/SOL-2": "{}", Solutions: "2"}
	d := Record{Status: a.crm, "solutions/SOL-2": "{}", Solutions: "2"}
	if a.shared {
		maps.Copy(p, shared)
		maps.Copy(d, shared)
	}
	in := from(p, d, nil, crm)
	in.Rules = withCurrency()
	return in
}

// door is an edit of a seller, and what becomes of it where the deal is open, where it is open and shared,
// and where it is closed.
type door struct {
	edit                 Record
	open, shared, closed want
	waits                []string // the problems while it is pending; nothing crosses then
	final                bool     // also while it is pending
}

func doors() map[string]door {
	stays := want{codes: []string{"referral.closed"}}
	sent := func(r Record) door {
		return door{edit: r, open: want{toReferral: r}, shared: want{toReferral: r}, closed: stays}
	}
	blank := func(r Record) door {
		w := want{codes: []string{"value.blank"}}
		return door{edit: r, open: w, shared: w, closed: stays, waits: w.codes}
	}
	contact, help := Record{"contacts/bob": ada}, Record{Help: "A", "contacts/ada": ada}
	final := want{toOpportunity: Record{Visibility: True}, codes: []string{"visibility.final"}}
	emptied := want{codes: []string{"solution.required"}}
	restored := want{toOpportunity: Record{MicrosoftStatus: ""}, codes: []string{"column.readonly"}}
	return map[string]door{
		"Name":             sent(Record{Name: "New"}),
		"DealValue":        sent(Record{DealValue: "7"}),
		"Currency":         sent(Record{Currency: "USD"}),
		"Money":            sent(Record{DealValue: "7", Currency: "USD"}),
		"ClosingDate":      sent(Record{ClosingDate: "2027-01-01"}),
		"Notes":            sent(Record{Notes: "new"}),
		"NotesCleared":     sent(Record{Notes: ""}),
		"Team":             sent(Record{"team/sam": kim}),
		"SolutionAdded":    sent(Record{"solutions/SOL-3": "{}"}),
		"SolutionTaken":    sent(Record{"solutions/SOL-2": ""}),
		"NameCleared":      blank(Record{Name: ""}),
		"ValueZero":        blank(Record{DealValue: "0"}),
		"ValueCleared":     blank(Record{DealValue: ""}),
		"CurrencyCleared":  blank(Record{Currency: ""}),
		"DateCleared":      blank(Record{ClosingDate: ""}),
		"AllSolutionsGone": {edit: Record{"solutions/SOL-1": "", "solutions/SOL-2": ""}, open: emptied, shared: emptied, closed: stays},
		"Customer":         {edit: Record{CustomerCountry: "FR"}, open: want{codes: []string{"customer.locked"}}, shared: want{codes: []string{"customer.locked"}}},
		"Contact":          {edit: contact, open: want{toReferral: contact}, shared: want{codes: []string{"contact.locked"}}, closed: stays},
		"Hidden":           {edit: Record{Visibility: False}, shared: final, closed: final},
		"Shown":            {edit: Record{Visibility: True}, open: want{toReferral: Record{Visibility: True}}, closed: stays},
		"Help": {edit: help, open: want{invite: "A", toReferral: Record{Visibility: True, "contacts/ada": ada}, toOpportunity: Record{Visibility: True}},
			shared: want{invite: "A", codes: []string{"contact.locked"}}, closed: stays},
		"MicrosoftsColumn": {edit: Record{MicrosoftStatus: "mine"}, open: restored, shared: restored, closed: restored, final: true},
	}
}

// Every door, in every phase, under every option: none of the options opens or shuts a door that is not its
// own.
func TestEveryDoorInEveryPhaseUnderEveryOption(t *testing.T) {
	for name, d := range doors() {
		for _, a := range phases() {
			if name == "Hidden" && !a.shared || name == "Shown" && a.shared {
				continue // no edit
			}
			w := d.open
			switch {
			case a.closed() && (name == "Contact" && a.shared):
				w = want{} // it could not have changed either: nothing to tell
			case a.closed():
				w = d.closed
			case a.pc == Pending && !d.final:
				w = want{codes: d.waits}
			case a.shared:
				w = d.shared
			}
			t.Run(fmt.Sprintf("%s/%s/shared=%v", name, a.pc, a.shared), func(t *testing.T) {
				options(func(o Options) {
					in := a.start(d.edit)
					in.Options = o
					plan := Merge(in)
					w.check(t, plan)
					in.Pair = in.Settle(plan, Written{}, "")
					if a.closed() && len(in.Pair.Loud()) > 0 {
						t.Errorf("a closed deal holds %+v", in.Pair.Held)
					}
					if a.pc == Pending && !d.final && !Changed(in.Pair.Base, in.Opportunity.row, in.Rules) {
						t.Error("the edit is forgotten while the invitation waits")
					}
				})
			})
		}
	}
}

// A closed referral is told of once for each edit, and then the edit is over.
func TestWhatStaysInCRMIsToldOnce(t *testing.T) {
	for name, d := range doors() {
		in := at{Won, Won, false}.start(d.edit)
		plan := Merge(in)
		in.Pair = in.Settle(plan, Written{}, "")
		again := Merge(in)
		if again.Ends || len(again.Problems) > 0 && name != "MicrosoftsColumn" {
			t.Errorf("%s: told at the next event too: %v", name, codes(again.Problems))
		}
	}
}

// stride is one thing that a seller does to a status, with the facts that options look at.
type stride struct {
	to       string // the opportunity's status
	complete bool   // all that the portal's form wants is there
	hurry    bool   // the invitation ends within two days
	ripe     bool   // 72 hours after the acceptance
	waited   bool   // ten minutes after the closing
	shared   bool
	rich     bool // 25,000 or more
}

// pairing is the step as Merge sees it.
func (s stride) pairing(o Options) Pairing {
	p, d := Record{Status: Accepted, Currency: "EUR"}, Record{Status: Open}
	if s.to == Open || s.to == Declined {
		p[Status], d[Status] = Pending, OnHold
	}
	if s.shared {
		maps.Copy(p, shared)
		maps.Copy(d, shared)
	}
	for _, r := range []Record{p, d} {
		if r[DealValue] = "100"; s.rich {
			r[DealValue] = "25000"
		}
		if !s.complete {
			r[ClosingDate] = ""
		}
	}
	status := s.to
	if s.to == Declined {
		status = Lost
	}
	in := from(p, d, nil, Record{Status: status})
	in.Rules, in.Options = withCurrency(), o
	in.Referral.AcceptedAt, in.Referral.ExpiresAt = time.Time{}, noon.Add(10*24*time.Hour)
	if p[Status] == Accepted {
		in.Referral.AcceptedAt = noon.Add(-time.Hour)
	}
	if s.ripe {
		in.Referral.AcceptedAt = noon.Add(-72 * time.Hour)
	}
	if s.hurry {
		in.Referral.ExpiresAt = noon.Add(47 * time.Hour)
		in.Pair.Held = []Held{{Place: InPartnerCenter, Field: Status, Class: OfRule, Code: answerDue, Value: reminded, Quiet: true}}
	}
	in.Opportunity = with(in.Opportunity, func(o *Opportunity) {
		o.Modified, o.Read = noon, noon.Add(time.Minute)
		if s.waited {
			o.Read = noon.Add(10 * time.Minute)
		}
	})
	return in
}

// with is what is known of a row, after a change of it.
func with(k Known, change func(*Opportunity)) Known {
	o := k.row
	o.Record = o.Record.Clone()
	change(&o)
	return AtHand(o)
}

// judge says which status is sent, which problem is told, and whether the change waits by a rule's clock.
func (s stride) judge(o Options) (sent, code string, waits bool) {
	switch s.to {
	case Open:
		if o.AcceptStrict && !s.complete && !s.hurry {
			return "", "acceptance.incomplete", false
		}
		return Accepted, "", false
	case Declined:
		if o.DeclineGrace > 0 && !s.waited {
			return "", "decline.waiting", true
		}
		return Declined, "", false
	case Won:
		registrable := s.shared && (s.rich || o.RegistrableValue == "0")
		switch {
		case !registrable || s.ripe || o.WonGuard == "off":
			return Won, "", false
		case o.WonGuard == "warn":
			return Won, "won.early", false
		}
		return "", "won.early", true
	}
	return Lost, "", false
}

func steps(each func(stride)) {
	bools := []bool{false, true}
	for _, to := range []string{Open, Declined, Won, Lost, Canceled} {
		for _, complete := range bools {
			for _, hurry := range bools {
				for _, ripe := range bools {
					for _, waited := range bools {
						for _, shared := range bools {
							for _, rich := range bools {
								if to != Open && (hurry || !complete) || to != Won && (ripe || rich) || to != Declined && waited {
									continue // looked at by no rule
								}
								each(stride{to, complete, hurry, ripe, waited, shared, rich})
							}
						}
					}
				}
			}
		}
	}
}

// Every step of the life cycle, with every fact that a rule looks at, under every option.
func TestEveryStepOfTheLifeCycleUnderEveryOption(t *testing.T) {
	words := map[string]string{Accepted: "accepted the referral", Declined: "declined the referral, reason: Others", Won: "closed as won", Lost: "closed as lost, reason: Others"}
	steps(func(s stride) {
		options(func(o Options) {
			in := s.pairing(o)
			plan := Merge(in).Told()
			status, code, waits := s.judge(o)
			if plan.ToReferral[Status] != status || strings.Join(codes(plan.Problems), " ") != code || plan.HeldUntil.IsZero() == waits {
				t.Errorf("%+v under %+v: %v %v until %s, want %q %q %v", s, o, plan.ToReferral, codes(plan.Problems), plan.HeldUntil, status, code, waits)
			}
			_, done := write(in, plan)
			lines := told(in, plan, done)
			flag := ""
			if status == Won && s.ripe && s.shared && (s.rich || o.RegistrableValue == "0") {
				flag = in.registration(in.Referral.Record)
				if flag == "" {
					t.Errorf("%+v under %+v: not flagged", s, o)
				}
			}
			told := slices.ContainsFunc(lines, func(l string) bool { return l == "to Partner Center: "+words[status]+flag })
			if want := status != "" && o.AuditSuccess != "none"; told != want {
				t.Errorf("%+v under %+v: told %q", s, o, lines)
			}
			pair := in.Settle(plan, done, "")
			if agreed := pair.Base.Opportunity[Status] == in.Opportunity.Side().Record[Status]; agreed != (status != "" || s.to == Declined) {
				t.Errorf("%+v under %+v: the base says %s", s, o, pair.Base.Opportunity[Status])
			}
		})
	})
}

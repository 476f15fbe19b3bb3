package cosell

import (
	"strings"
	"testing"
)

func TestR98_AWonDealThatCanBeRegisteredIsFlagged(t *testing.T) {
	deal := func(changes Record) Record {
		r := Record{Status: Won, Visibility: True, DealValue: "25000", MicrosoftStatus: "Accepted"}
		for f, v := range changes {
			r[f] = v
		}
		return r
	}
	for name, c := range map[string]struct {
		referral Record
		limit    string
		asked    bool
		flagged  bool
	}{
		"accepted by Microsoft":     {deal(nil), "25000", true, true},
		"won by Microsoft":          {deal(Record{MicrosoftStatus: "Won"}), "25000", true, true},
		"not answered by Microsoft": {deal(Record{MicrosoftStatus: "Pending"}), "25000", true, false},
		"declined by Microsoft":     {deal(Record{MicrosoftStatus: "Declined"}), "25000", true, false},
		"partner-led":               {deal(Record{MicrosoftStatus: ""}), "25000", false, true},
		"private":                   {deal(Record{Visibility: False}), "25000", false, false},
		"too small":                 {deal(Record{DealValue: "24999.99"}), "25000", true, false},
		"another limit":             {deal(Record{DealValue: "5000"}), "5000", true, true},
		"no value":                  {deal(Record{DealValue: ""}), "25000", true, false},
	} {
		in := Pairing{Referral: &Referral{Side: Side{Record: c.referral}}, Options: Options{RegistrableValue: c.limit, AuditSuccess: "steps"}, Opportunity: AtHand(Opportunity{Side: Side{Record: Record{}}})}
		if c.asked {
			in.Pair.MicrosoftID = "m"
		}
		sent := in.stepsTaken(Record{Status: Won}, c.referral)
		came := in.cameWith(Won, "")
		if got := strings.Contains(sent[0].Text, "can be registered"); got != c.flagged || strings.Contains(came, "can be registered") != c.flagged {
			t.Errorf("%s: %q, %q", name, sent[0].Text, came)
		}
	}
	in := Pairing{Referral: &Referral{Side: Side{Record: deal(Record{Status: Lost})}}, Options: Options{RegistrableValue: "25000", AuditSuccess: "steps"}, Opportunity: AtHand(Opportunity{Side: Side{Record: Record{}}})}
	if strings.Contains(in.stepsTaken(Record{Status: Lost}, deal(Record{Status: Lost}))[0].Text+in.cameWith(Lost, ""), "registered") {
		t.Error("a lost deal is flagged")
	}
}

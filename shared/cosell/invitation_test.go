package cosell

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// invited is a pending deal whose invitation ends ten days after noon.
func invited(crm Record, set func(*Pairing)) Pairing {
	in := answerable(nil, crm)
	in.Referral.ExpiresAt = noon.Add(10 * 24 * time.Hour)
	if set != nil {
		set(&in)
	}
	return in
}

const day = 24 * time.Hour

// The time of an invitation is kept quietly, and called to mind once, three days before its end.
func TestR77_WhenAnInvitationIsCalledToMind(t *testing.T) {
	due, strictEnds, ended := noon.Add(7*day), noon.Add(8*day), noon.Add(10*day+5*time.Minute)
	was := []Held{{Place: InPartnerCenter, Field: Status, Class: OfRule, Code: answerDue, Value: reminded, Quiet: true}}
	for name, tt := range map[string]struct {
		crm   Record
		set   func(*Pairing)
		told  bool
		quiet bool      // a row keeps the time
		next  time.Time // at which it is looked at again
	}{
		"Early":             {nil, nil, false, true, due},
		"ASecondBefore":     {nil, func(in *Pairing) { in.At = due.Add(-time.Second) }, false, true, due},
		"ThreeDaysBefore":   {nil, func(in *Pairing) { in.At = due }, true, true, strictEnds},
		"OnTheLastDay":      {nil, func(in *Pairing) { in.At = noon.Add(10*day - time.Hour) }, true, true, ended},
		"RemindedBefore":    {nil, func(in *Pairing) { in.At, in.Pair.Held = due, was }, false, true, strictEnds},
		"BeingAnswered":     {Record{Status: Open}, func(in *Pairing) { in.At = due }, false, true, due},
		"BeingDeclined":     {Record{Status: Lost}, func(in *Pairing) { in.At, in.Options.DeclineGrace = due, time.Hour }, false, true, due},
		"Assumed":           {nil, func(in *Pairing) { in.At, in.Opportunity = due, Assumed(in.Pair) }, false, true, due},
		"NeverEnds":         {nil, func(in *Pairing) { in.At, in.Referral.ExpiresAt = due, time.Time{} }, false, false, time.Time{}},
		"OfMicrosoft":       {nil, func(in *Pairing) { in.At, in.Referral.Microsoft = due, true }, false, false, time.Time{}},
		"AcceptedAlready":   {Record{Status: Open}, func(in *Pairing) { in.At = due; in.Referral.Record[Status] = Accepted }, false, false, time.Time{}},
		"AnotherCodeIsDue":  {nil, func(in *Pairing) { in.Pair.Held = []Held{{Code: "no", Value: reminded}} }, false, true, due},
		"TheStrictnessEnds": {nil, func(in *Pairing) { in.At, in.Pair.Held = strictEnds, was }, false, true, ended},
		"ItHasEnded":        {nil, func(in *Pairing) { in.At, in.Pair.Held = ended, was }, false, true, time.Time{}},
		"NotRemindedYet":    {nil, func(in *Pairing) { in.At, in.Pair.Held = due, []Held{{Code: answerDue}} }, true, true, strictEnds},
	} {
		t.Run(name, func(t *testing.T) {
			in := invited(tt.crm, tt.set)
			plan := Merge(in)
			var notes, rows []Problem
			for _, p := range plan.Problems {
				switch {
				case p.Code == answerDue && p.Quiet:
					rows = append(rows, p)
				case p.Code == answerDue:
					notes = append(notes, p)
				}
			}
			if tt.told != (len(notes) == 1) || tt.told != (plan.Task == TaskReminder) {
				t.Errorf("told %+v, task %q", notes, plan.Task)
			}
			if tt.quiet != (len(rows) == 1) || tt.quiet && !rows[0].Due.Equal(tt.next) {
				t.Errorf("kept %+v, want it due %s", rows, tt.next)
			}
			if want := name == "Assumed"; plan.NeedsOpportunity != want {
				t.Errorf("the opportunity is wanted: %v", plan.NeedsOpportunity)
			}
			if tt.quiet && !tt.told && len(tt.crm) == 0 && !plan.Empty() {
				t.Errorf("what only keeps a time is something to do: %+v", plan)
			}
		})
	}
}

// The task to answer comes with the row that the two make when they meet, once, and not where it is answered.
func TestR77_TheTaskToAnswerComesOnce(t *testing.T) {
	for name, tt := range map[string]struct {
		crm  Record
		set  func(*Pairing)
		want string
	}{
		"TheyMeet":          {nil, nil, TaskAnswer},
		"TheyMetBefore":     {nil, func(in *Pairing) { in.Linking = false }, ""},
		"TheRowIsThere":     {nil, func(in *Pairing) { in.Pair.Held = []Held{{Code: answerDue}} }, ""},
		"AnsweredAtOnce":    {Record{Status: Open}, nil, ""},
		"ClosedAtOnce":      {Record{Status: Won}, nil, ""},
		"AlmostOver":        {nil, func(in *Pairing) { in.At = noon.Add(9 * day) }, TaskReminder},
		"MicrosoftsOwnOnes": {nil, func(in *Pairing) { in.Referral.Microsoft = true }, ""},
	} {
		if got := Merge(invited(tt.crm, tt.set)).Task; got != tt.want {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestR77_TheReminderIsToldOnceAndCountsTheDays(t *testing.T) {
	in := invited(nil, func(in *Pairing) { in.At = noon.Add(7 * day) })
	plan := Merge(in)
	lines := told(in, plan, Written{})
	if len(lines) != 1 || !strings.Contains(lines[0], "ends by itself on 2026-03-12 12:00 UTC, 3 days left") {
		t.Fatalf("%q", lines)
	}
	in.Pair = in.Settle(plan, Written{}, "")
	for _, later := range []time.Duration{0, day, 3 * day} {
		in.At = noon.Add(7*day + later)
		again := Merge(in)
		if lines := told(in, again, Written{}); len(lines) != 0 || again.Task != "" {
			t.Errorf("%s later it is told again: %q", later, lines)
		}
		in.Pair = in.Settle(again, Written{}, "")
	}
	for left, want := range map[time.Duration]string{time.Minute: "1 day", day: "1 day", day + time.Second: "2 days", 72 * time.Hour: "3 days"} {
		if got := days(left); got != want {
			t.Errorf("%s: %s", left, got)
		}
	}
}

// The row finds the pair when it is due, is no trouble, and is gone with the answer.
func TestR77_TheRowOfAnInvitation(t *testing.T) {
	in := invited(nil, nil)
	in.Pair = in.Settle(Merge(in), Written{}, "")
	h, ok := in.Pair.HeldAt(InPartnerCenter, Status)
	if !ok || !h.Quiet || len(in.Pair.Loud()) != 0 || len(in.Pair.Told) != 0 || !h.Next.Equal(noon.Add(7*day)) || h.Attempts != 0 {
		t.Fatalf("%+v", in.Pair.Held)
	}
	if due(in.Pair, noon) || !due(in.Pair, noon.Add(7*day)) {
		t.Error("it is not due three days before the end")
	}
	if s := in.Columns(Merge(in), Written{}); s[State] != StatePending || s[Expires] != "2026-03-12T12:00:00Z" || s[ErrorCode] != "" {
		t.Errorf("%v", s)
	}
	for name, tt := range map[string]struct {
		crm   Record
		there string // the referral after the write
		tasks string
		rows  int
	}{
		"Waits":    {nil, "", "", 1},
		"Accepted": {Record{Status: Open}, Accepted, TaskDone, 0},
		"Declined": {Record{Status: Lost}, Declined, TaskDone, 0},
	} {
		again := in
		again.Opportunity = with(in.Opportunity, func(o *Opportunity) { apply(o.Record, tt.crm) })
		plan := Merge(again)
		_, done := write(again, plan)
		if got := again.Tasks(plan, done); got != tt.tasks {
			t.Errorf("%s: tasks %q", name, got)
		}
		if pair := again.Settle(plan, done, ""); len(pair.Held) != tt.rows {
			t.Errorf("%s: held %+v", name, pair.Held)
		}
	}
}

// An answer that was given in the portal ends the row too, even where the row of CRM is only assumed.
func TestR77_AnAnswerInThePortalEndsTheRow(t *testing.T) {
	for _, answer := range []string{Accepted, Declined, Expired} {
		in := invited(nil, nil)
		in.Pair = in.Settle(Merge(in), Written{}, "")
		in.Pair.Held = append(in.Pair.Held, Held{Place: InPartnerCenter, Field: Name, Class: OfRecord, Code: "no"})
		in.Referral.Record = in.Referral.Record.Clone()
		in.Referral.Record[Status] = answer
		in.Opportunity = Assumed(in.Pair)
		plan := Merge(in)
		if got := in.Tasks(plan, Written{}); got != TaskDone {
			t.Errorf("%s: tasks %q", answer, got)
		}
		late := in
		late.At = noon.Add(12 * 24 * time.Hour) // since when there may be a reminder
		if got := late.Tasks(plan, Written{}); got != TasksDone {
			t.Errorf("%s: late tasks %q", answer, got)
		}
		pair := in.Settle(plan, Written{}, "")
		if d := cmp.Diff([]string{"no"}, heldCodes(pair.Held)); d != "" {
			t.Errorf("%s: held %+v", answer, pair.Held)
		}
		in.Referral.Microsoft, in.Pair.Base.Referral[Status] = true, Pending
		if got := in.Tasks(plan, Written{}); got != "" {
			t.Errorf("Microsoft's own %s answers our invitation: %q", answer, got)
		}
	}
}

func TestR77_SwitchedOffTheReminderStaysTold(t *testing.T) {
	for _, was := range []bool{false, true} {
		in := invited(Record{Sync: False}, nil)
		if was {
			in.Pair.Held = []Held{{Place: InPartnerCenter, Field: Status, Class: OfRule, Code: answerDue, Value: reminded, Quiet: true}}
		}
		in.Pair = in.Settle(Merge(in), Written{}, "")
		if in.Pair.Holds(answerDue) != was || !in.Pair.Holds("sync.off") {
			t.Errorf("reminded %v: held %v", was, heldCodes(in.Pair.Held))
		}
		in.Opportunity = with(in.Opportunity, func(o *Opportunity) { o.Record[Sync] = True })
		in.At = noon.Add(8 * day)
		if again := Merge(in).Task == TaskReminder; again == was {
			t.Errorf("reminded %v, and again after switching on: %v", was, again)
		}
	}
}

// The task to answer is put aside with all else that a meeting without an edit would write, and is made once that goes on.
func TestR77_TheTaskThatWasPutAsideIsMadeLater(t *testing.T) {
	in := invited(nil, func(in *Pairing) { in.Pair.Base = Base{} })
	rest, asked := in.PutAside(Merge(in), CauseRebuilt)
	if asked {
		t.Fatal("an edit is behind it")
	}
	in.Pair, in.Linking = in.Settle(rest, Written{Silent: true}, ""), false
	again := Merge(in)
	if rest, _ := in.PutAside(again, CauseRebuilt); again.Task != TaskAnswer || !rest.due(untasked) {
		t.Errorf("task %q, %+v", again.Task, rest.Problems)
	}
	in.Pair = in.Settle(again, Written{}, "")
	if got := Merge(in).Task; got != "" {
		t.Errorf("made twice: %q", got)
	}
}

// due says whether the row of the invitation has the value.
func (p Plan) due(value string) bool {
	return slices.ContainsFunc(p.Problems, func(q Problem) bool { return q.Code == answerDue && q.Value == value })
}

package cosell

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// answerDue is the row of an invitation that waits for its answer. It is quiet, and finds the moment of the
// reminder.
const answerDue = "answer.due"

// remindBefore is how long before its end an invitation is called to mind: an invitation lives 14 days, and
// three leave a working day even over a weekend.
const remindBefore = 72 * time.Hour

// The values of the row: the reminder was told; the task to answer is still to be made, because all that the meeting of the two records
// would write was put aside.
const (
	reminded = "reminded"
	untasked = "untasked"
)

// invitation keeps the time of a pending referral, and calls it to mind once.
func (m *merger) invitation() {
	expires := m.Referral.ExpiresAt
	if m.Referral.Microsoft || m.p[Status] != Pending || expires.IsZero() {
		return
	}
	row := Problem{Code: answerDue, Field: Status, Place: InPartnerCenter, Class: OfRule, Warn: true, Quiet: true, Due: expires.Add(-remindBefore),
		Text: "the invitation waits for an answer until " + clock(expires), Mend: "accept it or decline it"}
	answered := OpportunityClosed(m.d[Status]) || m.plan.ToReferral[Status] != ""
	if !answered && (m.Linking && !m.Pair.Holds(answerDue) || m.untasked()) { // a row that we make brings its task along
		m.plan.Task = TaskAnswer
	}
	switch {
	case m.wasReminded():
		row.Value, row.Due = reminded, afterReminder(m.At, expires)
	case m.At.Before(row.Due) || answered: // not yet, or not any more
	case m.Opportunity.Assumed():
		m.plan.NeedsOpportunity = true
	default:
		row.Value, row.Due = reminded, afterReminder(m.At, expires)
		m.plan.Task = TaskReminder
		m.say(Problem{Code: answerDue, Field: Status, Place: InPartnerCenter, Warn: true, Once: true,
			Text: endsOn(expires) + days(expires.Sub(m.At)) + " left to answer it",
			Mend: m.answerBy()})
	}
	m.say(row)
}

// Ending says whether the row is of an invitation that is called to mind at the time given at the latest: it ends
// within three days of that.
func (h Held) Ending(at time.Time) bool {
	return h.Code == answerDue && h.Text != "" && (h.Value == reminded || h.Due(at))
}

// afterReminder is when an invitation is looked at once more: when an acceptance may go without what only the
// portal's form demands, and when it has ended, of which an event may not have told.
func afterReminder(now, expires time.Time) time.Time {
	const late = 5 * time.Minute // Partner Center's own clock work
	for _, at := range []time.Time{expires.Add(-lastDays), expires.Add(late)} {
		if now.Before(at) {
			return at
		}
	}
	return time.Time{}
}

func endsOn(expires time.Time) string {
	return "the invitation ends by itself on " + clock(expires) + ", "
}

// wasReminded says whether the reminder was told: by its row, or, where the tables were lost since, by Audit.
func (m *merger) wasReminded() bool {
	if !m.Opportunity.Assumed() && !m.Pair.Holds(answerDue) && strings.Contains(m.d[Audit], answerDue+": "+endsOn(m.Referral.ExpiresAt)) {
		return true
	}
	for _, h := range m.Pair.Held {
		if h.Code == answerDue && h.Value == reminded {
			return true
		}
	}
	return false
}

// untasked says whether the task to answer was put aside.
func (m *merger) untasked() bool {
	return slices.ContainsFunc(m.Pair.Held, func(h Held) bool { return h.Code == answerDue && h.Value == untasked })
}

// untasked is the plan of which nothing is written, the task to answer neither: its row says so.
func (p Plan) untasked() Plan {
	for i := range p.Problems {
		if p.Problems[i].Code == answerDue && p.Problems[i].Value == "" && p.Task == TaskAnswer {
			p.Problems[i].Value = untasked
		}
	}
	return p
}

func days(left time.Duration) string {
	const day = 24 * time.Hour
	n := int((left + day - 1) / day)
	if n == 1 {
		return "1 day"
	}
	return strconv.Itoa(n) + " days"
}

// status is what the referral says of itself after the writes.
func (in Pairing) status(w Written) string {
	switch {
	case w.Referral != nil:
		return w.Referral.Record[Status]
	case in.Referral.Microsoft:
		return in.Pair.Base.Referral[Status]
	}
	return in.Referral.Record[Status]
}

// Tasks is what becomes of the owner's tasks about the invitation with this write: the value of Task.
func (in Pairing) Tasks(plan Plan, w Written) string {
	if s := in.status(w); in.Pair.Holds(answerDue) && s != "" && s != Pending {
		return in.Pair.OpenTasks(in.At)
	}
	return plan.Task
}

// OpenTasks completes the owner's tasks about the answer: both once it was time for the reminder.
func (p Pair) OpenTasks(at time.Time) string {
	for _, h := range p.Held {
		if h.Code == answerDue && (h.Value == reminded || h.Due(at)) {
			return TasksDone
		}
	}
	return TaskDone
}

// stillQuiet drops what only an invitation that waits is to be reminded of, once it was answered.
func (in Pairing) stillQuiet(problems []Problem, w Written) []Problem {
	if in.status(w) == Pending {
		return problems
	}
	return slices.DeleteFunc(slices.Clone(problems), func(p Problem) bool { return p.Quiet && p.Code == answerDue })
}

// answered drops the row of an invitation.
func (p Pair) answered() []Held {
	return slices.DeleteFunc(slices.Clone(p.Held), func(h Held) bool { return h.Quiet && h.Code == answerDue })
}

// Loud lists what is held and told: all but what only keeps a time.
func (p Pair) Loud() []Held {
	var out []Held
	for _, h := range p.Held {
		if !h.Quiet {
			out = append(out, h)
		}
	}
	return out
}

// unanswered says in words that Microsoft let its own time run out.
func unanswered(status string) bool { return strings.EqualFold(status, "Expired") }

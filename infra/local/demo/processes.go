package demo

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/control"
)

// ProcessesCase is the story of the layout flex2: what one process learns of the other side holds for all of them.
const ProcessesCase = "processes"

// errand makes one process call Partner Center.
type errand struct {
	function string // the process's, without its number
	does     string
	// run gives somebody's cause; done says, once the world is at rest, whether it came to its end. An errand that is
	// asked for and not told by an event has no done.
	run  func(s *Story, value string)
	done func(l *look, value string) bool
}

// errands are those of every process that has Partner Center's credentials.
func errands() []errand {
	value := func(l *look, path, want string) bool { return sameNumber(l.value(path), want) }
	return []errand{
		{"crmtopartnercenter", "an edit in CRM", func(s *Story, v string) { s.editValueInCRM(s.deal("processes", "P0"), v) },
			func(l *look, v string) bool {
				return value(l, "pc/referrals/"+l.s.deal("processes", "P0").referral+"/details/dealValue", v)
			}},
		{"partnercentertocrm", "an edit in the portal", func(s *Story, v string) { s.editValueInPortal(s.deal("portal's", "P0"), v) },
			func(l *look, v string) bool {
				return value(l, "crm/opportunity/"+l.s.deal("portal's", "P0").opportunity+"/estimatedvalue", v)
			}},
		{"solutionssync", "an edit of a solution row", func(s *Story, v string) {
			s.by(seller, "sets the price of a solution to %s", v)
			s.crmUpdate("cosell_solution", s.deal("solution", "P0").opportunity, fields{"cosell_price": json.Number(v), "cosell_currency": "EUR"})
		}, func(l *look, v string) bool {
			return value(l, "pc/referrals/"+l.s.deal("solution", "P0").referral+"/details/requirements/solutions/0/price", v)
		}},
		{"createcosellreferral", "a new deal", func(s *Story, v string) {
			s.by(seller, "makes a private deal over %s", v)
			account := s.customer("Wingtip "+v+" GmbH", "DE")
			opportunity := s.opportunity("Wingtip "+v, 0, account, fields{"estimatedvalue": json.Number(v)})
			s.solution(opportunity, "SOL-12345-ABC", "Northwind Forecast")
			s.sync(opportunity)
		}, func(l *look, v string) bool { return len(l.rows("pc/referrals", "name", "Wingtip "+v)) == 1 }},
		{"reconcile", "a pass of reconcile", func(s *Story, _ string) {
			s.by(nobody, "starts reconcile")
			_ = s.c.Call(s.ctx, http.MethodPost, s.c.Local.Host.Control, "/trigger", fields{"function": "reconcile"}, nil) // it may fail
		}, nil},
		{"operator", "an operator's question", func(s *Story, _ string) {
			s.by(operator, "asks what would be done for a deal")
			_, _, err := s.c.Operator(s.ctx, http.MethodGet, "/api/operator/preview?id="+s.deal("processes", "P0").opportunity, nil)
			s.keep(err)
		}, nil},
	}
}

// ProcessesSteps are the steps of that story; later ones use the deals of the first.
func ProcessesSteps() []Step {
	out := []Step{
		{"P0", "the product is installed, and deals are linked", linkForProcesses},
		{"P1", "two processes of a function share its work", shareWork},
	}
	for i, e := range errands() {
		first := 60001 + 1000*i
		out = append(out,
			Step{fmt.Sprintf("P%d", 2*i+2), "a 429 that " + e.does + " meets holds for all processes", func(s *Story) { s.throttledFor(e, first) }},
			Step{fmt.Sprintf("P%d", 2*i+3), "a consent that " + e.does + " finds revoked is in health", func(s *Story) { s.revokedFor(e, first+500) }})
	}
	return append(out, Step{"P14", "the first change after a pause is late where nothing is kept ready, and not lost", wakeLate})
}

// wakeLate lets queue functions sleep: what is told meanwhile waits, and crosses once the platform has noticed. A
// function that is kept ready does not wait.
func wakeLate(s *Story) {
	const pause, wake = time.Hour, 2 * time.Minute
	host := s.c.Local.Host.Control
	sleeping := func(after time.Duration, ready ...string) {
		s.keep(s.c.Call(s.ctx, http.MethodPost, host, "/sleep", fields{"after": after.String(), "wake": wake.String(), "ready": ready}, nil))
	}
	defer func() { _ = s.c.Call(s.ctx, http.MethodPost, host, "/sleep", fields{"after": "0s"}, nil) }() // also when the step does not hold
	d := s.deal("processes", "P0")
	shows := "pc/referrals/" + d.referral + "/details/dealValue"
	s.advance(pause)
	s.settle() // a pass has looked at what the steps before have changed, and sees nothing new from now on
	sleeping(5 * time.Minute)
	s.advance(6 * time.Minute)
	s.settle()
	s.editValueInCRM(d, "70001")
	s.until("the message is there and not worked on", func() bool { return s.locked("opportunity-changed") })
	now := look{s: s, after: s.records()}
	s.check(!sameNumber(now.value(shows), "70001"), "it crossed although nobody was awake")
	s.advance(wake)
	s.until("the value has crossed", func() bool { return sameNumber((&look{s: s, after: s.records()}).value(shows), "70001") })
	s.says("%-20s it waited for %s; the event of our own write wakes the next function", "", wake)
	s.advance(wake)
	s.settle()
	sleeping(5*time.Minute, "crmtopartnercenter", "partnercentertocrm", "solutionssync", "createcosellreferral")
	s.advance(pause)
	s.settle()
	l := s.look()
	s.editValueInCRM(d, "70002")
	l.settle().shows(shows, "70002")
	l.effect("pc", "PATCH", d.referral)
}

// locked says whether a message of the queue is held and not worked on.
func (s *Story) locked(queue string) bool {
	var queues map[string]struct {
		Locked int `json:"locked"`
	}
	s.keep(s.c.Call(s.ctx, http.MethodGet, s.c.Local.ServiceBus.Control, "/queues", nil, &queues))
	status, err := s.c.status(s.ctx)
	return s.keep(err) && queues[queue].Locked > 0 && status.Running == 0
}

func linkForProcesses(s *Story) {
	s.operate(http.MethodPost, registrationRoute, fields{"overwrite": true}, http.StatusOK)
	account := s.customer("Wingtip GmbH", "DE")
	one, two := s.opportunity("Wingtip one", 50000, account, nil), s.opportunity("Wingtip two", 51000, account, nil)
	s.solution(one, "SOL-12345-ABC", "Northwind Forecast")
	row := s.solution(two, "SOL-12345-ABC", "Northwind Forecast")
	s.sync(one)
	s.sync(two)
	made := s.portal("create", fields{"referral": fields{"name": "Wingtip three"}})
	l := s.look().settle()
	first, second, third := l.dealOf(one), l.dealOf(two), l.rows("crm/opportunity", colReferral, made.ID)
	s.check(first.referral != "" && second.referral != "" && len(third) == 1, "not every deal is linked: %+v, %+v, %v", first, second, third)
	if s.err != nil {
		return
	}
	s.keepDeal("processes", first)
	s.keepDeal("solution", deal{opportunity: row, referral: second.referral})
	s.keepDeal("portal's", deal{opportunity: third[0], referral: made.ID})
}

// shareWork makes more deals at once than one process takes, and looks who did what.
func shareWork(s *Story) {
	const many = 24
	history := s.c.Local.Host.Control
	before, err := s.c.History(s.ctx, history, 0)
	s.keep(err)
	s.by(partner, "makes %d deals at once", many)
	var ids []string
	for i := range many {
		ids = append(ids, s.portal("create", fields{"referral": fields{"name": fmt.Sprintf("Shared %d", i)}}).ID)
	}
	l := s.look().settle()
	for _, id := range ids {
		if s.err == nil {
			rows := l.rows("crm/opportunity", colReferral, id)
			s.check(len(rows) == 1, "referral %s has %d opportunities", id, len(rows))
		}
	}
	after, err := s.c.History(s.ctx, history, int64(len(before)))
	s.keep(err)
	by := map[string]int{}
	for _, e := range after {
		if e.Status == http.StatusOK {
			by[e.RequestHeaders["process"]]++
		}
	}
	for _, name := range []string{"partnercentertocrm", "crmtopartnercenter"} {
		one, two := by[name+"#1"], by[name+"#2"]
		s.check(one > 0 && two > 0, "the two processes of %s did %d and %d jobs", name, one, two)
		s.says("%-20s %s: %d and %d jobs", "", name, one, two)
	}
}

// asked is how long Partner Center asks to wait: longer than what still counts as not idle.
const asked = 4 * time.Minute

// throttledFor lets one process be answered 429, looks at health, lets all others try, and sees that nobody calls.
func (s *Story) throttledFor(e errand, first int) {
	value := func(of int) string { return fmt.Sprint(first + of) }
	pc := s.c.Local.PartnerCenter.Control
	s.keep(s.c.Call(s.ctx, http.MethodPost, pc, "/faults", control.Fault{Match: control.Match{URL: "^https://" + referralsHost + "/"}, Do: "status", Status: 429,
		Headers: map[string]string{"Retry-After": fmt.Sprint(int(asked.Seconds()))}, Times: 1}, nil))
	before := s.refusedAt(http.StatusTooManyRequests)
	e.run(s, value(0))
	s.settle()
	n := s.refusedAt(http.StatusTooManyRequests)
	s.check(n > before, "%s was not answered 429: Partner Center was not called", e.does)
	s.advance(time.Second) // what a process knows of the others is never older
	s.until("health says that Partner Center asked to wait", func() bool { return strings.Contains(s.health(), `"`+referralsHost+`"`) })
	for i, other := range errands() {
		if other.function != e.function {
			other.run(s, value(i+1))
		}
	}
	s.settle()
	calls, err := s.c.History(s.ctx, pc, n)
	s.keep(err)
	for _, c := range calls {
		s.check(!strings.Contains(c.URL, "://"+referralsHost+"/"), "%s %s was called meanwhile: %d", c.Method, c.URL, c.Status)
	}
	s.says("%-20s nobody calls while it lasts, and health says so", "")
	s.advance(asked + 2*time.Minute)
	l := s.look().settle()
	for i, other := range errands() {
		of := 0
		if other.function != e.function {
			of = i + 1
		}
		s.check(other.done == nil || s.err != nil || other.done(l, value(of)), "%s did not come to its end", other.does)
	}
	s.check(!strings.Contains(s.health(), `"`+referralsHost+`"`), "health still says that Partner Center asks to wait: %s", s.health())
}

// refusedAt is the number of the entry in Partner Center's history that was answered so last; 0 for none.
func (s *Story) refusedAt(status int) int64 {
	entries, err := s.c.History(s.ctx, s.c.Local.PartnerCenter.Control, 0)
	s.keep(err)
	for i := len(entries) - 1; i >= 0; i-- {
		if entries[i].Status == status {
			return entries[i].N
		}
	}
	return 0
}

// revokedFor lets one process begin without a token while the consent is revoked; the others have theirs.
func (s *Story) revokedFor(e errand, first int) {
	const code = "consent.lost"
	base := s.c.Local.PartnerCenter.Control
	before := s.turn(base, fields{"refreshToken": "revoked"})
	defer func() { _ = s.c.Call(s.ctx, http.MethodPost, base, "/switches", before, nil) }() // also when the step does not hold
	s.renew(e.function)
	value := fmt.Sprint(first)
	e.run(s, value)
	s.until("health says "+code, func() bool {
		s.keep(s.c.advance(s.ctx, time.Second)) // its row is written every few seconds
		return strings.Contains(s.health(), code)
	})
	s.says("%-20s health says %s", "", code)
	s.turn(base, before)
	s.advance(20 * time.Minute)
	l := s.look().settle()
	s.check(e.done == nil || s.err != nil || e.done(l, value), "%s did not come to its end", e.does)
	s.until("health says no more of it", func() bool {
		s.keep(s.c.advance(s.ctx, time.Second))
		return !strings.Contains(s.health(), code)
	})
}

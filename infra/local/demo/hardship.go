package demo

import (
	"net/http"
	"strings"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/control"
)

const referralsHost = "api.partner.microsoft.com"

// killedWhileCreating is D12.
func killedWhileCreating(s *Story) {
	post := control.KillAfter{Host: referralsHost, Method: http.MethodPost, Path: "/engagements/referrals$", N: 1}
	unanswered, between := post, post
	unanswered.Point = string(control.Committed)
	between.N, between.Point = 2, string(control.Before)
	// What a creation remembers is saved in one transaction, and the table service takes those at $batch. Others
	// save there too, so the referral comes first.
	unsaved := control.KillAfter{Host: "tables", Method: http.MethodPost, Path: `/\$batch$`, N: 1, Point: string(control.Before),
		Since: &control.Call{Host: post.Host, Method: post.Method, Path: post.Path}}

	s.killed("Relecloud one", "once Partner Center has made the referral, before it answers", unanswered, 1)
	s.killed("Relecloud two", "when it has the answer, before it has saved it", unsaved, 1)
	s.killed("Relecloud three", "between the two referrals", between, 1)
}

// killed makes a co-sell deal while a kill is armed; posts is the number of referrals that exist at the kill.
func (s *Story) killed(name, when string, after control.KillAfter, posts int) {
	opportunity, _ := s.ready(name, 50000)
	s.settle()
	before, err := s.c.status(s.ctx)
	s.keep(err)
	l := s.look()
	s.by(nobody, "the handler will be killed %s", when)
	s.keep(s.c.kill(s.ctx, after))
	s.by(seller, "turns sync on for %q", name)
	s.sync(opportunity)
	s.nextLook(before)
	d := l.settle().dealOf(opportunity)
	if d.referral == "" && !s.crmIs("readLagSeconds", "0") {
		d = l.settle().dealOf(opportunity) // the kill met the pass that was to find what an event had told too early
	}
	status, err := s.c.status(s.ctx)
	s.keep(err)
	s.check(status.Restarts > before.Restarts || status.State != before.State, "the handler was not killed")
	s.check(l.madeBefore(opportunity) >= posts, "the handler was killed before it had made a referral")
	engagements := map[string]bool{}
	referrals := l.rows("pc/referrals", "externalReferenceId", opportunity)
	for _, id := range referrals {
		engagements[l.value("pc/referrals/"+id+"/engagementId")] = true
	}
	s.check(len(engagements) == 1, "there are %d engagements instead of one", len(engagements))
	s.check(d.microsoft != "" && len(l.rows("pc/referrals", "engagementId", d.engagement)) == 2, "not two referrals in one engagement but %+v", d)
	l.shows("crm/opportunity/"+opportunity+"/name", tick+name)
	l.effect("crm", opportunity)
	s.says("%-20s one engagement with two referrals, linked", "")
	if s.pcIs("microsoftReferral", "hidden") && after.Point == string(control.Before) && after.Host == referralsHost {
		// The call had left, and what became of it nobody can see there: Microsoft must not be asked on a guess.
		l.holds("crm/opportunity/"+opportunity+"/"+colAudit, "help.unknown")
		held := s.operate(http.MethodGet, "/api/operator/held?id="+opportunity, nil, http.StatusOK)
		s.check(strings.Contains(held, "help.unknown"), "it is not held: %s", shorten(held))
		s.says("%-20s whether Microsoft was asked cannot be seen there, and Audit says so", "")
	}
}

// nextLook moves the clock to the next look into the queues, once the one that was under way has been killed: on Lambda
// a schedule begins one each minute. A Functions host starts its handler again at once.
func (s *Story) nextLook(before hostStatus) {
	if !s.c.onLambda() {
		return
	}
	s.until("the handler is killed", func() bool {
		now, err := s.c.status(s.ctx)
		return s.keep(err) && now.Restarts > before.Restarts
	})
	s.advance(time.Minute)
}

// madeBefore counts the referrals that the product made for an opportunity, answered or not.
func (l *look) madeBefore(opportunity string) int {
	return len(l.writes("pc", "POST", "/engagements/referrals", opportunity))
}

// silence is D13.
func silence(s *Story) {
	d, other := s.deal("coSell", "D2"), s.deal("portal", "D5")
	l := s.look()
	s.by(nobody, "delivers every event ever delivered again, twice, shuffled")
	s.everywhere("/delivery", control.Delivery{Shuffle: true})
	s.everywhere("/redeliver", fields{"all": true, "times": 2})
	l.settle().wrote(0, "pc")
	l.wrote(0, "crm")
	l.nothingElse()

	s.afterPass()
	l = s.look()
	s.by(nobody, "loses every event from now on")
	s.everywhere("/delivery", control.Delivery{Lose: 1})
	s.eventsAlone = true
	defer func() { s.eventsAlone = false }()
	s.by(seller, "edits the value of one deal")
	s.crmUpdate("opportunity", d.opportunity, fields{"estimatedvalue": 98765})
	s.by(partner, "edits the value of another")
	s.portal("update", fields{"id": other.referral, "changes": fields{"/details/dealValue": 145678}})
	l.settle().wrote(0, "pc")
	l.wrote(0, "crm")
	s.advance(6 * time.Minute)
	l.settle().shows("pc/referrals/"+d.referral+"/details/dealValue", s.inCRM("98765"))
	l.shows("crm/opportunity/"+other.opportunity+"/estimatedvalue", s.inCRM("145678"))
	l.effect("pc", "PATCH", d.referral)
	l.effect("crm", other.opportunity)
	s.says("%-20s both crossed, by reconcile alone", "")
	l.expects("crm/opportunity/"+d.opportunity+"/estimatedvalue", "crm/opportunity/"+d.opportunity+"/"+colAudit,
		"pc/referrals/"+other.referral+"/details/dealValue", "crm/opportunity/"+other.opportunity+"/"+colAudit)
	l.nothingElse()
	s.everywhere("/delivery", control.Delivery{})
}

// afterPass moves the clock to the moment after the next pass of reconcile: on a slow machine too, none comes by itself while
// something is shown, or counted, that no pass has a part in.
func (s *Story) afterPass() {
	const every, over = 5 * time.Minute, 2 * time.Second
	now := s.c.now()
	s.advance(now.Truncate(every).Add(every + over).Sub(now))
	s.settle()
}

// everywhere sends the same control call to both systems.
func (s *Story) everywhere(path string, body any) {
	for _, base := range s.systems() {
		if s.err == nil {
			s.keep(s.c.Call(s.ctx, http.MethodPost, base, path, body, nil))
		}
	}
}

package demo

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/control"
)

// Barrier is a position in which a system lets the product do nothing, or not everything.
type Barrier struct {
	Name     string
	Switches map[string]any // of Partner Center
	CRM      map[string]any // or of Dataverse
	// Code names the problem in health; empty where the refusal is of one record and is told on it.
	Code string
	// fresh: the position is that of tokens which are issued from now on.
	fresh bool
}

// Access holds the positions of the switches about who may do what in which the story cannot be told: a change
// waits there, somebody is told, and it crosses by itself when the barrier is gone.
func Access() []Barrier {
	return []Barrier{
		{Name: "tokens without MFA", Switches: set{"tokenMFA": "false"}, Code: "mfa.missing", fresh: true},
		{Name: "the same, in the other form", Switches: set{"tokenMFA": "false", "mfaRefusal": "403", "mfaCode": "innerError", "mfaShare": 99}, Code: "mfa.missing", fresh: true},
		{Name: "a consent that was revoked", Switches: set{"refreshToken": "revoked"}, Code: "consent.lost", fresh: true},
		{Name: "an app secret that has expired", Switches: set{"clientSecret": "expired"}, Code: "identity.refused", fresh: true},
		{Name: "an API that the app does not ask for", Switches: set{"permissions": "webhooks", "consent": "referrals"}, Code: "permission.missing", fresh: true},
		{Name: "an API that nobody has consented to", Switches: set{"permissions": "referrals", "consent": "webhooks"}, Code: "permission.missing", fresh: true},
		{Name: "an app without permissions", Switches: set{"permissions": "none", "consent": "none"}, Code: "permission.missing", fresh: true},
		{Name: "no role", Switches: set{"role": "none", "webhookRole": "needed"}, Code: "role.missing"},
		{Name: "a role that only reads", Switches: set{"role": "reader"}},
		{Name: "a role for the user's own deals", Switches: set{"role": "user"}},
		{Name: "a table without versions", CRM: set{"optimisticConcurrency": false}, Code: "0x8006088d"},
	}
}

// AccessSteps are the steps of the story of access. The first makes the deal that the others use.
func AccessSteps() []Step {
	out := []Step{{"B0", "the product is installed and a deal is linked", func(s *Story) {
		s.operate(http.MethodPost, registrationRoute, fields{"overwrite": true}, http.StatusOK)
		s.keepDeal("access", s.coSell("Lamna permissions", 50000))
	}}}
	for i, b := range Access() {
		value := fmt.Sprint(51000 + 1000*i)
		out = append(out, Step{fmt.Sprintf("B%d", i+1), "a change waits for " + b.Name, func(s *Story) { s.waitsFor(b, value) }})
	}
	return out
}

// waitsFor puts up a barrier, edits the deal on the other side of it, looks who is told, and takes it away.
func (s *Story) waitsFor(b Barrier, value string) {
	d := s.deal("access", "B0")
	beyond, edit, base := "pc/referrals/"+d.referral+"/details/dealValue", s.editValueInCRM, s.c.Local.PartnerCenter.Control
	switches := b.Switches
	if b.CRM != nil {
		beyond, edit, base, switches = "crm/opportunity/"+d.opportunity+"/estimatedvalue", s.editValueInPortal, s.c.Local.Dataverse.Control, b.CRM
	}
	before := s.turn(base, switches)
	defer func() { _ = s.c.Call(s.ctx, http.MethodPost, base, "/switches", before, nil) }() // also when the step does not hold
	if b.fresh {
		s.renewTokens()
	}
	l := s.look()
	edit(d, value)
	if b.Code != "" {
		s.until("health says "+b.Code, func() bool { return strings.Contains(s.health(), b.Code) })
		s.says("%-20s health says %s", "", b.Code)
	} else {
		l.settle().told(d.opportunity, "Partner Center")
	}
	now := look{s: s, after: s.records()}
	s.check(!sameNumber(now.value(beyond), value), "the value crossed all the same")
	s.turn(base, before)
	s.advance(20 * time.Minute)
	l.settle().shows(beyond, value)
	s.says("%-20s it crossed by itself once the barrier was gone", "")
	health := s.health()
	s.check(b.Code == "" || !strings.Contains(health, b.Code), "health still says %s: %s", b.Code, shorten(health))
}

func (s *Story) editValueInCRM(d deal, value string) {
	s.by(seller, "sets the value to %s", value)
	s.crmUpdate("opportunity", d.opportunity, fields{"estimatedvalue": json.Number(value)})
}

func (s *Story) editValueInPortal(d deal, value string) {
	s.by(partner, "sets the value to %s", value)
	s.portal("update", fields{"id": d.referral, "changes": fields{"/details/dealValue": json.Number(value)}})
}

// health is what operators see.
func (s *Story) health() string { return s.operate(http.MethodGet, "/api/health", nil, http.StatusOK) }

// turn sets switches of a system and gives back the positions that they had.
func (s *Story) turn(base string, switches fields) (before fields) {
	before = fields{}
	for name := range switches {
		before[name] = s.position(base, name)
	}
	if s.err == nil {
		s.keep(s.c.Call(s.ctx, http.MethodPost, base, "/switches", switches, nil))
	}
	return before
}

// renewTokens lets the product begin anew, without the access tokens that it holds.
func (s *Story) renewTokens() {
	status, err := s.c.status(s.ctx)
	if s.keep(err) {
		s.restart(status, func(string) bool { return true })
	}
}

// renew does the same with the processes of one function alone.
func (s *Story) renew(function string) {
	status, err := s.c.status(s.ctx)
	if s.keep(err) {
		process := map[string]string{"operator": "sync"}[function] // it shares one with other HTTP functions
		s.restart(status, func(name string) bool { return strings.HasPrefix(name, cmp.Or(process, function)+"#") })
	}
}

// restart kills those of the processes, and waits until they are back.
func (s *Story) restart(before hostStatus, which func(name string) bool) {
	killed := 0
	for _, p := range before.Processes {
		if which(p.Name) {
			killed++
			s.keep(s.c.Call(s.ctx, http.MethodPost, s.c.Local.Host.Control, "/kill", control.Kill{Process: p.Name}, nil))
		}
	}
	s.check(killed > 0, "there is no such process among %v", before.Processes)
	s.until("the handler is back", func() bool {
		now, err := s.c.status(s.ctx)
		return s.keep(err) && now.Restarts >= before.Restarts+killed && now.State == "running"
	})
}

// until looks again and again until something holds, or the step has failed.
func (s *Story) until(what string, holds func() bool) {
	const every = 100 * time.Millisecond
	tick := time.NewTicker(every)
	defer tick.Stop()
	deadline := time.Now().Add(s.c.patience())
	for s.err == nil && !holds() {
		if time.Now().After(deadline) {
			s.fail("waited in vain: %s", what)
		}
		select {
		case <-tick.C:
		case <-s.ctx.Done():
			s.keep(s.ctx.Err())
		}
	}
}

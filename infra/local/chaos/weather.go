package chaos

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/control"
	"github.com/cosell-sync/cosell-sync/infra/local/link"
)

// The real hosts, and the calls that matter.
const (
	referralsHost = "api.partner.microsoft.com"
	crmHost       = "cosell.crm4.dynamics.com"
	referralsURL  = `/engagements/referrals`
	crmURL        = `/api/data/`
)

// trouble is one thing that goes wrong.
type trouble struct {
	name   string
	weight int
	do     func(s *stage, g *rand.Rand) error
}

func troubles() []trouble {
	return []trouble{
		{"fault", 10, faultAtRandom},
		{"429", 3, func(s *stage, g *rand.Rand) error {
			return s.throttle(pick(g, []string{"partnercenter", "dataverse"}), 5+g.IntN(60))
		}},
		{"link", 6, linkAtRandom},
		{"kill", 4, killAtRandom},
		{"restart", 1, restartAtRandom},
		{"freeze", 1, func(s *stage, g *rand.Rand) error {
			return s.freeze(pick(g, []string{"tables", "vault", "servicebus"}), time.Duration(1+g.IntN(3))*time.Second)
		}},
		{"clock", 2, func(s *stage, g *rand.Rand) error {
			return s.leap(pick(g, []time.Duration{time.Second, 20 * time.Second, 3 * time.Minute, 30 * time.Minute, 6 * time.Hour}))
		}},
		{"delivery", 3, func(s *stage, g *rand.Rand) error {
			return s.deliver(pick(g, []string{"partnercenter", "dataverse"}), pick(g, []control.Delivery{
				{}, {Duplicate: 2}, {Shuffle: true, Delay: "300ms"}, {Lose: 0.3}, {Lose: 1}, {Pause: true}, {Duplicate: 1, Shuffle: true}}))
		}},
		{"switch", 3, switchAtRandom},
		{"locks", 1, func(s *stage, g *rand.Rand) error { return s.expire("locks") }},
		{"links of queues", 1, func(s *stage, g *rand.Rand) error { return s.expire("links") }},
		{"timer", 3, func(s *stage, _ *rand.Rand) error { return s.reconcile() }},
	}
}

// goWrong is one random trouble.
func (s *stage) goWrong(g *rand.Rand) error {
	t := weighed(g, troubles(), func(t trouble) int { return t.weight })
	err := t.do(s, g)
	if control.Refused(err) {
		s.say(nil, "trouble %s: refused: %v", t.name, err)
		return nil
	}
	s.count("trouble: " + t.name)
	return err
}

func faultAtRandom(s *stage, g *rand.Rand) error {
	part := pick(g, []string{"partnercenter", "partnercenter", "dataverse", "dataverse", "tables", "vault", "servicebus"})
	f := control.Fault{Do: pick(g, []string{"status", "status", "cut", "loseAnswer", "delay"}), Times: 1 + g.IntN(3)}
	if part != "vault" && part != "servicebus" {
		f.Match.Method = pick(g, []string{"", "GET", "POST", "PATCH"})
	}
	switch f.Do {
	case "status":
		f.Status = pick(g, []int{500, 502, 503, 504})
	case "delay":
		f.Delay = pick(g, []string{"100ms", "700ms", "2s"})
	}
	switch {
	case part == "partnercenter":
		f.Match.URL = referralsURL
	case part == "dataverse":
		f.Match.URL = crmURL
	case part == "tables" && f.Do == "cut" && g.IntN(2) == 0:
		f.Do = "conflict"
	}
	return s.fault(part, f)
}

func linkAtRandom(s *stage, g *rand.Rand) error {
	l := control.Link{Part: pick(g, []string{"partnercenter", "dataverse", "tables", "servicebus", "vault", "signin", "product"}), Fault: pick(g, link.Faults()),
		For: pick(g, []string{"500ms", "2s", "4s"})}
	switch l.Fault {
	case link.Latency, link.SlowClose:
		l.Delay = pick(g, []string{"50ms", "300ms", "1s"})
	case link.Reset, link.Truncate:
		l.Times = g.IntN(3)
	}
	return s.link(l)
}

func killAtRandom(s *stage, g *rand.Rand) error {
	all, err := s.c.processes(s.ctx)
	if err != nil || len(all) == 0 {
		return err
	}
	k := control.Kill{Process: pick(g, all).Name}
	if g.IntN(2) == 0 { // at a call, of whichever makes it
		k = control.Kill{After: &control.KillAfter{Host: pick(g, []string{referralsHost, crmHost, "tables"}), Method: pick(g, []string{"", "POST", "PATCH"}),
			N: 1 + g.IntN(4), Point: pick(g, []string{"before", "committed", "answered"})}}
	}
	return s.kill(k)
}

// restartAtRandom lets an emulator end and begin anew: the tables with everything, the broker with nothing.
func restartAtRandom(s *stage, g *rand.Rand) error {
	return s.restart(pick(g, []control.Restart{{Part: "tables"}, {Part: "servicebus", Empty: true}}))
}

// switchAtRandom are positions in which a system answers or shows things late; people and judges live in either.
func switchAtRandom(s *stage, g *rand.Rand) error {
	return s.position("partnercenter", pick(g, []fields{
		{"listDelay": "2s"}, {"listDelay": "0s"}, {"commitDelay": "800ms"}, {"commitDelay": "0s"}, {"eventBeforeReadable": "1s"}, {"eventBeforeReadable": "0s"},
		{"relatedEventId": "own"}, {"relatedEventId": "related"}, {"listOrder": "any"}, {"postStatus": "200"}, {"errorTarget": "path"}, {"moneyForm": "text"}, {"idsForm": "null"}}))
}

func (s *stage) fault(part string, f control.Fault) error {
	said, _ := json.Marshal(f)
	s.say(nil, "fault at %s: %s", part, said)
	if part == "tables" {
		s.shake(30 * time.Second)
	}
	return s.c.post(s.ctx, s.c.part(part), "/faults", f)
}

// waits is the body of a 429: the history shows bodies, and so how long was asked for.
const waits = `{"error":{"code":"429","message":"wait %d seconds"}}`

// throttle lets a system ask for a wait.
func (s *stage) throttle(part string, seconds int) error {
	urls := map[string]string{"partnercenter": "^https://" + referralsHost, "dataverse": crmURL}
	return s.fault(part, control.Fault{Match: control.Match{URL: urls[part]}, Do: "status", Status: http.StatusTooManyRequests,
		Headers: map[string]string{"Retry-After": fmt.Sprint(seconds)}, Body: fmt.Sprintf(waits, seconds), Times: 1})
}

func (s *stage) link(l control.Link) error {
	said, _ := json.Marshal(l)
	s.say(nil, "link: %s", said)
	long, err := time.ParseDuration(l.For)
	if err != nil {
		long = time.Minute
	}
	s.shake(long + 30*time.Second)
	return s.c.post(s.ctx, s.c.part("host"), "/link", l)
}

func (s *stage) kill(k control.Kill) error {
	said, _ := json.Marshal(k)
	s.say(nil, "kill: %s", said)
	s.shake(30 * time.Second)
	return s.c.post(s.ctx, s.c.part("host"), "/kill", k)
}

func (s *stage) restart(r control.Restart) error {
	said, _ := json.Marshal(r)
	s.say(nil, "restart: %s", said)
	s.shake(30 * time.Second)
	return s.c.post(s.ctx, s.c.part("host"), "/restart", r)
}

func (s *stage) freeze(part string, long time.Duration) error {
	s.say(nil, "%s stands still for %s", part, long)
	s.shake(long + 30*time.Second)
	return s.c.post(s.ctx, s.c.part("host"), "/freeze", control.Freeze{Part: part, For: long.String()})
}

func (s *stage) leap(by time.Duration) error {
	s.say(nil, "the clock goes on by %s", by)
	return s.c.Advance(s.ctx, by)
}

func (s *stage) deliver(part string, d control.Delivery) error {
	said, _ := json.Marshal(d)
	s.say(nil, "events of %s: %s", part, said)
	return s.c.post(s.ctx, s.c.part(part), "/delivery", d)
}

func (s *stage) position(part string, p fields) error {
	said, _ := json.Marshal(p)
	s.say(nil, "switches of %s: %s", part, said)
	return s.c.post(s.ctx, s.c.part(part), "/switches", p)
}

func (s *stage) expire(what string) error {
	s.say(nil, "%s of the queues are lost", what)
	return s.c.post(s.ctx, s.c.part("servicebus"), "/expire", fields{"what": what})
}

// reconcile runs the timer; it may fail while something is in trouble.
func (s *stage) reconcile() error {
	s.say(nil, "reconcile runs")
	err := s.c.post(s.ctx, s.c.part("host"), "/trigger", fields{"function": "reconcile"})
	if control.Refused(err) {
		s.say(nil, "reconcile failed: %v", err)
		return nil
	}
	return err
}

// shake notes that for a while one process may not know what another one does.
func (s *stage) shake(long time.Duration) {
	now, err := s.c.Clock(s.ctx)
	if err != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shaken = append(s.shaken, span{now, now.Add(long)})
}

// calm ends all trouble.
func (s *stage) calm() error {
	s.say(nil, "all trouble ends")
	for _, part := range []string{"partnercenter", "dataverse", "servicebus", "tables", "vault"} {
		if err := s.c.Call(s.ctx, http.MethodDelete, s.c.part(part), "/faults", nil, nil); err != nil {
			return err
		}
	}
	for _, path := range []string{"/link", "/kill", "/restart"} {
		if err := s.c.Call(s.ctx, http.MethodDelete, s.c.part("host"), path, nil, nil); err != nil {
			return err
		}
	}
	for _, part := range []string{"partnercenter", "dataverse"} {
		if err := s.c.Call(s.ctx, http.MethodDelete, s.c.part(part), "/rules", nil, nil); err != nil {
			return err
		}
		if err := s.c.post(s.ctx, s.c.part(part), "/delivery", control.Delivery{}); err != nil {
			return err
		}
	}
	return s.c.post(s.ctx, s.c.part("partnercenter"), "/switches", fields{"listDelay": "0s", "commitDelay": "0s", "eventBeforeReadable": "0s", "relatedEventId": "related",
		"listOrder": "commit", "postStatus": "201", "errorTarget": "referral", "moneyForm": "fraction", "idsForm": "array"})
}

// pauses are those between the passes of reconcile in which a world comes to rest: longer than any back-off.
func pauses() []time.Duration {
	return []time.Duration{0, 6 * time.Minute, 16 * time.Minute, time.Hour, 3 * time.Hour, 9 * time.Hour, 25 * time.Hour, 6 * time.Minute}
}

// settle lets the world come to rest: whatever waits for its time gets it.
func (s *stage) settle(pauses ...time.Duration) error {
	for _, by := range pauses {
		if err := s.c.rest(s.ctx); err != nil {
			return err
		}
		if by > 0 {
			if err := s.leap(by); err != nil {
				return err
			}
		}
		if err := s.pass(); err != nil {
			return err
		}
	}
	return nil
}

// pass is a pass of reconcile that comes to its end.
func (s *stage) pass() error {
	var err error
	for range 5 {
		if err = s.c.rest(s.ctx); err != nil {
			return err
		}
		if err = s.c.post(s.ctx, s.c.part("host"), "/trigger", fields{"function": "reconcile"}); err == nil {
			return s.c.rest(s.ctx)
		}
		if !control.Refused(err) {
			return err
		}
		if err := s.c.Advance(s.ctx, time.Minute); err != nil {
			return err
		}
	}
	return fmt.Errorf("reconcile does not come to its end in a calm world: %w", err)
}

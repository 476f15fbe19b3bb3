package simulate

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/control"
)

// fate is what becomes of a call at a point.
type fate int

const (
	fine      fate = iota
	dieBefore      // the process dies, and the call is not done
	dieAfter       // it is done, and the process dies before it hears
	cut            // not done, no answer
	lose           // done, no answer
	slow           // late
	busy           // 429
	down           // 500, 502, 503 or 504
	refused        // 401 or 403
	stranger       // 200 with a page of HTML
	outdated       // as if somebody had written in between
	stale          // an older answer
	broken         // 200 with no body, or half of one, for a read
	dieNext        // it is done, its answer heard, and the process dies before it writes anything else; of crash points alone
)

func (f fate) String() string {
	return [...]string{"", "dies before", "dies after", "cut", "answer lost", "slow", "429", "5xx", "refused", "html", "412", "stale", "half a body", "dies after the answer"}[f]
}

// fates are all faults that a call can meet.
func fates() []fate {
	return []fate{dieBefore, dieAfter, cut, lose, slow, busy, down, refused, stranger, outdated, stale, broken}
}

// meets says whether a fault can meet a call there.
func (f fate) meets(at *point) bool {
	remote := at.site == sitePartnerCenter || at.site == siteCRM
	switch f {
	case busy, down, refused, stranger:
		return remote
	case outdated:
		return remote && at.write
	case stale, broken:
		return remote && !at.write
	}
	return true
}

// yields says whether a lane stands back for others before its call.
func (r *run) yields(l *lane) bool {
	return !r.calm && mix(l.n, l.calls, 1)&0xff < r.plan.yields
}

// faultAt draws the fault that a call meets.
func (r *run) faultAt(l *lane, at *point) fate {
	if f, ok := r.struckAt(l, at); ok {
		return f
	}
	if r.calm || l == l.p.beside {
		return fine
	}
	if !r.calm && at.site == r.away && time.Now().Before(r.awayUntil) {
		return cut
	}
	if f := r.aimed(l, at); f != fine {
		return f
	}
	if w := r.plan.way; w != nil && w.calm && r.hits == 0 && !r.arrived {
		return fine
	}
	if !r.plan.sites[at.site] {
		return fine
	}
	for _, f := range fates() {
		rate := r.plan.rates[f]
		if rate == 0 || !f.meets(at) {
			continue
		}
		id := mix(l.n, l.calls, 2, uint64(f))
		if id&0xffff < rate && !r.plan.mute[id] {
			r.fault(f, id)
			r.say("    %s: %s %s: %s", l, at.site, at.name, f)
			return f
		}
	}
	return fine
}

// aims is how many call sites a run's aim tells apart.
const aims = 160

// aimed is the fault at which every second run takes aim: one fate at the calls of one place, twice, so that rare places meet
// each fault often enough.
//
// What the past of a run never asked for is rare: up to three such calls meet one more often than not. And the CRM's definitions are
// read by few runs (plan.asks) and with many calls, of which histories take aim at every sixteenth.
func (r *run) aimed(l *lane, at *point) fate {
	draw, kind, place := mix(r.seed, 51), mix(r.seed, 53), hashOf(at.site.String()+at.name)
	hit := draw%2 == 1 && r.hits < 2 && mix(place, 52)%aims == draw/2%aims
	asking := r.plan.asks && r.plan.least > 0 && strings.Contains(at.name, "EntityDefinitions")
	switch {
	case r.plan.way != nil:
		hit, kind = r.onItsWay(at), uint64(slices.Index(fates(), r.plan.way.fate))
	case asking:
		hit, kind = mix(l.n, l.calls, 55)%16 == 0, mix(r.seed, place, 53)
	case !hit && r.usual != nil && r.usual[at.site.String()+" "+at.name] == 0:
		hit, kind = r.rare < 3 && mix(l.n, l.calls, 56)%8 < 5, mix(r.seed, place, 53)
		r.rare++
	}
	if !hit {
		return fine
	}
	all := fates()
	f := all[kind%uint64(len(all))]
	id := mix(l.n, l.calls, 54)
	if !f.meets(at) || r.plan.mute[id] {
		return fine
	}
	r.hits++
	r.fault(f, id)
	if asking && r.plan.way == nil {
		r.happened-- // so many of them are no history
	}
	r.say("    %s: %s %s: %s, aimed", l, at.site, at.name, f)
	return f
}

func (r *run) fault(f fate, id uint64) {
	r.faults[f]++
	r.happened++
	r.struck = append(r.struck, id)
}

// slowness is how late a slow call is.
func (r *run) slowness(l *lane) time.Duration {
	return []time.Duration{time.Second, 4 * time.Second, 25 * time.Second, 45 * time.Second, 2 * time.Minute}[mix(l.n, l.calls, 3)%5]
}

// wired is the fault as the wire in front of a system plays it; ok is false for what is not the wire's.
func (f fate) wired(draw uint64) (control.Fault, bool) {
	status := func(s int, headers map[string]string, body string) (control.Fault, bool) {
		return control.Fault{Do: "status", Status: s, Headers: headers, Body: body}, true
	}
	switch f {
	case lose:
		return control.Fault{Do: "loseAnswer"}, true
	case busy:
		after := [...]map[string]string{{"Retry-After": "1"}, {"Retry-After": "17"}, {"Retry-After": "120"}, {"Retry-After": "4000"}, {}, {"Retry-After": "0"},
			// A date is one by the server's clock, which says it, too: that of a process may be ten minutes off.
			{"Retry-After": time.Now().Add(30 * time.Second).UTC().Format(http.TimeFormat), "Date": time.Now().UTC().Format(http.TimeFormat)}}[draw%7]
		return status(429, after, `{"error":{"code":"0x80072322","message":"Number of requests exceeded the limit."}}`)
	case down:
		return status([...]int{500, 502, 503, 504}[draw%4], nil, "")
	case refused:
		return status([...]int{401, 403}[draw%2], nil, `{"error":{"code":"0x80040220","message":"refused"}}`)
	case stranger:
		return status(200, map[string]string{"Content-Type": "text/html"}, "<html>sign in</html>")
	case broken:
		return status(200, map[string]string{"Content-Type": "application/json"}, [...]string{"", `{"value":[{"id":"`}[draw%2])
	case outdated:
		return control.Fault{Do: "conflict"}, true
	case stale:
		return control.Fault{Do: "stale"}, true
	}
	return control.Fault{}, false
}

// seen adds a call to the trace.
func (r *run) seen(l *lane, at *point, f fate) {
	r.calls++
	if r.calls == r.plan.until {
		r.calm = true
		r.say("%s: %s %s: no trouble from here on", l, at.site, at.name)
	}
	if *traced {
		r.say("      %s: %s %s %s", l, at.site, at.name, f)
	}
	r.note(l, at)
	r.hash = mix(r.hash, l.n, l.calls, hashOf(at.name), uint64(f), uint64(time.Now().UnixNano()))
	r.sites[at.site.String()+" "+at.name]++
	if f != fine {
		r.met[at.site.String()+" "+at.name+": "+f.String()]++
	}
}

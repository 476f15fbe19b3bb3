package simulate

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// What is judged at each call that the product makes, with what the systems hold at that moment.

// violates notes that an invariant does not hold.
func (r *run) violates(invariant, format string, args ...any) {
	text := invariant + ": " + fmt.Sprintf(format, args...)
	r.broken = append(r.broken, text)
	r.say("VIOLATED %s", text)
}

// sends judges a call as it leaves.
func (p *process) sends(at *point, req *http.Request, body []byte) {
	r, s := p.run, at.site
	r.quietThrottle(p, at, req)
	if !isWrite(req) {
		return
	}
	if *traced {
		r.say("        %.600s", boundaries.ReplaceAll(body, nil))
	}
	switch {
	case s == sitePartnerCenter && strings.Contains(req.URL.Path, "/referrals/"):
		r.referralWrite(req, body)
	case s == siteCRM && strings.HasSuffix(req.URL.Path, "/$batch"):
		r.batchWrite(req, body)
	case s == siteCRM:
		r.conditional(req.Method, req.URL.Path, req.Header, false)
	}
}

// gated is until when an identity was asked to wait, and since when.
type gated struct {
	since, until time.Time
	told         time.Time // when the process had told the others; zero: not yet
	by           *process
	entered      int // calls that had come before the answer
}

// askedToWait is how long the last of the hosts, or of what gives out tokens, wants no calls yet: before that a pass of reconcile reads nothing,
// and so has nothing to write.
func (r *run) askedToWait() time.Duration { return time.Until(r.patience) + time.Second }

// quietThrottle is I15 and I28: nobody calls within a Retry-After, other processes a second later at the latest.
func (r *run) quietThrottle(p *process, at *point, req *http.Request) {
	r.quietBehind(req.URL.Host, p, at, req)
	if own := gateOf(req); own != req.URL.Host {
		r.quietBehind(own, p, at, req)
	}
}

// gateOf is which calls a 429 asks to wait: those of the host. That of a test event, of which there may be two a minute, says nothing
// of others, and is not told to other processes (docs/decisions/0006).
func gateOf(req *http.Request) string {
	if isWrite(req) && strings.HasSuffix(req.URL.Path, "/validationEvents") {
		return "test events of " + req.URL.Host
	}
	return req.URL.Host
}

func (r *run) quietBehind(gate string, p *process, at *point, req *http.Request) {
	g, ok := r.gates[gate]
	now := at.came
	if ok && !now.Before(g.until) {
		r.judges("I15") // the wait was kept
	}
	if !ok || at.since <= g.entered || !now.Before(g.until) || strings.HasSuffix(req.URL.Path, "/token") {
		return
	}
	if g.by != p && (r.plan.sites[siteTables] || !r.awayUntil.IsZero()) {
		return // the other processes may not have heard of it
	}
	if g.by != p && p.unheard.After(g.told) && now.Sub(p.unheard) < time.Second {
		return // the tables, which it asked, were slow: then calls go on (docs/decisions/0006)
	}
	if g.by == p || !g.told.IsZero() && now.Sub(g.told) > time.Second {
		r.violates("I15", "%s calls %s %s after %s, though it was asked to wait until %s", p.name, req.Method, req.URL.Path, now.Sub(g.since), g.until.Sub(g.since))
		delete(r.gates, gate) // once
	}
}

// toldOthers: a process has written down for the others until when a host asks them to wait. Where it is slow at that, or dies, they
// know nothing; what else it writes beside tells them nothing either.
func (r *run) toldOthers(p *process, row string) {
	for host, g := range r.gates {
		if g.by == p && g.told.IsZero() && strings.HasPrefix(row, strings.ToLower(host)) {
			g.told = time.Now()
			r.say("    %s has told the others of the 429 of %s", p.name, host)
			r.gates[host] = g
		}
	}
}

// intends notes what a lane does at the tables before it makes a referral.
func (l *lane) intends(call string, began time.Time) {
	switch call {
	case "write state i":
		l.intended = began
	case "get state o":
		l.looked = time.Now()
	}
}

// guard is how long after its intent was begun the POST of a referral may leave.
func (r *run) guard() time.Duration {
	for _, one := range slices.Backward(r.plan.own) {
		if text, ok := strings.CutPrefix(one, "SYNC_GUARD="); ok {
			d, err := time.ParseDuration(text)
			r.must(err)
			return d
		}
	}
	return 5 * time.Second
}

// fenced is what I5 hangs on: nothing makes the POST of a referral repeatable, so its intent is noted before it, and it leaves within the guard of that,
// by the machine's own clock: whoever finds the intent later knows by when it has left. What a call waits for after the product has last looked is
// the time of the POST itself.
func (r *run) fenced(l *lane, at *point) {
	if l == nil || at.site != sitePartnerCenter || at.name != "POST referrals" {
		return
	}
	r.judges("I5")
	switch d := l.looked.Sub(l.intended); {
	case l.intended.IsZero():
		r.violates("I5", "%s makes a referral, and no intent says so", l)
	case d >= r.guard():
		r.violates("I5", "%s makes a referral %s after it began to note the intent: another worker may have made one meanwhile", l, d)
	}
}

// makesAnother is I5 at the moment at which a referral is made: not while one that we have made of the same opportunity is open, unless a person has asked
// again. Where people or other answers have closed it before the end nobody would see it then. What is made is noted by whoever calls the result.
func (r *run) makesAnother(l *lane, at *point, body []byte) (made func(status int)) {
	var asked map[string]any
	spent := func(status int) { // a token that is not taken any more is renewed, and the same sent once more
		if l != nil && at.name == "POST referrals" && status < http.StatusMultipleChoices {
			l.intended = time.Time{}
		}
	}
	if at.site != sitePartnerCenter || at.name != "POST referrals" || json.Unmarshal(body, &asked) != nil || text(asked["engagementId"]) != "" { // which Microsoft is asked to join
		return spent
	}
	of := strings.ToLower(text(asked["externalReferenceId"]))
	var open []string
	before := r.people.pc.IDs()
	for _, id := range before {
		if d := r.people.pc.Referral(id); r.ours[id] && d["status"] != "Closed" && strings.ToLower(text(d["externalReferenceId"])) == of {
			open = append(open, id)
		}
	}
	hasty := slices.ContainsFunc(r.plan.own, func(one string) bool { return strings.HasPrefix(one, "SYNC_SETTLE=") })
	late := r.met["partner center GET referrals: "+stale.String()] > 0 // that list may be from longer ago than the bounds say (F27: half a minute), and proves nothing
	if len(open) > r.people.asked[of] && !hasty && !late {
		r.violates("I5", "another referral of opportunity %s is made while %v is open", of, open)
	}
	return func(status int) {
		spent(status)
		for _, id := range r.people.pc.IDs() {
			if !slices.Contains(before, id) {
				r.ours[id] = true
			}
		}
	}
}

// hears judges an answer.
func (p *process) hears(s site, req *http.Request, resp *http.Response) {
	r := p.run
	if resp.StatusCode == http.StatusTooManyRequests {
		seconds, err := strconv.Atoi(resp.Header.Get("Retry-After"))
		if until, dated := http.ParseTime(resp.Header.Get("Retry-After")); dated == nil {
			seconds = int(time.Until(until) / time.Second)
		} else if err != nil {
			seconds = 1
		}
		wait := time.Duration(min(max(seconds, 1), 900)) * time.Second
		until := time.Now().Add(wait)
		if until.After(r.patience) {
			r.patience = until
		}
		if !strings.HasSuffix(req.URL.Path, "/token") {
			r.gates[gateOf(req)] = gated{since: time.Now(), until: until, by: p, entered: r.entered}
		}
	}
	if isWrite(req) && resp.StatusCode < 300 {
		r.writes[s]++
	}
	if resp.StatusCode >= 400 && resp.StatusCode < 500 && isWrite(req) && resp.StatusCode != 412 && resp.StatusCode != 429 && resp.StatusCode != 401 {
		r.refusals++
	}
}

// patchOperation is one operation of a JSON Patch.
type patchOperation struct {
	Op, Path string
	Value    any
}

// referralWrite is I7, I8 and I9 for a PATCH or PUT of a referral.
func (r *run) referralWrite(req *http.Request, body []byte) {
	id := req.URL.Path[strings.LastIndexByte(req.URL.Path, '/')+1:]
	r.judges("I9")
	if match := req.Header.Get("If-Match"); match == "" || match == "*" {
		r.violates("I9", "%s of referral %s without a version", req.Method, id)
	}
	now := r.people.pc.Referral(id)
	if now == nil || req.Header.Get("If-Match") != text(now["eTag"]) {
		return // refused: somebody was faster
	}
	var list []patchOperation
	if req.Method != http.MethodPatch || json.Unmarshal(body, &list) != nil {
		return
	}
	closed := now["status"] == "Closed"
	for _, o := range list {
		path := strings.ToLower(o.Path)
		switch {
		case closed && !strings.HasPrefix(path, "/registrations"):
			r.violates("I7", "%s of %s on the closed referral %s", o.Op, o.Path, id)
		case path == "/consent/consenttosharereferralwithmicrosoftsellers" && o.Value == false && at(now, "/consent/consentToShareReferralWithMicrosoftSellers") == true:
			r.violates("I7", "the consent to share %s is taken back", id)
		case path == "/invitecontext/assistancerequestcode":
			if had, _ := at(now, "/inviteContext/assistanceRequestCode").(string); had != "" && had != "NoAssistanceRequired" && had != o.Value {
				r.violates("I7", "the help of %s is changed from %s to %v", id, had, o.Value)
			}
		case path == "/status":
			r.judges("I8")
			rank := map[any]int{"New": 0, "Active": 1, "Closed": 2}
			if rank[o.Value] < rank[now["status"]] {
				r.violates("I8", "referral %s goes from %v to %v", id, now["status"], o.Value)
			}
		}
	}
}

// conditional is I9 for one write of the CRM.
func (r *run) conditional(method, path string, header http.Header, followed bool) {
	match, none := header.Get("If-Match"), header.Get("If-None-Match")
	if none == "*" {
		set := setOf(path)
		r.made[strings.TrimSuffix(set[strings.IndexByte(set, '(')+1:], ")")] = true
	}
	action := strings.Contains(path, "WinOpportunity") || strings.Contains(path, "LoseOpportunity") || strings.Contains(path, "QualifyLead")
	switch {
	case match != "" && match != "*", none == "*":
	case action && followed:
	default:
		r.violates("I9", "%s %s without a version", method, path)
	}
}

// setOf is a path without what comes before the set.
func setOf(path string) string {
	if i := strings.LastIndex(path, "/v9.2/"); i >= 0 {
		return path[i+len("/v9.2/"):]
	}
	return strings.TrimPrefix(path, "/")
}

// boundaries are ids between the parts of a batch, which differ each time and say nothing.
var boundaries = regexp.MustCompile(`(batch|changeset)_[-0-9a-f]{36}`)

// batchPart is one request inside a batch.
type batchPart struct {
	method, path string
	header       http.Header
}

// batchParts reads the requests of a batch, line by line: their bodies are JSON, which has no line ends.
func batchParts(body []byte) (out []batchPart) {
	inHead := false
	for line := range bytes.Lines(body) {
		text := string(bytes.TrimRight(line[:min(len(line), 4096)], "\r\n"))
		if method, rest, ok := strings.Cut(text, " "); ok && strings.HasSuffix(rest, " HTTP/1.1") {
			out = append(out, batchPart{method, strings.TrimSuffix(rest, " HTTP/1.1"), http.Header{}})
			inHead = true
			continue
		}
		if inHead = inHead && text != "" && !strings.HasPrefix(text, "--"); inHead {
			name, value, _ := strings.Cut(text, ":")
			out[len(out)-1].header.Set(name, strings.TrimSpace(value))
		}
	}
	return out
}

// batchWrite judges the writes in a batch.
func (r *run) batchWrite(req *http.Request, body []byte) {
	followed := false
	for _, part := range batchParts(body) {
		if part.method == http.MethodGet {
			continue
		}
		r.conditional(part.method, part.path, part.header, followed)
		followed = followed || part.method == http.MethodPatch && (part.header.Get("If-Match") != "" || part.header.Get("If-None-Match") != "")
	}
}

// inFlight is I16: no two writes of one process to one record at the same time.
func (p *process) inFlight(ctx context.Context, all []touched) (landed func()) {
	if p.flying == nil {
		p.flying = map[string]*lane{}
	}
	l := laneOf(ctx)
	var mine []string
	for _, t := range all {
		key := t.side + "|" + t.id
		p.run.judges("I16")
		if by := p.flying[key]; by != nil && !by.ended {
			p.run.violates("I16", "%s: %s writes %s while %s does", p.name, nameOf(l), key, nameOf(by))
			continue
		}
		if p.flying[key] = l; l == nil {
			p.flying[key] = p.beside
		}
		mine = append(mine, key)
	}
	return func() {
		for _, key := range mine {
			delete(p.flying, key)
		}
	}
}

func nameOf(l *lane) string {
	if l == nil {
		return "what works beside"
	}
	return l.key
}

// acknowledged is I12: whoever is told 2xx had its event queued before, or the event is about nothing that we follow.
func (r *run) acknowledged(e posted, l *lane, status int) {
	if status < 200 || status > 299 {
		return
	}
	kind, id := subject(e)
	if kind == "" {
		return
	}
	r.judges("I12")
	if !slices.Contains(l.sent, kind+"|"+id) {
		r.violates("I12", "%s answered %d to an event of %s %s, and the queue had not confirmed it: %v", l, status, kind, id, l.sent)
	}
}

// subject is the record that an event is about; "" where there is nothing to do.
func subject(e posted) (kind, id string) {
	var event struct {
		EventName   string
		ResourceURI string `json:"ResourceUri"`
		Table       string `json:"PrimaryEntityName"`
		ID          string `json:"PrimaryEntityId"`
	}
	if json.Unmarshal(e.Body, &event) != nil {
		return "", ""
	}
	if strings.Contains(event.EventName, "referral-") {
		return "referral", strings.ToLower(event.ResourceURI[strings.LastIndexByte(event.ResourceURI, '/')+1:])
	}
	switch event.Table {
	case "opportunity", "lead", "account", "contact", "connection":
		return event.Table, strings.ToLower(event.ID)
	case "systemuser":
		return "user", strings.ToLower(event.ID)
	case "cosell_solution":
		return "solution", strings.ToLower(event.ID)
	}
	return "", ""
}

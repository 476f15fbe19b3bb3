package chaos

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/control"
)

// calls judges each change that was asked for, as it stands in the histories: with a version, through no door that leads
// one way only, and never backwards.
func (c *court) calls() {
	for _, w := range c.toCRM {
		c.judged["versions"]++
		match, none := w.header["if-match"], w.header["if-none-match"]
		action := strings.Contains(w.path, "WinOpportunity") || strings.Contains(w.path, "LoseOpportunity") || strings.Contains(w.path, "QualifyLead")
		task := match == "*" && strings.Contains(w.path, "/tasks(") // our own task is done, whatever a person has changed of it
		if match == "" && none != "*" && !action || match == "*" && !task {
			c.violates("versions", c.of(w.path+w.body), "%s %s without a version", w.method, w.path)
		}
	}
	before := map[string]fields{} // what a referral was, by version
	for _, e := range c.pc {
		for _, doc := range documents(e) {
			before[text(doc["eTag"])] = doc
		}
	}
	for _, w := range c.toPC {
		if !strings.Contains(w.path, referralsURL+"/") {
			continue
		}
		c.judged["versions"]++
		if match := w.header["if-match"]; match == "" || match == "*" {
			c.violates("versions", c.of(w.path), "%s %s without a version", w.method, w.path)
		}
		if was := before[w.header["if-match"]]; was != nil && w.entry.Status != http.StatusPreconditionFailed {
			c.doors(w, was)
		}
	}
}

// documents are the referrals in an answer.
func documents(e control.Entry) (out []fields) {
	var one fields
	if json.Unmarshal([]byte(e.ResponseBody), &one) != nil {
		return nil
	}
	if one["eTag"] != nil {
		out = append(out, one)
	}
	list, _ := one["value"].([]any)
	for _, item := range list {
		if doc, ok := item.(map[string]any); ok && doc["eTag"] != nil {
			out = append(out, doc)
		}
	}
	return out
}

func (c *court) doors(w write, was fields) {
	d := c.of(w.path)
	for _, o := range w.operations() {
		path := strings.ToLower(o.Path)
		had := text(at(was, "/inviteContext/assistanceRequestCode"))
		rank := map[string]int{"New": 0, "Active": 1, "Closed": 2}
		switch {
		case was["status"] == "Closed" && !strings.HasPrefix(path, "/registrations"):
			c.violates("doors", d, "%s of %s on a closed referral", o.Op, o.Path)
		case path == "/consent/consenttosharereferralwithmicrosoftsellers" && o.Value == false && at(was, "/consent/consentToShareReferralWithMicrosoftSellers") == true:
			c.violates("doors", d, "the consent to share is taken back")
		case path == "/invitecontext/assistancerequestcode" && had != "" && had != "NoAssistanceRequired" && had != text(o.Value):
			c.violates("doors", d, "the help is changed from %s to %v", had, o.Value)
		case path == "/status" && rank[text(o.Value)] < rank[text(was["status"])]:
			c.violates("doors", d, "the referral goes from %v to %v", was["status"], o.Value)
		}
	}
}

// heardOf is after how long all processes know of a wait: they look at least once a second, and what has left by then is in the
// history once it was answered, after the longest delay of the troubles.
const heardOf = 2500 * time.Millisecond

// throttles is that whoever was asked to wait is waited for, by all processes once they have heard of it. A time in
// which a process could not know of it is left out.
func (c *court) throttles() {
	for _, history := range [][]control.Entry{c.pc, c.dv} {
		for i, e := range history {
			var seconds int
			var answer struct{ Error struct{ Message string } }
			if e.Status != http.StatusTooManyRequests || json.Unmarshal([]byte(e.ResponseBody), &answer) != nil {
				continue
			}
			if _, err := fmt.Sscanf(answer.Error.Message, "wait %d seconds", &seconds); err != nil {
				continue // the system's own limit, whose wait the history does not show
			}
			until := e.At.Add(time.Duration(min(seconds, 900)) * time.Second)
			if c.s.disturbed(e.At, until) {
				continue
			}
			c.judged["throttles"]++
			for _, later := range history[i+1:] {
				if later.At.Before(until) && later.At.Sub(e.At) > heardOf && hostOf(later.URL) == hostOf(e.URL) && !strings.Contains(later.URL, "/oauth2/") {
					c.violates("throttles", c.of(later.URL+later.RequestBody), "%s %s %s after a wait of %d s was asked for", later.Method, later.URL, later.At.Sub(e.At), seconds)
					break
				}
			}
		}
	}
}

func hostOf(address string) string {
	_, rest, _ := strings.Cut(address, "://")
	host, _, _ := strings.Cut(rest, "/")
	return host
}

// disturbed says whether a time touches one of trouble.
func (s *stage) disturbed(from, until time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.shaken {
		if t.from.Before(until) && from.Before(t.to) {
			return true
		}
	}
	return false
}

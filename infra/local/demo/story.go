package demo

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/control"
)

// Story is one telling: what the steps use to act, look and check. The first thing that goes wrong in a
// step is kept and everything after it in that step does nothing, so that a step reads from top to bottom.
type Story struct {
	ctx   context.Context
	c     *Client
	out   io.Writer
	deals map[string]deal // made by one step, used by a later one
	cast  cast

	seen  map[string]int64 // entries of each system's history that were counted
	calls int              // remote calls of the product so far

	eventsAlone bool // what lists show late is not waited for

	// of the step that is being told
	err     error
	cause   time.Time // when the last person began to act, by the world's clock
	effects []time.Duration
}

// deal is a pair of records that the story follows.
type deal struct {
	opportunity string
	referral    string // the partner's own
	microsoft   string // Microsoft's in the same engagement
	engagement  string
}

// fields is a JSON object to send.
type fields = map[string]any

func (s *Story) fail(format string, args ...any) {
	if s.err == nil {
		s.err = fmt.Errorf(format, args...)
	}
}

// keep notes an error and says whether the step goes on.
func (s *Story) keep(err error) bool {
	if s.err == nil && err != nil {
		s.err = err
	}
	return s.err == nil
}

func (s *Story) check(held bool, format string, args ...any) {
	if !held {
		s.fail(format, args...)
	}
}

// says prints one line of the story, or more where a terminal would break it.
func (s *Story) says(format string, args ...any) {
	if s.err == nil {
		fmt.Fprintln(s.out, folded("    "+fmt.Sprintf(format, args...)))
	}
}

// width is what a terminal shows in one line; what goes on is indented as deep as what people do.
const (
	width  = 118
	hanged = "                           "
)

var guid = regexp.MustCompile(`\b([0-9a-f]{8})(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b`)

// folded shortens ids to their beginning, which tells them apart here, and breaks a line between words.
func folded(line string) string {
	line = guid.ReplaceAllString(line, "$1…")
	var out []string
	for runes := []rune(line); ; {
		if len(runes) <= width {
			return strings.Join(append(out, string(runes)), "\n")
		}
		at := width
		for at > len(hanged) && runes[at] != ' ' {
			at--
		}
		if at <= len(hanged) { // one long word
			return strings.Join(append(out, string(runes)), "\n")
		}
		out = append(out, string(runes[:at]))
		runes = append([]rune(hanged), runes[at+1:]...)
	}
}

// by prints who does what, and starts the clock of the effect.
func (s *Story) by(who, format string, args ...any) {
	s.says("%-20s %s", who+":", fmt.Sprintf(format, args...))
	s.cause = s.c.now()
}

// The people of the story.
const (
	seller    = "Seller, CRM"
	partner   = "Partner, portal"
	microsoft = "Microsoft's seller"
	operator  = "Operator"

	administrator = "Administrator, CRM"
	nobody        = "The world"
)

// crm lets a person work in Dynamics 365: the body of `POST user`. It returns the row's id.
func (s *Story) crm(do string, body fields) string {
	return s.person(s.c.Local.Dataverse.Control, "/user", do, body).ID
}

// crmUpdate changes columns of one row in Dynamics 365.
func (s *Story) crmUpdate(table, id string, columns fields) {
	s.crm("update", fields{"table": table, "id": id, "columns": columns})
}

// portal lets the partner's person work in Partner Center.
func (s *Story) portal(do string, body fields) made {
	return s.person(s.c.Local.PartnerCenter.Control, "/user", do, body)
}

// microsoft lets Microsoft's seller act.
func (s *Story) microsoft(do string, body fields) made {
	return s.person(s.c.Local.PartnerCenter.Control, "/seller", do, body)
}

// made is what the control interface answers to a person's act.
type made struct {
	ID           string `json:"id"`
	EngagementID string `json:"engagementId"`
	MicrosoftID  string `json:"microsoftId"`
}

func (s *Story) person(base, path, do string, body fields) (out made) {
	if s.err != nil {
		return made{}
	}
	in := fields{"do": do}
	for k, v := range body {
		in[k] = v
	}
	s.keep(s.c.Call(s.ctx, http.MethodPost, base, path, in, &out))
	return out
}

// operate calls an operator's route of the product; the answer must have the status.
func (s *Story) operate(method, path string, body any, want int) string {
	if s.err != nil {
		return ""
	}
	status, answer, err := s.c.Operator(s.ctx, method, path, body)
	if s.keep(err) {
		s.check(status == want, "%s %s: %d instead of %d: %s", method, path, status, want, shorten(answer))
	}
	return answer
}

// settle waits until the whole world is at rest.
func (s *Story) settle() {
	if s.err == nil {
		s.keep(s.c.settle(s.ctx))
	}
	s.catchUp()
}

// catchUp lets a CRM that shows old copies come up to the present, and the next pass look at it: what an event
// told too early is found there.
func (s *Story) catchUp() {
	if s.eventsAlone || s.crmIs("listLagSeconds", "0") && s.crmIs("readLagSeconds", "0") || s.err != nil {
		return
	}
	const pass = 6 * time.Minute // longer than any lag in the matrix
	if s.keep(s.c.advance(s.ctx, pass)) {
		s.keep(s.c.settle(s.ctx))
	}
}

// advance moves the world's clock and waits until everything that became due has happened.
func (s *Story) advance(by time.Duration) {
	s.by(nobody, "the clock moves %s forward", by)
	if s.err == nil && s.keep(s.c.advance(s.ctx, by)) {
		s.cause = s.c.now()
	}
}

// records reads everything that both systems hold.
func (s *Story) records() Records {
	out := Records{}
	for name, base := range s.systems() {
		var tables map[string]any
		if s.err == nil && s.keep(s.c.Call(s.ctx, http.MethodGet, base, "/records", nil, &tables)) {
			out[name] = tables
		}
	}
	return out
}

func (s *Story) systems() map[string]string {
	return map[string]string{"crm": s.c.Local.Dataverse.Control, "pc": s.c.Local.PartnerCenter.Control}
}

// keepDeal hands a deal on to later steps.
func (s *Story) keepDeal(name string, d deal) {
	if s.err == nil {
		s.deals[name] = d
	}
}

// deal takes a deal from an earlier step.
func (s *Story) deal(name, step string) deal {
	d, ok := s.deals[name]
	s.check(ok, "the deal of step %s is missing: look there first", step)
	return d
}

// isCall says whether an entry is a remote call of the product; asking for tokens is not counted.
func isCall(e control.Entry) bool {
	return !strings.Contains(e.URL, "://login.microsoftonline.com/")
}

// isWrite says whether an entry is a write that the system accepted or that had no answer.
func isWrite(e control.Entry) bool {
	return isCall(e) && e.Method != http.MethodGet && e.Method != http.MethodHead && e.Status < http.StatusBadRequest && !readsOnly(e)
}

// readsOnly recognises a $batch that holds nothing but GETs.
func readsOnly(e control.Entry) bool {
	if !strings.HasSuffix(e.URL, "/$batch") {
		return false
	}
	for _, method := range []string{"\nPOST ", "\nPATCH ", "\nPUT ", "\nDELETE "} {
		if strings.Contains(e.RequestBody, method) {
			return false
		}
	}
	return true
}

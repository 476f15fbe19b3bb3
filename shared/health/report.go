package health

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/ledger"
)

// Report is what operators see. What is not known is left out.
type Report struct {
	OK       bool      `json:"ok"`
	Problems []Problem `json:"problems"`
	Notes    []Problem `json:"notes,omitempty"` // what a person may want to change and nothing fails for
	Version  string    `json:"version"`
	Role     string    `json:"role"`
	// Registration of the webhook in a few words, as it was last seen; URL is where the events go.
	Registration     string     `json:"registration,omitempty"`
	RegistrationURL  string     `json:"registrationUrl,omitempty"`
	RegistrationSeen *time.Time `json:"registrationSeen,omitempty"`
	TokenAge         string     `json:"tokenAge,omitempty"` // of the newest access token for Partner Center
	// Oldest is when the oldest event came whose record is not dealt with yet, through no wish of ours.
	Oldest *time.Time     `json:"oldestUnfinished,omitempty"`
	Parked int            `json:"parked"`
	Held   map[string]int `json:"held"`             // by class: ours, record, rule
	Braked int            `json:"braked,omitempty"` // pairs that wait because the brake is on
	// Counts are the records in trouble by class and cause, and under door the requests that each webhook
	// turned away since the last authentic one; also what is no problem yet.
	Counts      map[string]map[string]int `json:"counts,omitempty"`
	LastSuccess *time.Time                `json:"lastSuccess,omitempty"`
	Successes   map[string]time.Time      `json:"lastSuccesses,omitempty"` // by direction
	LastTest    *time.Time                `json:"lastTestEvent,omitempty"`
	// LastAnswers say when a system last answered well, in any process: Partner Center, CRM.
	LastAnswers map[string]time.Time `json:"lastAnswers,omitempty"`
	// AskedToWait says until when a host asked us to wait (429), by its name: what holds for all processes.
	AskedToWait map[string]time.Time `json:"askedToWait,omitempty"`
	Processes   []ProcessRow         `json:"processes,omitempty"`

	tokenSince *time.Time // of the newest access token for Partner Center
	good       map[string]time.Time
}

// Good says when a source (Watch.Stand) last looked in any process that is alive, whatever it found.
func (r Report) Good(source string) (at time.Time, ever bool) {
	at, ever = r.good[source]
	return at, ever
}

// ProcessRow is what the report says of one function of one process.
type ProcessRow struct {
	App      string    `json:"app"`
	Function string    `json:"function"`
	Instance string    `json:"instance"`
	Version  string    `json:"version"`
	At       time.Time `json:"at"`
}

// Held is a held row, as far as health counts it.
type Held struct {
	Class  fault.Class
	Code   string
	Record string // kind|id
	Since  time.Time
	Mend   string
	// Whole: the other side took no row at all, so that a person has to look at this very record.
	Whole bool
}

// Ledger is the part of the ledger that health reads.
type Ledger interface {
	CountParked(ctx context.Context) (n int, oldest ledger.Parked, err error)
	// Registration is the webhook registration as last seen, as the JSON of a SeenRegistration; "" at first.
	Registration(ctx context.Context) (string, error)
	// HeldRows hands over every held row until each says false.
	HeldRows(ctx context.Context, each func(Held) bool) error
	// Brakes says how the brake stands, of each tenant.
	Brakes(ctx context.Context) ([]cosell.Brake, error)
}

// Held rows of class record are the CRM users' business; above so many, or so old, somebody should ask.
const (
	manyHeld = 25
	oldHeld  = 7 * 24 * time.Hour
)

// fill writes what the processes say into the report.
func (r *Report) fill(s *sum) {
	r.Problems = []Problem{}
	for _, p := range s.pressing() {
		if p.Note {
			p.Note = false
			r.Notes = append(r.Notes, p)
			continue
		}
		r.Problems = append(r.Problems, p)
	}
	r.Oldest, r.Counts, r.good = s.oldest, s.counts(), s.good
	for function, at := range s.last {
		if r.LastSuccess == nil || at.After(*r.LastSuccess) {
			r.LastSuccess = &at
		}
		if r.Successes == nil {
			r.Successes = map[string]time.Time{}
		}
		later(r.Successes, Where(function), at)
	}
	var token *time.Time
	for _, one := range s.live {
		r.Processes = append(r.Processes, ProcessRow{one.App, one.Function, one.Instance, one.Version, one.At})
		token, r.LastTest = newer(token, one.TokenSince), newer(r.LastTest, one.LastTest)
	}
	slices.SortFunc(r.Processes, func(a, b ProcessRow) int {
		return cmp.Or(cmp.Compare(a.App, b.App), cmp.Compare(a.Function, b.Function), cmp.Compare(a.Instance, b.Instance))
	})
	for _, system := range []string{PartnerCenter, CRM} {
		if at, ever := s.good[system]; ever {
			if r.LastAnswers == nil {
				r.LastAnswers = map[string]time.Time{}
			}
			r.LastAnswers[system] = at
		}
	}
	if r.tokenSince = token; token != nil {
		r.TokenAge = s.now.Sub(*token).Round(time.Second).String()
	}
}

func newer(a, b *time.Time) *time.Time {
	if a == nil || b != nil && b.After(*a) {
		return b
	}
	return a
}

// readLedger adds what the tables hold.
func (r *Report) readLedger(ctx context.Context, l Ledger, now time.Time) error {
	n, oldest, err := l.CountParked(ctx)
	if err != nil {
		return err
	}
	text, err := l.Registration(ctx)
	if err != nil {
		return err
	}
	if r.Parked = n; n > 0 {
		r.Problems = append(r.Problems, Problem{What: "parked", Count: n, Since: oldest.At, Last: oldest.At, Oldest: cmp.Or(oldest.Record, oldest.ID),
			Say: "messages are parked, because they can never work as they are", Mend: "cosellctl parked list says why; replay them when the cause is mended, or drop them"})
	}
	r.readRegistration(text)
	if err := r.readBrakes(ctx, l, now); err != nil {
		return err
	}
	return r.readHeld(ctx, l, now)
}

// readBrakes adds what waits for a person because no edit explains it.
func (r *Report) readBrakes(ctx context.Context, l Ledger, now time.Time) error {
	brakes, err := l.Brakes(ctx)
	p := Problem{What: "brake.on", Last: now, Mend: "cosellctl brake show says why; brake release has it written, or take back what led to it"}
	for _, b := range brakes {
		if b.On.IsZero() {
			continue
		}
		p.Count += b.Aside
		if p.Since.IsZero() || b.On.Before(p.Since) {
			p.Since = b.On
		}
		p.Say = fmt.Sprintf("the brake is on: %d of %d pairs would be written and no edit explains it, as after lost tables or another field sheet; none of them is", b.Aside, b.Pairs)
	}
	if p.Say != "" {
		r.Braked = p.Count
		r.Problems = append(r.Problems, p)
	}
	return err
}

// readGates adds the hosts that we are waiting for.
func (r *Report) readGates(ctx context.Context, gates func(context.Context) (map[string]time.Time, error), now time.Time) error {
	all, err := gates(ctx)
	for host, until := range all {
		if until.After(now) {
			if r.AskedToWait == nil {
				r.AskedToWait = map[string]time.Time{}
			}
			r.AskedToWait[host] = until
		}
	}
	return err
}

// What health says of the registration as last seen.
const (
	registrationFine    = "ours and complete"
	registrationUnknown = "not looked at yet"
	registrationLeft    = "left to another system"
	registrationShadow  = "not ours, in shadow mode"
)

func (r *Report) readRegistration(text string) {
	r.Registration = registrationUnknown
	var s SeenRegistration
	if text == "" || json.Unmarshal([]byte(text), &s) != nil {
		return
	}
	r.RegistrationURL = s.URL
	if !s.Seen.IsZero() {
		r.RegistrationSeen = &s.Seen
	}
	p := Problem{Where: "events from Partner Center", Since: s.Since, Last: s.Seen, Count: 1,
		Mend: "cosellctl register"}
	switch {
	case s.Unwatched:
		r.Registration = registrationLeft
		return
	case !s.Registered:
		r.Registration, p.What, p.Say = "missing", "registration.none", "no webhook is registered with Partner Center, so no events come"
	case !s.Ours:
		r.Registration, p.What, p.Mend = "somebody else's", "registration.other", "cosellctl register --overwrite, if that address is not in use any more"
		p.Say = fmt.Sprintf("Partner Center sends this tenant's events to %s instead of %s", s.URL, s.Wanted)
	case !s.Complete:
		r.Registration, p.What = "incomplete", "registration.incomplete"
		p.Say = fmt.Sprintf("the registration at %s lacks the events %s", s.URL, strings.Join(s.Missing, ", "))
	default:
		r.Registration = registrationFine
		return
	}
	if s.Shadow { // nothing of the work hangs on it
		r.Registration, p.Say = registrationShadow, p.Say+"; in shadow mode reconcile finds the changes"
		r.Notes = append(r.Notes, p)
		return
	}
	r.Problems = append(r.Problems, p)
}

// readHeld counts the held rows. Ours are one problem for each code; the record's are one when they are
// many or old, and each by its id where the other side took no row at all; a rule's never are.
func (r *Report) readHeld(ctx context.Context, l Ledger, now time.Time) error {
	r.Held = map[string]int{}
	ours := map[string]Problem{}
	record := Problem{What: "held.record", Say: "values that the other side refuses wait for a correction", Mend: "cosellctl held list says which"}
	whole := Problem{What: "held.whole", Say: "the other side took no row at all for these", Mend: "cosellctl held show ID says why"}
	err := l.HeldRows(ctx, func(h Held) bool {
		r.Held[string(h.Class)]++
		switch {
		case h.Class == fault.Ours:
			p := ours[h.Code]
			p.What, p.Say = cmp.Or(h.Code, "refused"), "changes are refused for a reason that is ours, not the records'"
			p.Mend = cmp.Or(p.Mend, h.Mend)
			p.count(h)
			ours[h.Code] = p
		case h.Class == fault.Record && h.Whole:
			whole.count(h)
			whole.For = append(whole.For, h.Record)
		case h.Class == fault.Record:
			record.count(h)
		}
		return true
	})
	if err != nil {
		return err
	}
	for code, p := range ours {
		said := func(other Problem) bool { return other.What == p.What || strings.HasPrefix(other.What, code+" ") }
		if !slices.ContainsFunc(r.Problems, said) { // the jobs that wait for it have said so
			r.Problems = append(r.Problems, p)
		}
	}
	if whole.Count > 0 {
		r.Problems = append(r.Problems, whole)
	}
	if record.Count > manyHeld || record.Count > 0 && now.Sub(record.Since) > oldHeld {
		r.Problems = append(r.Problems, record)
	}
	return nil
}

func (p *Problem) count(h Held) {
	p.Count++
	if p.Since.IsZero() || h.Since.Before(p.Since) {
		p.Since, p.Oldest = h.Since, h.Record
	}
	if h.Since.After(p.Last) {
		p.Last = h.Since
	}
}

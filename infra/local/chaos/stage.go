package chaos

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/control"
)

// The two sides, as they are called in an edit.
const (
	inCRM    = "CRM"
	inPortal = "Partner Center"
)

// stage is a play in one world: who did what, and from where on the histories count.
type stage struct {
	ctx context.Context
	c   *client
	g   *rand.Rand // the draws of people
	tag string     // in the names of everything that this play makes

	mu     sync.Mutex
	story  []line
	deals  []*deal
	edits  []edit
	acts   map[string]int // acts that a system took, and troubles, by name
	uniq   int
	shaken []span // when the network, the tables or a process was disturbed: what one process knows another may not

	from map[string]int64 // the last entry of each history before the play
}

// line is one thing that happened, in the world's time.
type line struct {
	at   time.Time
	deal *deal // nil: it is about no deal
	text string
}

// span is a time of trouble.
type span struct{ from, to time.Time }

// deal is one customer's business, wherever it began.
type deal struct {
	n           int
	born        string // a kind of births()
	opportunity string
	referral    string
	lead        bool // it begins as a lead in the CRM
	dropped     bool // somebody deleted, unlinked, merged or switched off a part of it: what becomes of the rest is another question
	again       int  // how often somebody asked Microsoft again, or opened it again
	closed      bool // somebody has closed it on one side
}

// edit is a value that a person typed.
type edit struct {
	from, to time.Time // of the act, in the world's time
	deal     *deal
	side     string
	field    string
	value    string
}

func newStage(ctx context.Context, c *client, seed uint64, tag string) (*stage, error) {
	s := &stage{ctx: ctx, c: c, g: rand.New(rand.NewPCG(seed, 1)), tag: tag, acts: map[string]int{}, from: map[string]int64{}}
	for _, part := range []string{"partnercenter", "dataverse"} {
		all, err := c.history(ctx, part, 0)
		if err != nil {
			return nil, err
		}
		s.from[part] = last(all, 0)
	}
	return s, nil
}

// say notes what happened, to a deal or to none.
func (s *stage) say(d *deal, format string, args ...any) {
	now, err := s.c.Clock(s.ctx)
	if err != nil {
		now = time.Now()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.story = append(s.story, line{now, d, fmt.Sprintf(format, args...)})
}

func (s *stage) count(act string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.acts[act]++
}

// next is a number that no other thing of this play has.
func (s *stage) next() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.uniq++
	return s.uniq
}

// did ends an act of a person: what a system refuses is told and no trouble.
func (s *stage) did(d *deal, act string, err error) error {
	switch {
	case err == nil:
		s.count(act)
		s.say(d, "%s", act)
	case control.Refused(err) || errors.Is(err, errNothing):
		s.say(d, "%s: refused: %.160s", act, err.Error())
		return nil
	}
	return err
}

var errNothing = errors.New("there is nothing to do that with")

// What people do in the CRM, in the partner's portal and at Microsoft; id is that of the record.
func (s *stage) crm(act fields) (id string, err error) { return s.acted("dataverse", "/user", act) }

func (s *stage) portal(act fields) (id string, err error) {
	return s.acted("partnercenter", "/user", act)
}

func (s *stage) seller(act fields) (id string, err error) {
	return s.acted("partnercenter", "/seller", act)
}

func (s *stage) acted(part, path string, act fields) (string, error) {
	var answer struct {
		ID string `json:"id"`
	}
	err := s.c.Call(s.ctx, http.MethodPost, s.c.part(part), path, act, &answer)
	return answer.ID, err
}

// look finds out what the deals have become, as people see it on their screens.
func (s *stage) look() (board, error) {
	b, err := s.c.board(s.ctx)
	if err != nil {
		return b, err
	}
	for _, d := range s.deals {
		if d.opportunity != "" && d.referral == "" {
			d.referral = strings.ToLower(text(b.tables["opportunity"][d.opportunity]["cosell_referralid"]))
		}
		if d.referral == "" {
			continue
		}
		for _, id := range sortedKeys(b.tables["opportunity"]) {
			if d.opportunity == "" && strings.EqualFold(text(b.tables["opportunity"][id]["cosell_referralid"]), d.referral) {
				d.opportunity = id
			}
		}
	}
	return b, nil
}

// begin takes over the registration and takes the limits of the CRM away, which would only make the play longer.
func (s *stage) begin() error {
	limits := fields{"limitRequests": 0, "limitExecutionSeconds": 0, "limitConcurrent": 0}
	if err := s.c.post(s.ctx, s.c.part("dataverse"), "/switches", limits); err != nil {
		return err
	}
	if err := s.c.Operate(s.ctx, http.MethodPost, "/api/webhookregistration", fields{"overwrite": true}, nil); err != nil {
		return err
	}
	return s.c.rest(s.ctx)
}

// tell writes the story of a deal: what people did to it, and what happened to all.
func (s *stage) tell(out io.Writer, d *deal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range s.story {
		if l.deal == nil || l.deal == d || d == nil {
			who := "        "
			if l.deal != nil {
				who = fmt.Sprintf("deal %-3d", l.deal.n)
			}
			fmt.Fprintf(out, "    %s  %s %s\n", l.at.Format("02 15:04:05.000"), who, l.text)
		}
	}
}

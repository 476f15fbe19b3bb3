package flow

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// Rehearsal is what hints would do if they were followed now.
type Rehearsal struct {
	Pair        cosell.Pair // as it would be remembered
	Known       bool        // there is such a pair now
	Opportunity *cosell.Opportunity
	Referral    *cosell.Referral // both as they are now, where they were read
	Writes      []Rehearsed
	Lines       []string // that Audit would get
	Problems    []cosell.Problem
	Waits       error // the kind Later of what waits; nil: nothing does
	Differences []Difference
	Aside       bool // in earnest the brake keeps it

	before cosell.Base // by which it was judged
}

// Rehearsed is one write that would be made.
type Rehearsed struct {
	Place     cosell.Place
	ID        string // "" of a record that would be new
	Microsoft bool   // a referral that asks Microsoft in
	Values    cosell.Record
	Was       cosell.Record
}

// steps is how many hints one rehearsal follows: a hint, what it hands on, and once more.
const steps = 6

// Rehearse follows hints with the very code that follows them in earnest, as if the installation had been started,
// and writes nothing: not to either system, not to the ledger, not to a queue. What follows is judged by what the
// systems say now; what they would refuse is only known where the sheet or their metadata say it. In shadow mode a pair
// that another system keeps in step is judged by what was last seen of it.
// Kinds: those of FromReferral and FromOpportunity, but for Later (Waits).
func (f *Flow) Rehearse(ctx context.Context, hints ...Hint) (Rehearsal, error) {
	s := newStage(hints)
	out, err := f.rehearse(ctx, s)
	if err != nil || !f.Settings.Shadow || out.Pair.OpportunityID == "" {
		return out, err
	}
	met, known, err := f.Ledger.Watched(ctx, out.Pair.OpportunityID)
	if err != nil || !known || !strings.EqualFold(met.ReferralID, out.Pair.ReferralID) {
		return out, err
	}
	return f.rehearse(ctx, s.again(hints, met))
}

func (f *Flow) rehearse(ctx context.Context, s *stage) (Rehearsal, error) {
	from, _, err := f.Started(ctx)
	if err != nil {
		return Rehearsal{}, err
	}
	ctx = fault.Rehearse(ctx)
	c := f.Config
	c.Referrals, c.Opportunities = stagedReferrals{f.Referrals, s}, stagedOpportunities{f.Opportunities, s}
	if c.Leads != nil {
		c.Leads = stagedLeads{stagedOpportunities{leadRecords{f.Opportunities, c.Leads}, s}, c.Leads}
	}
	c.Ledger, c.Hints, c.Log = stagedLedger{f.Ledger, s}, stagedHints{s}, slog.New(slog.DiscardHandler)
	c.Settings.Unstarted, c.Settings.Started = false, from
	staged := New(c)
	out := Rehearsal{}
	for range steps {
		if len(s.hints) == 0 {
			break
		}
		h := s.hints[0]
		s.hints = s.hints[1:]
		err := staged.follow(ctx, h)
		switch {
		case fault.Is(err, fault.Later):
			out.Waits = err
		case fault.Is(err, fault.Refused): // ours: it would come back again and again
			out.Problems = append(out.Problems, problemOf(cosell.InCRM, err, f.Rules, cosell.Whole))
		case err != nil:
			return out, err
		}
	}
	return f.judged(ctx, out, s)
}

// follow does what the queue functions do.
func (f *Flow) follow(ctx context.Context, h Hint) error {
	switch h.Kind {
	case referralKind:
		return f.FromReferral(ctx, h)
	case wantedKind:
		h.Kind = opportunityKind
		return f.CreateReferral(ctx, h)
	}
	return f.FromOpportunity(ctx, h)
}

// judged completes a rehearsal by what stands on its stage at the end.
func (f *Flow) judged(ctx context.Context, out Rehearsal, s *stage) (Rehearsal, error) {
	out.Writes, out.Lines = s.writes, s.lines
	out.Opportunity, out.Referral = s.opportunity, s.referral
	out.Pair = s.pair()
	if out.Pair.OpportunityID == "" {
		if err := f.unstaged(ctx, &out); err != nil {
			return out, err
		}
	} else {
		now, known, err := f.Ledger.Find(ctx, out.Pair.OpportunityID)
		if err != nil {
			return out, err
		}
		cause, _ := now.AsideFor()
		out.Known, out.Aside, out.before = known, cause != "", now.Base
	}
	if s.met != nil {
		out.before = s.met.Base
	}
	for _, h := range out.Pair.Held {
		if !h.Quiet {
			out.Problems = append(out.Problems, h.Problem())
		}
	}
	if out.Opportunity != nil && out.Referral != nil && !out.Referral.Microsoft {
		return out, f.explained(ctx, &out, s)
	}
	return out, nil
}

// explained adds what differs now, and what becomes of each of it.
func (f *Flow) explained(ctx context.Context, out *Rehearsal, s *stage) error {
	now, _, err := f.Ledger.Find(ctx, out.Opportunity.ID)
	if err != nil {
		return err
	}
	if s.met != nil {
		now = *s.met
	}
	for _, d := range f.of(now).differences(now.Base, out.Opportunity.Record, out.Referral.Record) {
		d.Goes, d.Why = out.fate(d.Field, d.Wins, now.Base)
		switch {
		case out.Aside && d.Goes != "":
			d.Why += "; it waits for the brake"
		case d.Goes == "" && d.Why == "":
			d.Why, d.Unexplained = out.left(d.Field, f.of(now).Rules, now.Base)
		}
		out.Differences = append(out.Differences, d)
	}
	return nil
}

// fate says where the value of a field that differs goes ("": nowhere), and why.
func (r Rehearsal) fate(field cosell.Field, wins cosell.Wins, base cosell.Base) (goes cosell.Place, why string) {
	for _, w := range r.Writes {
		if _, written := w.Values[field]; written {
			goes = w.Place
		}
	}
	i := slices.IndexFunc(r.Problems, func(p cosell.Problem) bool { return len(cosell.Atoms(cosell.Record{p.Field: "", field: ""})) == 1 }) // what goes as one is held as one
	met, inCRM, inPC := base.Sides(field, r.Opportunity.Record, r.Referral.Record)
	switch {
	case goes == "" && i >= 0:
		return goes, r.Problems[i].Text
	case goes == "" && r.Waits != nil && (!met || inCRM || inPC):
		return goes, "it waits, as a rule wants"
	case !met:
		return goes, "the two have never agreed on it: " + firstSight(goes)
	case goes == "" && inCRM && !inPC && r.Pair.Table != cosell.LeadTable && r.Referral.Record[cosell.Status] == cosell.Pending:
		return goes, "changed in CRM since they last agreed; the referral waits for an answer, and it goes with it"
	case inCRM && inPC && goes != "":
		return goes, "changed on both sides since they last agreed: " + string(wins) + " wins"
	case inCRM && inPC:
		return goes, "changed on both sides since they last agreed, and nobody has decided"
	case inCRM && goes != "":
		return goes, "changed in CRM since they last agreed"
	case inPC && goes != "":
		return goes, "changed in Partner Center since they last agreed"
	case goes != "":
		return goes, "nobody has changed it since they last agreed: it follows from what else is written"
	}
	return goes, ""
}

// left says why a field that differs stays so although nothing of it is held, waits or is written; unexplained: nothing
// says so, and somebody should look.
func (r Rehearsal) left(field cosell.Field, rules []cosell.Rule, base cosell.Base) (why string, unexplained bool) {
	_, inCRM, inPC := base.Sides(field, r.Opportunity.Record, r.Referral.Record)
	stop := slices.IndexFunc(r.Problems, stops)
	list, _, member := field.List()
	if !member {
		list = field
	}
	i := slices.IndexFunc(rules, func(rule cosell.Rule) bool { return rule.Field == list })
	switch {
	case stop >= 0 && (inCRM || inPC):
		return r.Problems[stop].Text, false
	case r.Pair.Phase == cosell.Ended:
		return "the two are linked no more, and go on alone", false
	case (inCRM || inPC) && slices.ContainsFunc(r.Writes, func(w Rehearsed) bool { _, answers := w.Values[cosell.Action]; return answers }):
		return "what somebody has chosen on the form is answered first, and it is compared after that", false
	case cosell.ReferralClosed(r.Referral.Record[cosell.Status]):
		return "the referral is closed, and takes no change any more", false
	case (inCRM || inPC) && slices.ContainsFunc(r.Writes, func(w Rehearsed) bool {
		return w.Place == cosell.InPartnerCenter && cosell.ReferralClosed(w.Values[cosell.Status])
	}):
		return "the referral is closed at once, and takes no other change", false
	case field == cosell.Name && r.Referral.Record[cosell.Name] == "":
		return "nobody has given it in Partner Center yet: in CRM it is one that was made for it", false
	case i >= 0 && rules[i].Door != cosell.NoDoor && rules[i].Door != cosell.NeverEmpty:
		return "it goes one way only, and not back", false
	case slices.Contains(r.Pair.LeftAlone, field):
		return "the two differed when they met, or a person has dropped it: it is left until one of them changes", false
	}
	if inCRM || inPC {
		return "changed since they last agreed, and nothing says why it does not cross", true
	}
	return "nobody has changed it since they last agreed, and nothing says why it differs", true
}

// stops says whether a problem of the whole deal keeps edits from crossing: it is switched off, its row takes nothing at all, or it is a lead
// whose deal is one that it cannot be linked with. Of what nobody has edited that explains nothing.
func stops(p cosell.Problem) bool {
	return p.Field == cosell.Sync || p.Field == cosell.Whole && p.Place == cosell.InCRM && (p.Class != cosell.OfRule || p.Code == "link.taken")
}

func firstSight(goes cosell.Place) string {
	if goes == "" {
		return "it is left as it is on each side"
	}
	return "the sheet says whose counts, or one side is empty"
}

// unstaged finds the pair of a rehearsal that has changed none.
func (f *Flow) unstaged(ctx context.Context, out *Rehearsal) (err error) {
	if out.Opportunity != nil {
		out.Pair, out.Known, err = f.Ledger.Find(ctx, out.Opportunity.ID)
	}
	if err == nil && !out.Known && out.Referral != nil {
		out.Pair, out.Known, err = f.Ledger.FindByReferral(ctx, out.Referral.ID)
	}
	return err
}

// wantedKind is a hint for createcosellreferral: it exists on a stage only, where hints have no queues.
const wantedKind = "wanted"

// stage holds what a rehearsal would have written.
type stage struct {
	pairs         map[string]cosell.Pair
	intents       map[string]cosell.Intent
	referrals     map[string]cosell.Referral // as they would be
	opportunities map[string]cosell.Opportunity
	made          map[string]bool   // opportunities that exist here only
	was           map[string]string // the version in the system of what has one of its own here
	hints         []Hint
	met           *cosell.Pair // what shadow mode knows of the pair

	readReferrals     map[string]cosell.Referral // as they are
	readOpportunities map[string]cosell.Opportunity
	referral          *cosell.Referral // as it was read first
	opportunity       *cosell.Opportunity
	writes            []Rehearsed
	lines             []string
	versions          int
}

func newStage(hints []Hint) *stage {
	return &stage{pairs: map[string]cosell.Pair{}, intents: map[string]cosell.Intent{}, hints: hints, made: map[string]bool{}, was: map[string]string{},
		referrals: map[string]cosell.Referral{}, opportunities: map[string]cosell.Opportunity{},
		readReferrals: map[string]cosell.Referral{}, readOpportunities: map[string]cosell.Opportunity{}}
}

// again is a stage for the same hints with a pair on it: what was read of the two systems is not read a second time.
func (s *stage) again(hints []Hint, met cosell.Pair) *stage {
	next := newStage(hints)
	met.Version = next.version()
	next.met, next.pairs[met.OpportunityID] = &met, met
	next.referral, next.opportunity = s.referral, s.opportunity
	maps.Copy(next.readReferrals, s.readReferrals)
	maps.Copy(next.referrals, s.readReferrals)
	maps.Copy(next.readOpportunities, s.readOpportunities)
	maps.Copy(next.opportunities, s.readOpportunities)
	return next
}

func (s *stage) version() string {
	s.versions++
	return stagedVersion + strconv.Itoa(s.versions)
}

// pair is the one that the rehearsal is about: of several that of what was read first.
func (s *stage) pair() (p cosell.Pair) {
	for _, id := range slices.Sorted(maps.Keys(s.pairs)) {
		if p = s.pairs[id]; s.opportunity != nil && strings.EqualFold(id, s.opportunity.ID) {
			break
		}
	}
	if next, on := s.pairs[p.Became]; on {
		return next
	}
	return p
}

// stagedVersion begins the version of everything that exists on a stage only.
const stagedVersion = "rehearsed-"

// wrote notes a write, and what Audit would get by it. A record that was made on this stage is one write.
func (s *stage) wrote(place cosell.Place, id string, values, was cosell.Record) {
	if line, ok := values[cosell.Audit]; ok {
		s.lines = append(s.lines, newLines(line, was[cosell.Audit])...)
	}
	s.writes = append(s.writes, Rehearsed{Place: place, ID: id, Values: values.Clone(), Was: was.Only(slices.Collect(maps.Keys(values))...)})
}

// newLines are the lines of a text that it had not before.
func newLines(text, before string) (out []string) {
	had := strings.Split(before, "\n")
	for line := range strings.SplitSeq(text, "\n") {
		if line != "" && !slices.Contains(had, line) {
			out = append(out, line)
		}
	}
	return out
}

// laid is a record with values written over it: an empty member of a list is one that goes.
func laid(before, values cosell.Record) cosell.Record {
	out := before.Clone()
	for f, v := range values {
		if _, _, member := f.List(); member && v == "" {
			delete(out, f)
			continue
		}
		out[f] = v
	}
	return out
}

// staged says whether a record is on a stage otherwise than in its system.
func staged(side cosell.Side) bool { return strings.HasPrefix(side.Version, stagedVersion) }

// real is the version that a record has in its system.
func (s *stage) real(side cosell.Side) string {
	if was, on := s.was[side.Version]; on {
		return was
	}
	return side.Version
}

// sent says that a write came as far as the wire.
func sent(err error) bool { return errors.Is(err, fault.ErrRehearsed) }

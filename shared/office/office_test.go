package office

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/health"
	"github.com/cosell-sync/cosell-sync/shared/ledger"
	"github.com/cosell-sync/cosell-sync/shared/queue"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

const (
	opportunity = "00000000-0000-4000-8000-000000000001"
	referral    = "00000000-0000-4000-8000-000000000002"
	unknown     = "00000000-0000-4000-8000-000000000009"
)

// room is everything around an office.
type room struct {
	*Office
	ledger  *ledger.Ledger
	sent    []string
	held    []Held
	waiting []health.Waiting
	desk    *desk
	log     strings.Builder
	away    error
}

func (r *room) Rows(_ context.Context, each func(Held) bool) error {
	for _, h := range r.held {
		if !each(h) {
			break
		}
	}
	return nil
}

func (r *room) Drop(_ context.Context, h Held) error {
	r.held = slices.DeleteFunc(r.held, func(other Held) bool { return other.ID == h.ID })
	return nil
}

func (r *room) Send(_ context.Context, name queue.Name, p queue.Pointer) error {
	if r.away != nil {
		return r.away
	}
	text := fmt.Sprint(name, " ", p.Kind, " ", p.ID, " retry ", p.Retry, " attempt ", p.Attempt)
	if !p.First.IsZero() {
		text += " worked on since " + p.First.String()
	}
	r.sent = append(r.sent, text)
	return nil
}

func (r *room) take() []string {
	out := r.sent
	r.sent = nil
	return out
}

type watching struct{ room *room }

func (w watching) Waiting(context.Context) []health.Waiting { return w.room.waiting }

// desk is the flows' part.
type desk struct {
	sides   Sides
	preview Preview
	census  Census
	from    time.Time
	brake   Brake
	did     []string
	err     error
}

func (d *desk) Sides(context.Context, string) (Sides, error) { return d.sides, d.err }

func (d *desk) Preview(_ context.Context, id, _ string) (Preview, error) {
	d.did = append(d.did, "preview "+id)
	return d.preview, d.err
}

func (d *desk) Census(_ context.Context, since time.Time) (Census, error) {
	d.did = append(d.did, "census "+since.Format(time.DateOnly))
	return d.census, d.err
}

func (d *desk) Started(context.Context) (time.Time, bool, error) {
	return d.from, !d.from.IsZero(), d.err
}

func (d *desk) Start(_ context.Context, from time.Time) error {
	d.did = append(d.did, "start "+from.Format(time.DateOnly))
	d.from = from
	return d.err
}

func (d *desk) TakeUp(_ context.Context, found []Found) error {
	d.did = append(d.did, "take up "+strconv.Itoa(len(found)))
	return d.err
}

func (d *desk) Brake(context.Context) (Brake, error) { return d.brake, d.err }

func (d *desk) Release(_ context.Context, by, reason string) (int, error) {
	d.did = append(d.did, "release by "+by+" because "+reason)
	return d.brake.Aside, d.err
}

func (d *desk) Link(_ context.Context, o, r string) error {
	d.did = append(d.did, "link "+o+" "+r)
	return d.err
}

func (d *desk) Unlink(_ context.Context, o string) error {
	d.did = append(d.did, "unlink "+o)
	return d.err
}

func (d *desk) AskAgain(_ context.Context, o string) error {
	d.did = append(d.did, "ask-again "+o)
	return d.err
}

func (d *desk) CloseTest(_ context.Context, o string) error {
	d.did = append(d.did, "close-test "+o)
	return d.err
}

func newRoom(t *testing.T) *room {
	t.Helper()
	now := func() time.Time { return noon }
	r := &room{ledger: ledger.InMemory(now), desk: &desk{}}
	r.Office = &Office{Ledger: r.ledger, Book: r, Post: r, Waiting: watching{r}, Desk: r.desk, Now: now, Log: slog.New(slog.NewTextHandler(&r.log, nil))}
	pair := cosell.Pair{OpportunityID: opportunity, ReferralID: referral, EngagementID: "e-1", Phase: cosell.Linked, LastSuccess: noon,
		Base: cosell.Base{Opportunity: cosell.Record{cosell.Name: "Contoso stores"}}}
	if _, err := r.ledger.Save(t.Context(), pair, cosell.Entry{At: noon, Direction: "to CRM", Action: "updated", Fields: []cosell.Field{cosell.DealValue}, Result: "ok", Trace: "t"}); err != nil {
		t.Fatal(err)
	}
	return r
}

func row(opportunityID string) Held {
	return Held{ID: HeldID(opportunityID, "crm", "dealvalue", "too.large"), OpportunityID: opportunityID, Place: "crm", Field: "dealvalue", Class: "record",
		Code: "too.large", Text: "the value is too large", Mend: "make it smaller", Since: noon}
}

func TestStatusSaysWhyInOneSentence(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*room)
		why    string
		inStep bool
	}{
		"in step": {func(*room) {}, "in step", true},
		"differs": {func(r *room) { r.desk.sides.Differences = []Difference{{Field: "name"}} }, "1 fields differ", false},
		"held":    {func(r *room) { r.held = []Held{row(opportunity)} }, "the value is too large. What to do: make it smaller", false},
		"waits": {func(r *room) {
			r.waiting = []health.Waiting{{Wait: health.Wait{Record: "referral|" + strings.ToUpper(referral)}, Say: "CRM is away"}}
		}, "CRM is away", false},
		"parked": {func(r *room) {
			_ = r.ledger.Park(context.Background(), ledger.Parked{ID: "m", Record: "opportunity|" + opportunity, Reason: "no kind"})
		}, "no kind", false},
		"unread":  {func(r *room) { r.desk.err = errors.New("CRM cannot be reached") }, "could not be read", false},
		"no desk": {func(r *room) { r.Desk = nil }, "could not be read", false},
		"another's trouble": {func(r *room) {
			r.held = []Held{row(unknown)}
			r.waiting = []health.Waiting{{Wait: health.Wait{Record: "referral|" + unknown}}}
		}, "in step", true},
	} {
		r := newRoom(t)
		c.change(r)
		for _, by := range []string{opportunity, referral, "e-1", "contoso"} {
			got, _, err := r.Status(t.Context(), by)
			if err != nil || len(got) != 1 || got[0].InStep != c.inStep || !strings.Contains(got[0].Why, c.why) {
				t.Errorf("%s, by %s: %v %+v", name, by, err, got)
			}
		}
	}
}

func TestStatusShowsTheLastLines(t *testing.T) {
	r := newRoom(t)
	got, _, err := r.Status(t.Context(), opportunity)
	want := []Line{{At: noon, Direction: "to CRM", Action: "updated", Fields: []string{string(cosell.DealValue)}, Result: "ok", Trace: "t"}}
	if diff := cmp.Diff(want, got[0].Lines); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
	if _, _, err := r.Status(t.Context(), "nobody"); !fault.Is(err, fault.Gone) {
		t.Errorf("an unknown name: %v", err)
	}
	for _, nothing := range []string{"", " ", strings.Repeat("x", 500)} {
		if _, _, err := r.Status(t.Context(), nothing); !fault.Is(err, fault.Invalid) {
			t.Errorf("%q: %v", nothing, err)
		}
	}
	if got, _, err := r.Status(t.Context(), " {"+strings.ToUpper(opportunity)+"} "); err != nil || len(got) != 1 {
		t.Errorf("an id as people copy it: %v", err)
	}
}

// A name that many share shows some, and says that there are more; nothing is done to one of them by chance.
func TestANameThatManyShareSaysSo(t *testing.T) {
	r := newRoom(t)
	for i := range maxFound {
		p := cosell.Pair{OpportunityID: fmt.Sprintf("10000000-0000-4000-8000-%012d", i), Phase: cosell.Linked, Base: cosell.Base{Opportunity: cosell.Record{cosell.Name: "Common deal"}}}
		if _, err := r.ledger.Save(t.Context(), p); err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			if got, more, err := r.Status(t.Context(), "common"); err != nil || more || len(got) != 1 {
				t.Errorf("%d records, more %v, %v", len(got), more, err)
			}
		}
	}
	if got, more, err := r.Status(t.Context(), "common"); err != nil || more || len(got) != maxFound {
		t.Errorf("%d records, more %v, %v", len(got), more, err)
	}
	if _, err := r.ledger.Save(t.Context(), cosell.Pair{OpportunityID: opportunity[:35] + "f", Phase: cosell.Linked, Base: cosell.Base{Opportunity: cosell.Record{cosell.Name: "One common deal more"}}}); err != nil {
		t.Fatal(err)
	}
	if got, more, err := r.Status(t.Context(), "common"); err != nil || !more || len(got) != maxFound {
		t.Errorf("%d records, more %v, %v", len(got), more, err)
	}
	if err := r.Resync(t.Context(), Act{By: "ann"}, "common"); !fault.Is(err, fault.Invalid) {
		t.Errorf("resync: %v", err)
	}
}

// Names of deals are names of customers: the log has ids.
func TestActsByNameAreLoggedByID(t *testing.T) {
	r := newRoom(t)
	if err := r.Resync(t.Context(), Act{By: "ann"}, "contoso"); err != nil {
		t.Fatal(err)
	}
	if log := r.log.String(); !strings.Contains(log, "opportunity_id="+opportunity) || strings.Contains(strings.ToLower(log), "contoso") {
		t.Errorf("the log: %s", log)
	}
}

func TestResyncLooksAtBothRecords(t *testing.T) {
	r := newRoom(t)
	both := []string{"referral-changed referral " + referral + " retry true attempt 0", "opportunity-changed opportunity " + opportunity + " retry true attempt 0"}
	for _, id := range []string{opportunity, referral, "Contoso"} {
		if err := r.Resync(t.Context(), Act{By: "ann"}, id); err != nil {
			t.Fatal(err)
		}
		if got := r.take(); !slices.Equal(got, both) {
			t.Errorf("by %s: %q", id, got)
		}
	}
	if err := r.Resync(t.Context(), Act{By: "ann"}, unknown); err != nil || len(r.take()) != 2 {
		t.Errorf("an id that no pair knows is looked at on both sides: %v", err)
	}
	if err := r.Resync(t.Context(), Act{By: "ann"}, "nobody"); !fault.Is(err, fault.Gone) || len(r.take()) != 0 {
		t.Errorf("a name that no pair has: %v", err)
	}
	if !strings.Contains(r.log.String(), "act=resync operator=ann") {
		t.Errorf("the log: %s", r.log.String())
	}
	other := cosell.Pair{OpportunityID: unknown, Phase: cosell.Linked, Base: cosell.Base{Opportunity: cosell.Record{cosell.Name: "Contoso two"}}}
	if _, err := r.ledger.Save(t.Context(), other); err != nil {
		t.Fatal(err)
	}
	if err := r.Resync(t.Context(), Act{By: "ann"}, "contoso"); !fault.Is(err, fault.Invalid) || len(r.take()) != 0 {
		t.Errorf("a name that means two pairs: %v", err)
	}
}

func TestHeldIsShownRetriedAndDropped(t *testing.T) {
	r := newRoom(t)
	first, second, other := row(opportunity), row(opportunity), row(unknown)
	second.Field, second.ID, other.Since = "name", HeldID(opportunity, "crm", "name", "x"), noon.Add(-time.Hour)
	r.held = []Held{first, second, other}
	if all, err := r.HeldList(t.Context()); err != nil || len(all) != 3 || all[0].ID != other.ID {
		t.Errorf("%v %+v", err, all)
	}
	for id, n := range map[string]int{opportunity: 2, strings.ToUpper(first.ID): 1, unknown: 1} {
		if got, err := r.HeldShow(t.Context(), id); err != nil || len(got) != n {
			t.Errorf("%s: %v %+v", id, err, got)
		}
	}
	for _, id := range []string{"nobody", ""} {
		if _, err := r.HeldShow(t.Context(), id); !fault.Is(err, fault.Gone) {
			t.Errorf("%q: %v", id, err)
		}
	}
	if _, err := r.HeldRetry(t.Context(), Act{By: "ann"}, opportunity); err != nil {
		t.Fatal(err)
	}
	if got := r.take(); !slices.Equal(got, []string{"opportunity-changed opportunity " + opportunity + " retry true attempt 0"}) {
		t.Errorf("sent %q", got)
	}
	if _, err := r.HeldDrop(t.Context(), Act{By: "ann"}, first.ID); !fault.Is(err, fault.Invalid) || len(r.held) != 3 {
		t.Errorf("without a reason: %v", err)
	}
	if _, err := r.HeldDrop(t.Context(), Act{By: "ann", Reason: "agreed by phone"}, first.ID); err != nil || len(r.held) != 2 {
		t.Errorf("%v %+v", err, r.held)
	}
	if log := r.log.String(); !strings.Contains(log, "held drop") || !strings.Contains(log, "agreed by phone") {
		t.Errorf("the log: %s", log)
	}
}

func TestParkedIsReplayedAndDropped(t *testing.T) {
	r := newRoom(t)
	pointer, _ := json.Marshal(queue.Pointer{V: 1, Tenant: "t", Kind: queue.Solution, ID: "row", Parent: "opp", Seen: noon, Attempt: 7, Revivals: 5, Trace: "t", First: noon})
	for _, p := range []ledger.Parked{
		{ID: "good", Queue: "solutions-changed", Record: "solution|row", Original: pointer, Reason: "too often", At: noon},
		{ID: "older", Original: pointer, At: noon.Add(-time.Hour)}, // its queue was not noted
		{ID: "broken", Original: json.RawMessage(`"no pointer"`), At: noon},
	} {
		if err := r.ledger.Park(t.Context(), p); err != nil {
			t.Fatal(err)
		}
	}
	list, err := r.ParkedList(t.Context())
	if err != nil || len(list) != 3 || list[0].ID != "older" || list[0].Original != nil {
		t.Errorf("%v %+v", err, list)
	}
	if got, err := r.ParkedShow(t.Context(), "good"); err != nil || string(got.Original) != string(pointer) {
		t.Errorf("%v %+v", err, got)
	}
	act := Act{By: "ann"}
	r.away = errors.New("the queue is away")
	if err := r.ParkedReplay(t.Context(), act, "good"); err == nil {
		t.Error("no error")
	}
	if _, err := r.ParkedShow(t.Context(), "good"); err != nil {
		t.Errorf("a message that was not sent is lost: %v", err)
	}
	r.away = nil
	for _, id := range []string{"good", "older"} {
		if err := r.ParkedReplay(t.Context(), act, id); err != nil {
			t.Errorf("%s: %v", id, err)
		}
		if got := r.take(); !slices.Equal(got, []string{"solutions-changed solution row retry true attempt 0"}) {
			t.Errorf("%s: sent %q", id, got)
		}
		if _, err := r.ParkedShow(t.Context(), id); !fault.Is(err, fault.Gone) {
			t.Errorf("%s is still parked: %v", id, err)
		}
	}
	if err := r.ParkedReplay(t.Context(), act, "broken"); !fault.Is(err, fault.Invalid) || len(r.take()) != 0 {
		t.Errorf("no pointer: %v", err)
	}
	if err := r.ParkedDrop(t.Context(), act, "broken"); !fault.Is(err, fault.Invalid) {
		t.Errorf("without a reason: %v", err)
	}
	act.Reason = "a test of ours"
	if err := r.ParkedDrop(t.Context(), act, "broken"); err != nil {
		t.Fatal(err)
	}
	if err := r.ParkedDrop(t.Context(), act, "broken"); !fault.Is(err, fault.Gone) {
		t.Errorf("dropped already: %v", err)
	}
	if list, err := r.ParkedList(t.Context()); err != nil || len(list) != 0 {
		t.Errorf("%v %+v", err, list)
	}
}

func TestPreviewWritesNothingAndGoesOnWhereItStopped(t *testing.T) {
	r := newRoom(t)
	r.desk.preview = Preview{Does: "update", Writes: []Write{{To: "crm", Field: "name", From: "a", Value: "b"}}}
	for _, id := range []string{"00000000-0000-4000-8000-000000000003", "00000000-0000-4000-8000-000000000004"} {
		if _, err := r.ledger.Save(t.Context(), cosell.Pair{OpportunityID: id, Phase: cosell.Linked}); err != nil {
			t.Fatal(err)
		}
	}
	one, err := r.PreviewOne(t.Context(), referral)
	if err != nil || one.OpportunityID != opportunity || one.Name != "Contoso stores" || len(one.Writes) != 1 {
		t.Errorf("%v %+v", err, one)
	}
	var ids []string
	for after, turns := "", 0; ; turns++ {
		rows, next, total, err := r.PreviewAll(t.Context(), after, 2)
		if err != nil || turns > 3 || total != 3 {
			t.Fatalf("%v, turn %d", err, turns)
		}
		for _, v := range rows {
			ids = append(ids, v.OpportunityID)
		}
		if after = next; next == "" {
			break
		}
	}
	if len(ids) != 3 || !slices.IsSorted(ids) {
		t.Errorf("previewed %v", ids)
	}
	r.desk.err = errors.New("CRM answers 500")
	if rows, _, _, err := r.PreviewAll(t.Context(), "", 10); err != nil || len(rows) != 3 || rows[0].Failed == "" {
		t.Errorf("one that cannot be read must not hide the others: %v %+v", err, rows)
	}
}

func TestLinkAndUnlinkNeedAReasonAndAreWrittenDown(t *testing.T) {
	r := newRoom(t)
	act := Act{By: "ann"}
	if err := errors.Join(r.Link(t.Context(), act, opportunity, referral), r.Unlink(t.Context(), act, opportunity)); err == nil || r.desk.did != nil {
		t.Errorf("without a reason: %v, did %v", err, r.desk.did)
	}
	act.Reason = "they are one deal"
	if err := errors.Join(r.Link(t.Context(), act, "{"+opportunity+"}", referral+" "), r.Unlink(t.Context(), act, referral)); err != nil {
		t.Fatal(err)
	}
	if want := []string{"link " + opportunity + " " + referral, "unlink " + opportunity}; !slices.Equal(r.desk.did, want) {
		t.Errorf("did %v", r.desk.did)
	}
	if log := r.log.String(); strings.Count(log, "they are one deal") != 2 || strings.Count(log, "operator=ann") != 2 {
		t.Errorf("the log: %s", log)
	}
	for _, ids := range [][2]string{{"o", "r"}, {opportunity, ""}, {"", referral}, {opportunity, "contoso"}} {
		if err := r.Link(t.Context(), act, ids[0], ids[1]); !fault.Is(err, fault.Invalid) {
			t.Errorf("link %q: %v", ids, err)
		}
	}
	r.Desk = nil
	if err := r.Unlink(t.Context(), act, opportunity); fault.Of(err).Code != "desk.none" {
		t.Errorf("without a desk: %v", err)
	}
}

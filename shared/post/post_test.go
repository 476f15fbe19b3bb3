package post

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/flow"
	"github.com/cosell-sync/cosell-sync/shared/funchost"
	"github.com/cosell-sync/cosell-sync/shared/httpclient"
	"github.com/cosell-sync/cosell-sync/shared/ledger"
	"github.com/cosell-sync/cosell-sync/shared/queue"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// watched writes down what it is told.
type watched struct{ told []string }

func (w *watched) Ended(function, record string, seen time.Time, err error) {
	w.told = append(w.told, fmt.Sprint(function, " ", record, " ", seen.Format(time.TimeOnly), " ", err))
}

func (w *watched) DeadLetters(function string, n int) {
	w.told = append(w.told, fmt.Sprint(function, " dead ", n))
}

// office is a post without systems. bodies lie in the dead letters; gone counts those that were dealt with.
func office(bodies ...string) (o *Post, sent *queue.Memory, parked *ledger.Ledger, gone *int) {
	now := func() time.Time { return noon }
	sent, parked, gone = queue.InMemory(), ledger.InMemory(now), new(int)
	o = &Post{Tenant: "acme", Sender: sent, Parked: parked, Watch: &watched{}, Now: now, NewID: func() string { return "id" }, Log: slog.New(slog.DiscardHandler)}
	o.Dead = func(ctx context.Context, take func(context.Context, queue.Dead) error) error {
		for _, body := range bodies {
			d := queue.Dead{Queue: queue.ReferralWanted, Session: "acme|x", MessageID: body[:8], Body: []byte(body), Reason: "MaxDeliveryCountExceeded"}
			if err := take(ctx, d); err != nil {
				return err
			}
			*gone++
		}
		return nil
	}
	return o, sent, parked, gone
}

func told(o *Post) []string { return o.Watch.(*watched).told }

func somePointer() queue.Pointer {
	return queue.Pointer{V: 1, Tenant: "acme", Kind: queue.Solution, ID: "row", Parent: "opp", Deleted: true, Related: true, Why: "Update",
		Seen: noon.Add(-time.Minute), Attempt: 2, Revivals: 1, Trace: "t-1", Shown: queue.Shown{ID: "row", Version: "v-7", Modified: noon.Add(-time.Hour)}}
}

func delivered(p queue.Pointer) funchost.Delivery {
	body, _ := json.Marshal(p)
	return funchost.Delivery{Queue: "solutions-changed", Session: "acme|opp", MessageID: "m-1", Body: body}
}

func TestPointerIsReadOnceAndHandedOnAsAHint(t *testing.T) {
	o, _, _, _ := office()
	var got flow.Hint
	var traces []string
	failure := fault.New(fault.Conflict, "somebody was faster")
	h := o.Handler("solutionssync", queue.SolutionsChanged, func(ctx context.Context, h flow.Hint) error {
		got, traces = h, []string{flow.Trace(ctx), httpclient.Trace(ctx)}
		return failure
	})
	if err := h(t.Context(), delivered(somePointer())); err != failure {
		t.Errorf("got %v", err)
	}
	want := flow.Hint{Kind: "solution", ID: "row", Parent: "opp", Deleted: true, Related: true, Why: "Update", Trace: "t-1", Attempt: 2, Seen: noon.Add(-time.Minute), Begun: noon.Add(-time.Minute),
		Shown: flow.Shown{ID: "row", Version: "v-7", Modified: noon.Add(-time.Hour)}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if !slices.Equal(traces, []string{"t-1", "t-1"}) {
		t.Errorf("traces %v", traces)
	}
	if want := []string{"solutionssync solution|row 11:59:00 somebody was faster"}; !slices.Equal(told(o), want) {
		t.Errorf("the watch was told %q", told(o))
	}
}

// A machine whose clock is ten minutes behind must not have a copy delivered at once, again and again.
func TestACopyWaitsByTheBrokersClockWhereOursIsBehind(t *testing.T) {
	for behind, want := range map[time.Duration]time.Duration{0: 20 * time.Second, -10 * time.Minute: 20 * time.Second, 10 * time.Minute: 10*time.Minute + 20*time.Second} {
		o, sent, _, _ := office()
		d := delivered(somePointer())
		d.Enqueued = noon.Add(behind)
		if err := o.Repeat(t.Context(), d, 20*time.Second, false); err != nil {
			t.Fatal(err)
		}
		if at := sent.Take()[0].At; at.Sub(noon) != want {
			t.Errorf("our clock is %s behind the broker's, and the copy comes after %s of ours", behind, at.Sub(noon))
		}
	}
}

// Of two machines whose clocks are twenty minutes apart one accepts the event and the other works on it: the broker's clock says how
// long that takes, from the first message over all its copies, and a person who has it replayed begins anew.
func TestHowLongAMessageIsWorkedOnGoesByTheBrokersClock(t *testing.T) {
	var begun []time.Duration
	p := somePointer()
	p.Seen = noon.Add(-20 * time.Minute)
	d := delivered(p)
	for _, enqueued := range []time.Duration{-8 * time.Minute, -8*time.Minute + 5*time.Second, -6 * time.Minute} {
		d.Enqueued = noon.Add(enqueued)
		o, sent, _, _ := office()
		h := o.Handler("solutionssync", queue.SolutionsChanged, func(_ context.Context, h flow.Hint) error {
			begun = append(begun, noon.Sub(h.Begun))
			return nil
		})
		if err := errors.Join(h(t.Context(), d), o.Repeat(t.Context(), d, 20*time.Second, false)); err != nil {
			t.Fatal(err)
		}
		d.Body, _ = json.Marshal(sent.Take()[0].Pointer)
	}
	if want := []time.Duration{0, 5 * time.Second, 2 * time.Minute}; !slices.Equal(begun, want) {
		t.Errorf("it is worked on for %s, want %s", begun, want)
	}
}

// Whoever is not the first to be told has to look what an earlier run may have begun.
func TestAHintSaysWhetherItWasTriedBefore(t *testing.T) {
	for _, c := range []struct {
		copied    bool
		delivered int
		late      bool
	}{{false, 0, false}, {false, 1, false}, {false, 2, true}, {true, 1, true}} {
		o, _, _, _ := office()
		p := somePointer()
		p.Late = c.copied
		d := delivered(p)
		d.DeliveryCount = c.delivered
		late := !c.late
		h := o.Handler("solutionssync", queue.SolutionsChanged, func(_ context.Context, h flow.Hint) error {
			late = h.Late
			return nil
		})
		if err := h(t.Context(), d); err != nil || late != c.late {
			t.Errorf("%+v: late %v, %v", c, late, err)
		}
	}
}

func TestWhatDoesNotBelongOnTheQueueNeverReachesTheFlow(t *testing.T) {
	o, _, _, _ := office()
	h := o.Handler("solutionssync", queue.SolutionsChanged, func(context.Context, flow.Hint) error {
		t.Error("the flow was called")
		return nil
	})
	other, strange := somePointer(), somePointer()
	other.Tenant, strange.Kind = "other", queue.Referral
	for _, d := range []funchost.Delivery{{}, {Body: []byte("{}")}, delivered(other), delivered(strange)} {
		if err := h(t.Context(), d); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", d.Body, err)
		}
	}
	if len(told(o)) != 0 {
		t.Errorf("the watch was told %q", told(o))
	}
}

func TestRepeatIsACopyInTheSameSession(t *testing.T) {
	p := somePointer()
	for _, counts := range []bool{true, false} {
		o, sent, _, _ := office()
		if err := o.Repeat(t.Context(), delivered(p), 20*time.Second, counts); err != nil {
			t.Fatal(err)
		}
		want := queue.Message{Queue: queue.SolutionsChanged, Session: "acme|opp", Pointer: p, At: noon.Add(20 * time.Second)}
		want.Pointer.Late = true
		if counts {
			want.Pointer.Attempt = 3
		}
		if diff := cmp.Diff([]queue.Message{want}, sent.Take()); diff != "" {
			t.Error(diff)
		}
	}
	o, sent, _, _ := office()
	sent.Fail(errors.New("away"))
	if err := o.Repeat(t.Context(), delivered(p), time.Second, true); err == nil {
		t.Error("the message would be lost")
	}
}

// While a record cannot be worked on, one copy comes again for all that is told of it, whoever told it.
func TestMessagesOfOneRecordHaveOneCopyThatComesAgain(t *testing.T) {
	later := func(p queue.Pointer, by time.Duration) queue.Pointer {
		p.Seen, p.Trace = p.Seen.Add(by), "t-"+by.String()
		return p
	}
	other := func(change func(*queue.Pointer)) queue.Pointer {
		p := later(somePointer(), time.Second)
		change(&p)
		return p
	}
	copied := later(somePointer(), 0)
	copied.Attempt++
	for name, c := range map[string]struct {
		second queue.Pointer
		wait   time.Duration
		want   int
	}{
		"another event":              {later(somePointer(), time.Second), 20 * time.Second, 1},
		"one that waits longer":      {later(somePointer(), time.Second), 30 * time.Second, 1},
		"one that is to come sooner": {later(somePointer(), time.Second), 10 * time.Second, 2},
		"one that waits for long: it may be about what the copy comes too early to see": {later(somePointer(), time.Second), 50 * time.Second, 2},
		"the copy itself":           {copied, 30 * time.Second, 2},
		"another version":           {other(func(p *queue.Pointer) { p.Shown.Version = "v-8" }), 20 * time.Second, 2},
		"a deletion":                {other(func(p *queue.Pointer) { p.Deleted = !p.Deleted }), 20 * time.Second, 2},
		"another record":            {other(func(p *queue.Pointer) { p.ID = "other" }), 20 * time.Second, 2},
		"what a later version says": {other(func(p *queue.Pointer) { p.Rest = `{"more":1}` }), 20 * time.Second, 2},
	} {
		o, sent, _, _ := office()
		if err := o.Repeat(t.Context(), delivered(later(somePointer(), 0)), 20*time.Second, true); err != nil {
			t.Fatal(err)
		}
		if err := o.Repeat(t.Context(), delivered(c.second), c.wait, true); err != nil {
			t.Fatal(err)
		}
		if n := len(sent.Take()); n != c.want {
			t.Errorf("%s: %d copies, not %d", name, n, c.want)
		}
	}
}

// A broker delivers a message more than once, and each of them has the same copy: one of them comes again, time after time.
func TestAMessageThatIsDeliveredTwiceHasOneCopy(t *testing.T) {
	for _, counts := range []bool{false, true} {
		o, sent, _, _ := office()
		p, at := somePointer(), noon
		for round := range 3 {
			o.Now = func() time.Time { return at }
			d := delivered(p)
			d.Enqueued = at
			for range 3 {
				if err := o.Repeat(t.Context(), d, 5*time.Second, counts); err != nil {
					t.Fatal(err)
				}
			}
			copies := sent.Take()
			if len(copies) != 1 || !copies[0].At.Equal(at.Add(5*time.Second)) {
				t.Fatalf("counts %v, round %d: %d copies: %+v", counts, round, len(copies), copies)
			}
			p, at = copies[0].Pointer, copies[0].At
		}
	}
}

// A version is named as long as it is waited for.
func TestACopyNamesTheVersionThatIsWaitedFor(t *testing.T) {
	for age, want := range map[time.Duration]queue.Shown{shownFor - time.Second: somePointer().Shown, shownFor: {}} {
		o, sent, _, _ := office()
		p := somePointer()
		p.Seen = o.Now().Add(-age)
		if err := o.Repeat(t.Context(), delivered(p), 20*time.Second, true); err != nil {
			t.Fatal(err)
		}
		if got := sent.Take(); len(got) != 1 || got[0].Pointer.Shown != want {
			t.Errorf("after %s the copy is %+v, want the version %+v", age, got, want)
		}
	}
}

// A copy that could not be sent is on no way.
func TestACopyThatWasNotSentCoversNothing(t *testing.T) {
	o, sent, _, _ := office()
	sent.Fail(errors.New("away"))
	_ = o.Repeat(t.Context(), delivered(somePointer()), 20*time.Second, true)
	sent.Fail(nil)
	p := somePointer()
	p.Trace = "t-2"
	if err := o.Repeat(t.Context(), delivered(p), 20*time.Second, true); err != nil || len(sent.Take()) != 1 {
		t.Errorf("the second message has no copy: %v", err)
	}
}

func TestParkedMessageKeepsAllThereIs(t *testing.T) {
	o, _, l, _ := office()
	cause := fault.New(fault.Invalid, "no such thing")
	broken := funchost.Delivery{Queue: "referral-changed", MessageID: "m-2", Body: []byte("not \"JSON\" \xff")}
	nameless := funchost.Delivery{Queue: "referral-changed"}
	for _, d := range []funchost.Delivery{delivered(somePointer()), broken, nameless} {
		if err := o.Park(t.Context(), d, "solutionssync", cause); err != nil {
			t.Fatal(err)
		}
	}
	got, err := l.Parked(t.Context(), 10)
	if err != nil || len(got) != 3 {
		t.Fatalf("%v %v", got, err)
	}
	original, _ := json.Marshal(somePointer())
	i := slices.IndexFunc(got, func(p ledger.Parked) bool { return p.ID == "m-1" })
	want := ledger.Parked{ID: "m-1", Kind: "invalid", Reason: "no such thing", Function: "solutionssync", Queue: "solutions-changed", Session: "acme|opp",
		Record: "solution|row", Attempt: 2, Original: original, Trace: "t-1", At: noon}
	if diff := cmp.Diff(want, got[i]); diff != "" {
		t.Error(diff)
	}
	for _, p := range got {
		if !json.Valid(p.Original) || p.ID == "" {
			t.Errorf("%+v", p)
		}
	}
}

func TestHintsCarryTheTraceAndTheRightSession(t *testing.T) {
	o, sent, _, _ := office()
	ctx := flow.WithTrace(t.Context(), "t-9")
	for _, err := range []error{o.ReferralChanged(ctx, flow.Hint{ID: "r", Related: true}), o.OpportunityChanged(ctx, flow.Hint{Kind: queue.Account, ID: "acc", Deleted: true, Shown: flow.Shown{ID: "acc", Version: "v-8"}}),
		o.ReferralWanted(ctx, flow.Hint{ID: "o"}), o.SolutionsChanged(ctx, flow.Hint{ID: "row", Parent: "o"}), o.SolutionsChanged(t.Context(), flow.Hint{ID: "row", Retry: true})} {
		if err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	for _, m := range sent.Take() {
		got = append(got, fmt.Sprint(m.Queue, " ", m.Pointer.Kind, " ", m.Pointer.ID, " ", m.SessionID(), " ", m.Pointer.Trace, " ", m.Pointer.Deleted, m.Pointer.Related, m.Pointer.Retry, " ", m.Pointer.Shown.Version))
	}
	want := []string{"referral-changed referral r acme|r t-9 false true false ", "opportunity-changed account acc acme|acc t-9 true false false v-8",
		"referral-wanted opportunity o acme|o t-9 false false false ", "solutions-changed solution row acme|o t-9 false false false ", "solutions-changed solution row acme|row id false false true "}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// What a pass has found leaves in one call, so that the sender has many on their way at the same time, each for the queue of its kind.
func TestManyHintsLeaveInOneCall(t *testing.T) {
	o, sent, _, _ := office()
	calls := 0
	o.Sender = counted{sent, &calls}
	err := o.Changed(flow.WithTrace(t.Context(), "t-9"), []flow.Hint{{Kind: "referral", ID: "r"}, {Kind: "account", ID: "a"}, {Kind: "solution", ID: "row", Parent: "o", Late: true}, {Kind: "opportunity", ID: "o"}})
	var got []string
	for _, m := range sent.Take() {
		got = append(got, fmt.Sprint(m.Queue, " ", m.Pointer.Kind, " ", m.SessionID(), " ", m.Pointer.Trace, " ", m.Pointer.Late))
	}
	want := []string{"referral-changed referral acme|r t-9 false", "opportunity-changed account acme|a t-9 false", "solutions-changed solution acme|o t-9 true", "opportunity-changed opportunity acme|o t-9 false"}
	if diff := cmp.Diff(want, got); err != nil || diff != "" || calls != 1 {
		t.Errorf("%d calls, %v %s", calls, err, diff)
	}
}

// A page in which nothing came costs the broker nothing.
func TestNoHintsAreNoCall(t *testing.T) {
	o, sent, _, _ := office()
	calls := 0
	o.Sender = counted{sent, &calls}
	if err := o.Changed(t.Context(), nil); err != nil || calls != 0 {
		t.Errorf("%d calls, %v", calls, err)
	}
}

// counted counts the calls of a sender.
type counted struct {
	queue.Sender
	calls *int
}

func (c counted) Send(ctx context.Context, messages ...queue.Message) error {
	*c.calls++
	return c.Sender.Send(ctx, messages...)
}

const dead = `{"v":1,"tenant":"acme","kind":"opportunity","id":"x","reason":"Update","seen":"2026-03-02T09:00:00Z","attempt":9,"trace":"t"}`

func TestDeadMessageIsSentAgain(t *testing.T) {
	o, sent, _, gone := office(dead)
	if err := o.Revive(t.Context()); err != nil || *gone != 1 {
		t.Fatalf("%v, %d dealt with", err, *gone)
	}
	got := sent.Take()
	if len(got) != 1 || got[0].Queue != queue.ReferralWanted || got[0].Session != "acme|x" || got[0].Pointer.Attempt != 9 || got[0].Pointer.Revivals != 1 {
		t.Errorf("%+v", got)
	}
	if want := []string{"reconcile dead 1"}; !slices.Equal(told(o), want) {
		t.Errorf("the watch was told %q", told(o))
	}
}

func TestDeadMessageThatCanNeverWorkIsParked(t *testing.T) {
	o, sent, l, gone := office("nonsense", strings.Replace(dead, `"attempt":9`, `"attempt":0,"revivals":5`, 1))
	if err := o.Revive(t.Context()); err != nil || *gone != 2 {
		t.Fatalf("%v, %d dealt with", err, *gone)
	}
	parked, err := l.Parked(t.Context(), 10)
	if err != nil || len(parked) != 2 || len(sent.Take()) != 0 {
		t.Errorf("%v %+v", err, parked)
	}
}

func TestDeadMessageStaysWhenItCannotBeSent(t *testing.T) {
	o, sent, _, gone := office(dead)
	sent.Fail(fault.New(fault.Broken, "the broker is away"))
	if err := o.Revive(t.Context()); err == nil || *gone != 0 {
		t.Errorf("%v, %d dealt with", err, *gone)
	}
}

// A later version has sent a message in its own format, and the older one, which still runs or came back, takes it.
func TestWhatALaterVersionHasSentWaitsForIt(t *testing.T) {
	const later = `{"v":3,"tenant":"acme","record":{"kind":"lead"},"id":"1","seen":"2026-11-22T11:59:00Z","trace":"t-1"}`
	o, sent, parked, _ := office(later)
	h := o.Handler("crmtopartnercenter", queue.OpportunityChanged, func(context.Context, flow.Hint) error {
		t.Error("the flow was called")
		return nil
	})
	d := funchost.Delivery{Queue: string(queue.OpportunityChanged), Session: "acme|1", MessageID: "m-1", Body: []byte(later)}
	err := h(t.Context(), d)
	verdict := fault.Decide(err, 0, time.Minute, time.Minute)
	if fault.Of(err).Code != queue.CodeLater || verdict.Verdict != fault.Repeat || len(told(o)) != 1 {
		t.Fatalf("%v %+v %q", err, verdict, told(o))
	}
	if err := o.Repeat(t.Context(), d, verdict.After, verdict.Counts); err != nil {
		t.Fatal(err)
	}
	if err := o.Revive(t.Context()); err != nil {
		t.Fatal(err)
	}
	copies := sent.Take()
	if len(copies) != 2 || copies[0].Session != "acme|1" || !copies[0].At.Equal(noon.Add(5*time.Second)) {
		t.Fatalf("%+v", copies)
	}
	for i, more := range []string{`"attempt":1`, `"revivals":1`} {
		body, err := json.Marshal(copies[i].Pointer)
		var got, want map[string]any
		if err := errors.Join(err, json.Unmarshal(body, &got), json.Unmarshal([]byte("{"+more+","+later[1:]), &want)); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
	if rows, err := parked.Parked(t.Context(), 10); err != nil || len(rows) != 0 {
		t.Errorf("%v %v", rows, err)
	}
}

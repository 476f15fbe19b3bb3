package drain

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/funchost"
	"github.com/cosell-sync/cosell-sync/shared/queue"
)

// bus is a broker that only knows sessions and what lies in them.
type bus struct {
	mu       sync.Mutex
	queues   map[queue.Name]map[string][]string
	locked   map[string]bool
	settled  []string
	most     int // sessions that were locked at the same time
	down     map[queue.Name]error
	loseLock bool
	taken    int // sessions
}

func newBus() *bus {
	return &bus{queues: map[queue.Name]map[string][]string{}, locked: map[string]bool{}, down: map[queue.Name]error{}}
}

func (b *bus) put(name queue.Name, session, body string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.queues[name] == nil {
		b.queues[name] = map[string][]string{}
	}
	b.queues[name][session] = append(b.queues[name][session], body)
}

func (b *bus) next(ctx context.Context, name queue.Name, wait time.Duration) (Session, error) {
	for end := time.Now().Add(wait); ; {
		if s, err := b.lock(name); s != nil || err != nil {
			return s, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(min(50*time.Millisecond, time.Until(end))):
		}
		if !time.Now().Before(end) {
			return nil, nil
		}
	}
}

func (b *bus) lock(name queue.Name) (Session, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.down[name]; err != nil {
		return nil, err
	}
	for id, left := range b.queues[name] {
		if len(left) > 0 && !b.locked[string(name)+id] {
			b.locked[string(name)+id] = true
			b.taken++
			b.most = max(b.most, len(b.locked))
			return &session{b, name, id}, nil
		}
	}
	return nil, nil
}

func (b *bus) left() (n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, sessions := range b.queues {
		for _, bodies := range sessions {
			n += len(bodies)
		}
	}
	return n
}

type session struct {
	b    *bus
	name queue.Name
	id   string
}

func (s *session) ID() string { return s.id }

func (s *session) Next(ctx context.Context, wait time.Duration) (*queue.Received, error) {
	for end := time.Now().Add(wait); ; {
		s.b.mu.Lock()
		left := s.b.queues[s.name][s.id]
		s.b.mu.Unlock()
		if len(left) > 0 {
			return &queue.Received{MessageID: left[0], Body: []byte(left[0]), DeliveryCount: 1}, nil
		}
		if !time.Now().Before(end) {
			return nil, nil
		}
		<-time.After(50 * time.Millisecond)
	}
}

func (s *session) settle(ctx context.Context, what string, m *queue.Received) error {
	if ctx.Err() != nil {
		return ctx.Err() // as a link does
	}
	s.b.mu.Lock()
	defer s.b.mu.Unlock()
	s.b.settled = append(s.b.settled, what+" "+m.MessageID)
	if what == "complete" {
		s.b.queues[s.name][s.id] = s.b.queues[s.name][s.id][1:]
	}
	return nil
}

func (s *session) Complete(ctx context.Context, m *queue.Received) error {
	return s.settle(ctx, "complete", m)
}

func (s *session) Abandon(ctx context.Context, m *queue.Received) error {
	return s.settle(ctx, "abandon", m)
}

func (s *session) Keep(ctx context.Context, lost func()) {
	if s.b.loseLock {
		lost()
		return
	}
	<-ctx.Done()
}

func (s *session) Close(ctx context.Context) {
	if ctx.Err() != nil {
		return
	}
	s.b.mu.Lock()
	defer s.b.mu.Unlock()
	delete(s.b.locked, string(s.name)+s.id)
}

// drained runs a drain whose invocation ends after limit.
func drained(t *testing.T, b *bus, stay, limit time.Duration, deliver func(ctx context.Context, function string, d funchost.Delivery) error) (Result, time.Duration, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	began := time.Now()
	r, err := Drain{Jobs: []Job{{"solutionssync", queue.SolutionsChanged}, {"crmtopartnercenter", queue.OpportunityChanged}}, Next: b.next, Deliver: deliver,
		Stay: stay, Invocation: "i-1", Log: slog.New(slog.DiscardHandler)}.Run(ctx)
	return r, time.Since(began), err
}

func TestDrainEmptiesAllQueuesAndWhatIsAddedMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBus()
		for i := range 100 {
			b.put(queue.OpportunityChanged, fmt.Sprint("s", i%40), fmt.Sprint("m", i))
		}
		var mu sync.Mutex
		working, most := 0, 0
		r, took, err := drained(t, b, 0, 5*time.Minute, func(_ context.Context, function string, d funchost.Delivery) error {
			if function == "crmtopartnercenter" {
				mu.Lock()
				working++
				most = max(most, working)
				mu.Unlock()
			}
			<-time.After(2 * time.Second)
			if d.MessageID == "m99" {
				time.AfterFunc(time.Second, func() { b.put(queue.SolutionsChanged, "other", "follows") })
			}
			if want := map[string]string{"crmtopartnercenter": "opportunity-changed", "solutionssync": "solutions-changed"}[function]; d.Queue != want || d.InvocationID != "i-1" {
				t.Errorf("%s got %+v", function, d)
			}
			if function == "crmtopartnercenter" {
				mu.Lock()
				working--
				mu.Unlock()
			}
			return nil
		})
		if err != nil || r.Messages != 101 || b.left() != 0 || r.Returned != 0 {
			t.Errorf("%+v, %v, %d left", r, err, b.left())
		}
		if most < 8 || most > sessions {
			t.Errorf("%d messages at the same time", most)
		}
		if took > time.Minute {
			t.Errorf("it took %s", took)
		}
	})
}

func TestEmptyQueuesEndADrainSoonUnlessItIsToStay(t *testing.T) {
	for stay, bounds := range map[time.Duration][2]time.Duration{0: {0, 3 * time.Second}, 50 * time.Second: {50 * time.Second, 53 * time.Second}} {
		synctest.Test(t, func(t *testing.T) {
			b := newBus()
			if stay > 0 {
				time.AfterFunc(40*time.Second, func() { b.put(queue.SolutionsChanged, "late", "m") })
			}
			r, took, err := drained(t, b, stay, 5*time.Minute, func(context.Context, string, funchost.Delivery) error { return nil })
			if err != nil || took < bounds[0] || took > bounds[1] || b.left() != 0 {
				t.Errorf("stay %s: %s, %v, %+v, %d left", stay, took, err, r, b.left())
			}
		})
	}
}

func TestDrainTakesNoMessageThatCouldOutlastTheInvocation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBus()
		for i := range 1000 {
			b.put(queue.OpportunityChanged, fmt.Sprint("s", i%5), fmt.Sprint("m", i))
		}
		var mu sync.Mutex // sessions are worked on side by side
		var last time.Time
		const limit = 3 * time.Minute
		began := time.Now()
		r, took, err := drained(t, b, 0, limit, func(ctx context.Context, _ string, _ funchost.Delivery) error {
			mu.Lock()
			last = time.Now()
			mu.Unlock()
			<-time.After(10 * time.Second)
			return ctx.Err()
		})
		if err != nil || r.Messages == 0 || b.left() == 0 || b.left()+r.Messages != 1000 {
			t.Fatalf("%+v, %v, %d left", r, err, b.left())
		}
		if last.Sub(began) > limit-Least || took > limit-Least+11*time.Second {
			t.Errorf("the last message was taken after %s, the drain ended after %s", last.Sub(began), took)
		}
		if slices.ContainsFunc(b.settled, func(s string) bool { return s[:4] != "comp" }) || len(b.settled) != r.Messages {
			t.Errorf("settled: %v", b.settled)
		}
	})
}

func TestInvocationThatIsTooShortIsSaidSo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBus()
		b.put(queue.OpportunityChanged, "s", "m")
		_, _, err := drained(t, b, 0, Least-time.Second, func(context.Context, string, funchost.Delivery) error {
			t.Error("a message was taken")
			return nil
		})
		if err == nil || b.left() != 1 {
			t.Errorf("%v, %d left", err, b.left())
		}
	})
}

func TestMessageIsGivenBackOnlyWhenNothingElseCouldBeWrittenAndNotAgainAndAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBus()
		b.put(queue.OpportunityChanged, "s", "bad")
		b.put(queue.SolutionsChanged, "s", "good")
		trouble := errors.New("neither copy nor row")
		r, _, err := drained(t, b, 20*time.Second, 5*time.Minute, func(_ context.Context, _ string, d funchost.Delivery) error {
			if d.MessageID == "bad" {
				return trouble
			}
			return nil
		})
		slices.Sort(b.settled)
		if !slices.Equal(b.settled, []string{"abandon bad", "complete good"}) || b.left() != 1 {
			t.Errorf("settled %v, %d left", b.settled, b.left())
		}
		if !errors.Is(err, trouble) || !errors.Is(r.Failed["crmtopartnercenter"], trouble) || r.Failed["solutionssync"] != nil || r.Returned != 1 {
			t.Errorf("%+v, %v", r, err)
		}
	})
}

// What hangs until the end of the invocation is given back in what is kept of it, so that it need not wait for the end of
// its lock; so is what was done in the last moment.
func TestMessageThatHangsIsGivenBackBeforeLambdaEndsTheProcess(t *testing.T) {
	for what, outcome := range map[string]func(context.Context) error{"abandon": context.Context.Err, "complete": func(context.Context) error { return nil }} {
		synctest.Test(t, func(t *testing.T) {
			b := newBus()
			b.put(queue.OpportunityChanged, "s", "m")
			r, took, _ := drained(t, b, 0, 5*time.Minute, func(ctx context.Context, _ string, _ funchost.Delivery) error {
				<-ctx.Done()
				return outcome(ctx)
			})
			if !slices.Equal(b.settled, []string{what + " m"}) || r.Messages != 1 || len(b.locked) != 0 || took > 5*time.Minute+settling {
				t.Errorf("settled %v, %+v, %d sessions are held, after %s", b.settled, r, len(b.locked), took)
			}
		})
	}
}

func TestQueueThatCannotBeReadLeavesTheOthersAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBus()
		b.down[queue.SolutionsChanged] = errors.New("no right")
		b.put(queue.OpportunityChanged, "s", "m")
		r, took, err := drained(t, b, 0, 5*time.Minute, func(context.Context, string, funchost.Delivery) error { return nil })
		if r.Messages != 1 || b.left() != 0 || r.Failed["solutionssync"] == nil || err == nil {
			t.Errorf("%+v, %v", r, err)
		}
		if took > 5*time.Second {
			t.Errorf("it took %s", took)
		}
	})
}

func TestSessionWhoseLockIsLostIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBus()
		b.loseLock = true
		b.put(queue.OpportunityChanged, "s", "m1")
		b.put(queue.OpportunityChanged, "s", "m2")
		before := 0
		_, _, err := drained(t, b, 0, 5*time.Minute, func(_ context.Context, _ string, d funchost.Delivery) error {
			<-time.After(time.Second) // the loss is known by now
			if d.MessageID == "m2" {
				before = b.taken
			}
			return nil
		})
		if err != nil || b.left() != 0 || before != 2 {
			t.Errorf("%v, %d left: the second message came under lock %d", err, b.left(), before)
		}
	})
}

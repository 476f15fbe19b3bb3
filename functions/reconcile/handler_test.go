package reconcile

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/flow"
	"github.com/cosell-sync/cosell-sync/shared/funchost"
)

type watched []string

func (w *watched) Ended(function, record string, _ time.Time, err error) {
	*w = append(*w, fmt.Sprint(function, ", ", record, ": ", err))
}

func TestAllJobsAreDoneEvenIfOneFails(t *testing.T) {
	w, done := &watched{}, []string{}
	job := func(name string, err error) Job {
		return Job{name, func(ctx context.Context) error {
			done = append(done, name+" "+flow.Trace(ctx))
			return err
		}}
	}
	away := errors.New("the CRM is away")
	other := fault.New(fault.Refused, "somebody else's URL").With("registration.other", "")
	h := Handler(w, slog.New(slog.DiscardHandler), time.Now, func() string { return "t-1" }, job("a", away), job("b", other), job("c", nil))
	if err := h(t.Context(), funchost.Tick{}); !errors.Is(err, away) || errors.Is(err, other) {
		t.Errorf("got %v", err)
	}
	if want := []string{"a t-1", "b t-1", "c t-1"}; !slices.Equal(done, want) {
		t.Errorf("done %v", done)
	}
	if want := []string{"reconcile, a: the CRM is away", "reconcile, b: somebody else's URL", "reconcile, c: <nil>"}; !slices.Equal(*w, want) {
		t.Errorf("the watch was told %q", *w)
	}
	h = Handler(w, slog.New(slog.DiscardHandler), time.Now, func() string { return "t-2" }, job("a", nil))
	if err := h(t.Context(), funchost.Tick{PastDue: true}); err != nil {
		t.Error(err)
	}
}

// A change feed that is long, or whose system is slow, has the whole time of a run; the jobs behind it are done all the same.
func TestAJobThatTakesAllTheTimeLeavesSomeToTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		done := []string{}
		endless := Job{"endless", func(ctx context.Context) error {
			<-ctx.Done()
			return fault.New(fault.Broken, "reading the list: %w", ctx.Err())
		}}
		job := func(name string) Job {
			return Job{name, func(ctx context.Context) error {
				if ctx.Err() == nil {
					done = append(done, name)
				}
				return ctx.Err()
			}}
		}
		ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
		defer cancel()
		began := time.Now()
		h := Handler(&watched{}, slog.New(slog.DiscardHandler), time.Now, func() string { return "t-1" }, job("a"), endless, job("b"), endless, job("c"))
		if err := h(ctx, funchost.Tick{}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		if want := []string{"a", "b", "c"}; !slices.Equal(done, want) {
			t.Errorf("done %v, wanted %v", done, want)
		}
		if took := time.Since(began); took < 3*time.Minute+30*time.Second {
			t.Errorf("the long job had %s only", took)
		}
	})
}

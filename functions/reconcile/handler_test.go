package reconcile

import (
	"context"
	"errors"
	"testing"

	"github.com/cosell-sync/cosell-sync/shared/flow"
	"github.com/cosell-sync/cosell-sync/shared/funchost"
)

type fakeFlow struct {
	trace string
	err   error
}

func (f *fakeFlow) Reconcile(ctx context.Context) error {
	f.trace = flow.Trace(ctx)
	return f.err
}

func TestAllJobsAreDoneEvenIfOneFails(t *testing.T) {
	sweep, look := errors.New("the CRM is away"), errors.New("somebody else's URL")
	watched, revived := 0, 0
	f := &fakeFlow{err: sweep}
	h := Handler(f, func(context.Context) error { watched++; return look }, func(context.Context) error { revived++; return nil }, func() string { return "t-1" })
	if err := h(t.Context(), funchost.Tick{}); !errors.Is(err, sweep) || !errors.Is(err, look) || watched != 1 || revived != 1 || f.trace != "t-1" {
		t.Errorf("%v, watched %d, trace %q", err, watched, f.trace)
	}
	f.err, look = nil, nil
	if err := h(t.Context(), funchost.Tick{PastDue: true}); err != nil {
		t.Error(err)
	}
}

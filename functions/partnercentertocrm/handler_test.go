package partnercentertocrm

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cosell-sync/cosell-sync/shared/flow"
)

type fakeFlow struct {
	called []flow.Hint
	err    error
}

func (f *fakeFlow) FromReferral(_ context.Context, h flow.Hint) error {
	f.called = append(f.called, h)
	return f.err
}

func TestHintIsHandedToItsFlowWhole(t *testing.T) {
	f := &fakeFlow{err: errors.New("x")}
	h := flow.Hint{Kind: "referral", ID: "id-1", Parent: "opp-1", Deleted: true, Related: true, Why: "w", Trace: "t-1", Attempt: 2}
	if err := Handler(f)(t.Context(), h); err != f.err {
		t.Errorf("error %v", err)
	}
	if diff := cmp.Diff([]flow.Hint{h}, f.called); diff != "" {
		t.Error(diff)
	}
}

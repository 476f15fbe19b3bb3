package solutionssync

import (
	"context"
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/flow"
	"github.com/cosell-sync/cosell-sync/shared/funchost"
	"github.com/cosell-sync/cosell-sync/shared/queue"
)

type fakeFlow struct {
	called []string
	trace  string
	err    error
}

func (f *fakeFlow) SyncSolutions(ctx context.Context, id, parent, reason string) error {
	f.called, f.trace = append(f.called, id, parent, reason), flow.Trace(ctx)
	return f.err
}

func delivery(kind string) funchost.Delivery {
	body, _ := json.Marshal(queue.Pointer{V: 1, Tenant: "default", Kind: kind, ID: "id-1", Parent: "opp-1", Reason: "Update", Seen: time.Unix(1, 0), Trace: "t-1"})
	return funchost.Delivery{Body: body}
}

func TestPointerIsHandedToItsFlow(t *testing.T) {
	f := &fakeFlow{err: fault.New(fault.Conflict, "x")}
	if err := Handler(f)(t.Context(), delivery("solution")); err != f.err {
		t.Errorf("error %v", err)
	}
	if !slices.Equal(f.called, []string{"id-1", "opp-1", "Update"}) || f.trace != "t-1" {
		t.Errorf("%v, trace %q", f.called, f.trace)
	}
}

func TestWhatIsNoSuchPointerIsInvalid(t *testing.T) {
	f := &fakeFlow{}
	for _, d := range []funchost.Delivery{{}, {Body: []byte("{}")}, delivery("opportunity"), delivery("lead")} {
		if err := Handler(f)(t.Context(), d); !fault.Is(err, fault.Invalid) || f.called != nil {
			t.Errorf("%s: %v", d.Body, err)
		}
	}
}

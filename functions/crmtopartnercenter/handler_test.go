package crmtopartnercenter

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

func (f *fakeFlow) FromOpportunity(ctx context.Context, kind, id, reason string) error {
	f.called, f.trace = append(f.called, kind, id, reason), flow.Trace(ctx)
	return f.err
}

func delivery(kind string) funchost.Delivery {
	body, _ := json.Marshal(queue.Pointer{V: 1, Tenant: "default", Kind: kind, ID: "id-1", Reason: "Update", Seen: time.Unix(1, 0), Trace: "t-1"})
	return funchost.Delivery{Body: body}
}

func TestPointerIsHandedToItsFlow(t *testing.T) {
	for _, kind := range []string{"opportunity", "account", "contact"} {
		f := &fakeFlow{err: fault.New(fault.Conflict, "x")}
		if err := Handler(f)(t.Context(), delivery(kind)); err != f.err {
			t.Errorf("error %v", err)
		}
		if !slices.Equal(f.called, []string{kind, "id-1", "Update"}) || f.trace != "t-1" {
			t.Errorf("%v, trace %q", f.called, f.trace)
		}
	}
}

func TestWhatIsNoSuchPointerIsInvalid(t *testing.T) {
	f := &fakeFlow{}
	for _, d := range []funchost.Delivery{{}, {Body: []byte("{}")}, delivery("solution"), delivery("lead")} {
		if err := Handler(f)(t.Context(), d); !fault.Is(err, fault.Invalid) || f.called != nil {
			t.Errorf("%s: %v", d.Body, err)
		}
	}
}

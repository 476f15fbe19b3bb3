package queue

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/go-amqp"

	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// throttling is a broker that takes so many messages in ten seconds, as a namespace of tier Standard has credits.
type throttling struct {
	mu    sync.Mutex
	most  int
	since time.Time
	taken int // since then
	all   int
}

func (b *throttling) send(context.Context, Message) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if time.Since(b.since) >= busyWait {
		b.since, b.taken = time.Now(), 0
	}
	if b.taken == b.most {
		return classify(ReferralChanged, &amqp.Error{Condition: serverBusy})
	}
	b.taken++
	b.all++
	return nil
}

// A page of a feed that is more than the broker takes at once would else be begun anew with every pass.
func TestABusyBrokerIsWaitedForWhereManyAreSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
		defer cancel()
		b := &throttling{most: 100}
		if err := sendMany(ctx, make([]Message, 1000), b.send); err != nil || b.all != 1000 {
			t.Errorf("%v, the broker took %d", err, b.all)
		}
	})
}

// Who has no time for the wait hears at once that the broker is busy.
func TestABusyBrokerIsToldWhereThereIsNoTimeToWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), busyWait/2)
		defer cancel()
		began := time.Now()
		if err := sendMany(ctx, make([]Message, 10), (&throttling{most: 5}).send); !fault.Is(err, fault.Later) || time.Since(began) > 0 {
			t.Errorf("%v after %s", err, time.Since(began))
		}
		began = time.Now()
		if err := sendMany(t.Context(), make([]Message, 10), (&throttling{}).send); !fault.Is(err, fault.Later) || time.Since(began) > 2*time.Minute {
			t.Errorf("a broker that takes nothing: %v after %s", err, time.Since(began))
		}
	})
}

// Command reconcile is one pass of the product's reconcile over as many pairs as its argument says: the one that reads
// everything, as after lost cursors. Both systems are made on the fly in the same process, so what they cost is counted in;
// the tables are in memory, and the messages are encoded and forgotten. It prints what it did as JSON.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"sync/atomic"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/app"
	"github.com/cosell-sync/cosell-sync/shared/ledger"
	"github.com/cosell-sync/cosell-sync/shared/queue"
)

func main() {
	pairs := flag.Int("pairs", 10_000, "how many pairs there are")
	floor := flag.Bool("floor", false, "only decode, write canonically and hash each referral once")
	flag.Parse()
	var done result
	var err error
	if *floor {
		done, err = hashAll(*pairs)
	} else {
		done, err = pass(context.Background(), *pairs)
	}
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(done)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// result is what a pass did.
type result struct {
	Hints int64 `json:"hints"` // records that were named to the queues
	Pages int64 `json:"pages"` // answers of the systems
	Reads int64 `json:"reads"` // of single records: none is needed
}

func pass(ctx context.Context, pairs int) (result, error) {
	world, err := newWorld(pairs)
	if err != nil {
		return result{}, err
	}
	tables, sent := ledger.NewMemory(time.Now), &sink{}
	door := func(_ context.Context, _ ledger.Call, do func()) error { do(); return nil }
	a, err := app.Of(settings(), os.Stderr, app.Parts{
		Transport:  world,
		Queues:     sent,
		Ledger:     func(string, ledger.Sealer) *ledger.Ledger { return tables.Ledger(door, nil) },
		Board:      func(table string) *ledger.Board { return tables.Board(table, door) },
		Credential: credential,
		Secrets:    secrets{},
	})
	if err != nil {
		return result{}, err
	}
	app.LimitMemory()
	if err := a.Reconcile(ctx); err != nil {
		return result{}, fmt.Errorf("the pass: %w", err)
	}
	return result{Hints: sent.messages.Load(), Pages: world.pages.Load(), Reads: world.reads.Load()}, nil
}

// sink takes every message that a broker would take.
type sink struct{ messages, bytes atomic.Int64 }

func (s *sink) Send(_ context.Context, messages ...queue.Message) error {
	for _, m := range messages {
		if err := m.Check(); err != nil {
			return err
		}
		body, err := m.Pointer.Encode()
		if err != nil {
			return err
		}
		s.messages.Add(1)
		s.bytes.Add(int64(len(body) + len(m.SessionID())))
	}
	return nil
}

func (*sink) Dead(context.Context, func(context.Context, queue.Dead) error) error { return nil }

func (*sink) Look(context.Context, queue.Name) (queue.State, error) { return queue.State{}, nil }

func (*sink) Close(context.Context) error { return nil }

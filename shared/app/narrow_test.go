package app

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/health"
	"github.com/cosell-sync/cosell-sync/shared/ledger"
	"github.com/cosell-sync/cosell-sync/shared/queue"
)

// guarded is a namespace that says whether we may receive.
type guarded struct {
	err  error
	asks int
}

func (g *guarded) Look(context.Context, queue.Name) (queue.State, error) {
	g.asks++
	return queue.State{}, g.err
}
func (g *guarded) Send(context.Context, ...queue.Message) error { return nil }
func (g *guarded) Dead(context.Context, func(context.Context, queue.Dead) error) error {
	return nil
}
func (g *guarded) Close(context.Context) error { return nil }

func TestTheIntakeSaysWhetherItMayRead(t *testing.T) {
	for name, c := range map[string]struct {
		role, bus string
		err       error
		asks      int
		wide      bool
		looked    bool
	}{
		"it may":                          {Intake, "", nil, 1, true, true},
		"it may not":                      {Intake, "", fault.New(fault.Denied, "no"), 1, false, true},
		"nobody knows":                    {Intake, "", errors.New("away"), 1, false, false},
		"by a connection string":          {Intake, "Endpoint=sb://127.0.0.1:5672;SharedAccessKeyName=k;SharedAccessKey=eA==;UseDevelopmentEmulator=true", nil, 0, false, false},
		"the sync app, which has to read": {Sync, "", nil, 0, false, false},
	} {
		s := laptop(t)
		s["SYNC_ROLE"], s["ServiceBus"] = c.role, c.bus
		if c.bus == "" {
			s["ServiceBus__fullyQualifiedNamespace"] = "bus.servicebus.windows.net"
			s["SYNC_SIMULATED"] += ",bus.servicebus.windows.net:5671=127.0.0.1:9"
		}
		bus, board := &guarded{err: c.err}, ledger.InMemoryBoard(time.Now)
		a, err := Of(environ(s), io.Discard, Parts{Queues: bus, Board: func(string) *ledger.Board { return board }})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		a.Narrow(t.Context())
		if err := a.Watch.Post(t.Context(), board); err != nil {
			t.Fatal(err)
		}
		sync := &health.Room{Watch: health.NewWatch(Sync, "p-2", "v", time.Now), Boards: []health.Board{board}, Now: time.Now, Role: Sync}
		report := sync.Report(t.Context())
		_, looked := report.Good(narrow)
		wide := len(report.Notes) == 1 && report.Notes[0].What == "identity.wide" && strings.Contains(report.Notes[0].Mend, "Azure Service Bus Data Sender")
		if bus.asks != c.asks || wide != c.wide || looked != c.looked || c.role == Intake && !report.OK {
			t.Errorf("%s: asked %d times, too wide %v, looked %v, %+v", name, bus.asks, wide, looked, report.Notes)
		}
	}
}

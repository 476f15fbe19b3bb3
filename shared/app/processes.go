package app

import (
	"context"
	"log/slog"

	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/health"
	"github.com/cosell-sync/cosell-sync/shared/httpclient"
	"github.com/cosell-sync/cosell-sync/shared/ledger"
	"github.com/cosell-sync/cosell-sync/shared/queue"
)

// room makes what health is asked of: every role notes what it does, the sync app reads the intake's rows
// too. An intake without tables, as older settings have it, knows itself alone.
func (a *App) room(c loaded, az azure) (err error) {
	a.Health = &health.Room{Watch: a.Watch, Role: a.Role, Now: a.Now}
	if !c.hasTables() {
		return nil
	}
	intake, err := az.board(ledger.IntakeTable)
	if err != nil {
		return err
	}
	a.Board, a.Health.Boards = intake, []health.Board{intake}
	if a.Role == Intake {
		return nil
	}
	if a.Board, err = az.board(ledger.ProcessesTable); err != nil {
		return err
	}
	a.Health.Boards = append(a.Health.Boards, a.Board)
	a.Health.Gates = a.Board.Gates
	a.limits = a.Board.Limits(a.Watch.Instance(), a.Now)
	return nil
}

// Note writes this process's rows as they change, until the context ends.
func (a *App) Note(ctx context.Context) {
	if a.Board != nil {
		a.Watch.Run(ctx, a.Board, func(err error) { a.Log.Debug("status rows not written yet", "error", err.Error()) })
	}
}

// Flush writes what this process has noted, for a host that lets it stand still between its calls. What cannot be
// written is written the next time.
func (a *App) Flush(ctx context.Context) {
	if a.Board == nil {
		return
	}
	if err := a.Watch.Flush(ctx, a.Board); err != nil {
		a.Log.Debug("status rows not written yet", "error", err.Error())
	}
}

// Tidy removes the rows of processes that are gone.
func (a *App) Tidy(ctx context.Context) error {
	for _, b := range a.Health.Boards {
		if err := health.Tidy(ctx, b, a.Now()); err != nil {
			return err
		}
	}
	return nil
}

// gate makes this process's part of the gate of a host, which knows all our processes as one identity.
func (a *App) gate(identity string) *httpclient.Gate {
	return a.gateOf(identity + a.mark) // each tenant's app has limits of its own
}

// signIn is the gate of an app registration at the directory, which counts what each asks for: tenants that sign in by the same
// one wait together.
func (a *App) signIn(c Config, client string) *httpclient.Gate {
	return a.gateOf(hostOf(c.LoginURL) + " " + client)
}

func (a *App) gateOf(identity string) *httpclient.Gate {
	return httpclient.NewGate(0, a.Now, a.sleep).ShareWith(a.limits.Of(identity))
}

// TellState logs in one line how everything is: alarms wait for what it says, and for its absence.
func (a *App) TellState(ctx context.Context) error {
	a.Log.LogAttrs(ctx, slog.LevelInfo, health.StateMessage, a.Health.Fresh(ctx).State()...)
	return nil
}

// narrow is the source of what a process finds of its own rights.
const narrow = "rights of the intake"

// Narrow looks, once, whether the intake may read a queue: it is the one that the world reaches, and needs to send only.
// What it finds stands where the sync app sees it.
func (a *App) Narrow(ctx context.Context) {
	if a.Role != Intake || a.queues == nil {
		return
	}
	_, err := a.queues.Look(ctx, queue.ReferralChanged)
	switch {
	case err == nil:
		a.stand(narrow, []health.Problem{{What: "identity.wide", Note: true, Count: 1, Say: "the intake's identity may read the queue " + string(queue.ReferralChanged) + ", and needs to send only",
			Mend: "take every role that receives away from the intake's identity: it has Azure Service Bus Data Sender on three queues"}})
	case fault.Is(err, fault.Denied):
		a.stand(narrow, nil)
	} // else nobody knows
}

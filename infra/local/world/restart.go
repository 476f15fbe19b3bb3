package world

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/control"
	"github.com/cosell-sync/cosell-sync/infra/local/emulators"
)

// restartWithin is how long a part may take until it answers again.
const restartWithin = 2 * time.Minute

// tablesFolder is where the tables of a durable world are kept.
func (w *World) tablesFolder() string {
	if !w.opt.Durable {
		return ""
	}
	return w.absolute("tables")
}

// mountRestart adds POST /restart and DELETE /restart.
func (w *World) mountRestart(mux *http.ServeMux) {
	mux.HandleFunc("POST /restart", func(rw http.ResponseWriter, r *http.Request) {
		var re control.Restart
		err := control.ReadJSON(r, &re)
		if err == nil {
			err = w.canRestart(re)
		}
		if err == nil && re.After != nil {
			err = w.killer.at(deedRestart, "", *re.After, func(string) { w.failRestart(w.restart(context.WithoutCancel(r.Context()), re)) })
		}
		if err != nil {
			control.WriteError(rw, http.StatusBadRequest, "%v", err)
			return
		}
		if re.After == nil {
			if err := w.restart(r.Context(), re); err != nil {
				control.WriteError(rw, http.StatusInternalServerError, "%v", err)
				return
			}
		}
		control.WriteJSON(rw, http.StatusOK, re)
	})
	mux.HandleFunc("GET /restart", func(rw http.ResponseWriter, _ *http.Request) {
		control.WriteJSON(rw, http.StatusOK, map[string]any{"restarts": w.restarts.Load(), "failed": w.restartFailed()})
	})
	mux.HandleFunc("DELETE /restart", func(rw http.ResponseWriter, _ *http.Request) {
		w.killer.disarm(deedRestart)
		control.WriteJSON(rw, http.StatusOK, struct{}{})
	})
}

// canRestart says what is wrong with a restart and what is allowed.
func (w *World) canRestart(re control.Restart) error {
	switch {
	case re.Part != partTables && re.Part != partServiceBus:
		return fmt.Errorf("part %q: use %s or %s", re.Part, partTables, partServiceBus)
	case re.Part == partServiceBus && !re.Empty:
		return fmt.Errorf("part %s: the broker keeps its messages in memory alone, say \"empty\": true", re.Part)
	case re.Part == partTables && !re.Empty && !w.opt.Durable:
		return fmt.Errorf("part %s: %w in this world: say \"empty\": true, or use one of make run or make chaos", re.Part, emulators.ErrInMemory)
	}
	return nil
}

// restart ends an emulator and waits until another one answers in its place. Calls of the tables wait meanwhile, as those
// of a store that moves do; those of the broker are cut.
func (w *World) restart(ctx context.Context, re control.Restart) error {
	w.restarting.Lock()
	defer w.restarting.Unlock()
	defer w.restarts.Add(1)
	ctx, cancel := context.WithTimeout(ctx, restartWithin)
	defer cancel()
	if re.Part == partTables {
		thaw := w.tables.wire.Freeze()
		defer thaw()
		w.tables.close()
		if err := w.azurite.Restart(ctx, re.Empty); err != nil {
			return fmt.Errorf("starting the tables again: %w", err)
		}
		return nil
	}
	err := w.broker.Restart(ctx)
	if err == nil {
		err = w.askBroker(ctx, http.MethodPost, "/clock", control.Clock{Advance: w.clock.ahead().String()}, nil)
	}
	if err != nil {
		return fmt.Errorf("starting the Service Bus again: %w", err)
	}
	return nil
}

// failRestart keeps what became of a restart that came at a call, where nobody waits for its answer.
func (w *World) failRestart(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err != nil {
		w.lost = err.Error()
	}
}

func (w *World) restartFailed() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.lost
}

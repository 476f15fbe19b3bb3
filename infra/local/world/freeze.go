package world

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/control"
)

// The parts that can stand still.
const (
	partTables     = "tables"
	partVault      = "vault"
	partServiceBus = "servicebus"
)

// longestFreeze bounds how long a part stands still: longer than any client waits for an answer.
const longestFreeze = 10 * time.Minute

// frozen knows which parts stand still, and until when.
type frozen struct {
	mu    sync.Mutex
	until map[string]time.Time
}

func (f *frozen) set(part string, until time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.until == nil {
		f.until = map[string]time.Time{}
	}
	f.until[part] = until
}

func (f *frozen) is(part string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return time.Now().Before(f.until[part])
}

// mountFreeze adds POST /freeze.
func (w *World) mountFreeze(mux *http.ServeMux) {
	mux.HandleFunc("POST /freeze", func(rw http.ResponseWriter, r *http.Request) {
		var f control.Freeze
		if err := control.ReadJSON(r, &f); err != nil {
			control.WriteError(rw, http.StatusBadRequest, "%v", err)
			return
		}
		d, err := time.ParseDuration(f.For)
		if err != nil || d <= 0 || d > longestFreeze {
			control.WriteError(rw, http.StatusBadRequest, `for %q: use a duration of at most %s, such as "20s"`, f.For, longestFreeze)
			return
		}
		switch f.Part {
		case partTables:
			w.freeze(w.tables.wire, d)
		case partVault:
			w.freeze(w.systems[2].wire, d)
		case partServiceBus:
			if err := w.freezeBroker(r.Context(), d); err != nil {
				control.WriteError(rw, http.StatusInternalServerError, "%v", err)
				return
			}
		default:
			control.WriteError(rw, http.StatusBadRequest, "part %q: use %s, %s or %s", f.Part, partTables, partVault, partServiceBus)
			return
		}
		w.frozen.set(f.Part, time.Now().Add(d))
		control.WriteJSON(rw, http.StatusOK, f)
	})
}

// freeze lets a part's calls wait, in real time: the world's clock does not shorten it.
func (w *World) freeze(wire *control.Wire, d time.Duration) {
	thaw := wire.Freeze()
	timer := time.AfterFunc(d, thaw)
	w.onClose(func() { timer.Stop(); thaw() })
}

// freezeBroker stops the broker itself, with all its connections, its clock and its control interface.
func (w *World) freezeBroker(ctx context.Context, d time.Duration) error {
	if err := w.askBroker(ctx, http.MethodPost, "/freeze", map[string]string{"for": d.String()}, nil); err != nil {
		return fmt.Errorf("freezing the Service Bus: %w", err)
	}
	return nil
}

package vaultsim

import (
	"net/http"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/control"
)

// Sim is driven by the world through this interface, although a vault does nothing by itself.
var _ control.Simulator = (*Sim)(nil)

// MountControl adds GET /records, which shows names and versions but no value, and POST /reset.
func (s *Sim) MountControl(mux *http.ServeMux) {
	mux.HandleFunc("GET /records", func(w http.ResponseWriter, _ *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		secrets := map[string][]string{}
		for name, all := range s.secrets {
			for _, v := range all {
				secrets[name] = append(secrets[name], v.name)
			}
		}
		control.WriteJSON(w, http.StatusOK, map[string]any{"secrets": secrets})
	})
	mux.HandleFunc("POST /reset", func(w http.ResponseWriter, _ *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.seed()
		control.WriteJSON(w, http.StatusOK, map[string]bool{"reset": true})
	})
}

// Advance has nothing to do: a vault sends no events.
func (s *Sim) Advance(time.Time) []control.Outgoing { return nil }

// Delivered has nothing to note.
func (s *Sim) Delivered(int64, int) {}

// Next says that nothing waits.
func (s *Sim) Next() (time.Time, bool) { return time.Time{}, false }

// Pending says that nothing waits.
func (s *Sim) Pending(time.Time) int { return 0 }

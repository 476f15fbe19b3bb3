package vaultsim

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/control"
)

// Sim is driven by the world through this interface, although a vault does nothing by itself.
var _ control.Simulator = (*Sim)(nil)

// MountControl adds GET /records, which shows names and versions but no value, POST /reset, and POST /rights, which
// takes a right away or gives it back, and POST /secret {"name", "do": "delete", "recover", "disable" or "enable"}: somebody
// at work in the portal.
func (s *Sim) MountControl(mux *http.ServeMux) {
	mux.HandleFunc("POST /rights", s.setRight)
	mux.HandleFunc("POST /secret", s.changeSecret)
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

func (s *Sim) setRight(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		Identity  string `json:"identity"`
		Operation string `json:"operation"`
		Allowed   bool   `json:"allowed"`
	}
	err := control.ReadJSON(r, &asked)
	if err == nil && (asked.Identity == "" || asked.Operation != "get" && asked.Operation != "set") {
		err = errors.New(`use {"identity": as the history calls it, "operation": "get" or "set", "allowed": true or false}`)
	}
	if err != nil {
		control.WriteError(w, http.StatusBadRequest, "%v", err)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.denied[right{asked.Identity, asked.Operation}] = !asked.Allowed
	control.WriteJSON(w, http.StatusOK, asked)
}

func (s *Sim) changeSecret(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		Name string `json:"name"`
		Do   string `json:"do"`
	}
	if err := control.ReadJSON(r, &asked); err != nil {
		control.WriteError(w, http.StatusBadRequest, "%v", err)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	v := s.find(asked.Name, "")
	if v == nil {
		control.WriteError(w, http.StatusNotFound, "there is no secret %q", asked.Name)
		return
	}
	switch asked.Do {
	case "delete", "recover":
		s.deleted[strings.ToLower(asked.Name)] = asked.Do == "delete"
	case "disable", "enable":
		enabled := asked.Do == "enable"
		v.Attributes.Enabled = &enabled
	default:
		control.WriteError(w, http.StatusBadRequest, "do must be delete, recover, disable or enable")
		return
	}
	control.WriteJSON(w, http.StatusOK, asked)
}

// Advance has nothing to do: a vault sends no events.
func (s *Sim) Advance(time.Time) []control.Outgoing { return nil }

// Delivered has nothing to note.
func (s *Sim) Delivered(int64, int) {}

// Next says that nothing waits.
func (s *Sim) Next() (time.Time, bool) { return time.Time{}, false }

// Pending says that nothing waits.
func (s *Sim) Pending(time.Time) int { return 0 }

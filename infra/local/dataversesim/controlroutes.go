package dataversesim

import (
	"net/http"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/control"
)

// MountControl adds the environment's control routes; docs/control-interface.md describes them.
func (s *Simulator) MountControl(mux *http.ServeMux) {
	mux.HandleFunc("GET /records", s.getRecords)
	mux.HandleFunc("GET /metadata", s.getMetadata)
	mux.HandleFunc("POST /reset", func(w http.ResponseWriter, _ *http.Request) {
		s.mu.Lock()
		err := s.reset()
		s.mu.Unlock()
		if err != nil {
			control.WriteError(w, http.StatusInternalServerError, "%v", err)
			return
		}
		control.WriteJSON(w, http.StatusOK, map[string]bool{"reset": true})
	})
	mux.HandleFunc("GET /switches", func(w http.ResponseWriter, _ *http.Request) {
		control.WriteJSON(w, http.StatusOK, s.sw.describe())
	})
	mux.HandleFunc("POST /switches", s.postSwitches)
	mux.HandleFunc("POST /delivery", s.postDelivery)
	mux.HandleFunc("POST /redeliver", s.postRedeliver)
	mux.HandleFunc("POST /user", s.postUser)
	s.rules.MountControl(mux)
	mux.HandleFunc("GET /privileges", s.getPrivileges)
	mux.HandleFunc("POST /privileges", s.postPrivileges)
	mux.HandleFunc("GET /organisation", s.getOrganisation)
	mux.HandleFunc("POST /organisation", s.postOrganisation)
	mux.HandleFunc("POST /schema", s.postSchema)
	mux.HandleFunc("POST /plugins", s.postPlugins)
	mux.HandleFunc("DELETE /plugins", s.deletePlugins)
}

// getRecords answers every row of every table, or of the one that is asked for, as the Web API reads it.
func (s *Simulator) getRecords(w http.ResponseWriter, r *http.Request) {
	if err := control.OnlyQuery(r, "table"); err != nil {
		control.WriteError(w, http.StatusBadRequest, "%v", err)
		return
	}
	one := r.URL.Query().Get("table")
	s.mu.Lock()
	tables := s.schema.order
	if one != "" {
		t := s.schema.tables[one]
		if t == nil {
			s.mu.Unlock()
			control.WriteError(w, http.StatusBadRequest, "table=%s is no table of this organisation: use a logical name, such as opportunity", one)
			return
		}
		tables = []*table{t}
	}
	render := s.renderer("", &prefer{})
	render.all = true
	b := []byte{'{'}
	for _, t := range tables {
		if one == "" && (t.name == "privilege" || t.name == "roleprivileges") {
			continue // worked out, and long: the call metadata has them by role
		}
		if len(b) > 1 {
			b = append(b, ',')
		}
		b = append(quote(b, t.name), ':', '{')
		v, _ := s.selection(t, nil) // all columns: cannot fail
		first := true
		for _, sl := range s.db.tables[t.name].order {
			if sl.row == nil {
				continue
			}
			if !first {
				b = append(b, ',')
			}
			first = false
			b = append(quote(b, sl.id), ':')
			b = render.row(b, v, sl.row, "")
		}
		b = append(b, '}')
	}
	s.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(append(b, '}', '\n')) // the caller has gone: nothing to tell
}

func (s *Simulator) postDelivery(w http.ResponseWriter, r *http.Request) {
	var d control.Delivery
	if err := control.ReadJSON(r, &d); err != nil {
		control.WriteError(w, http.StatusBadRequest, "%v", err)
		return
	}
	delay := time.Duration(0)
	if d.Delay != "" {
		var err error
		if delay, err = time.ParseDuration(d.Delay); err != nil || delay < 0 {
			control.WriteError(w, http.StatusBadRequest, "delay %q: use a duration such as \"200ms\"", d.Delay)
			return
		}
	}
	if d.Duplicate < 0 || d.Duplicate > 100 {
		control.WriteError(w, http.StatusBadRequest, "duplicate %d: use 0 to 100", d.Duplicate)
		return
	}
	s.mu.Lock()
	s.delivery, s.delay = d, delay
	s.news = len(s.agenda) > 0
	s.notifyUnlock()
	control.WriteJSON(w, http.StatusOK, d)
}

// redeliver is the body of POST /redeliver.
type redeliver struct {
	All   bool `json:"all"`
	Times int  `json:"times"`
}

// postRedeliver makes every event that ever went out due again, with the same body and headers.
func (s *Simulator) postRedeliver(w http.ResponseWriter, r *http.Request) {
	var body redeliver
	if err := control.ReadJSON(r, &body); err != nil {
		control.WriteError(w, http.StatusBadRequest, "%v", err)
		return
	}
	if !body.All || body.Times < 0 || body.Times > 100 {
		control.WriteError(w, http.StatusBadRequest, `use {"all": true}, and "times" from 1 to 100`)
		return
	}
	s.mu.Lock()
	n := 0
	for range max(body.Times, 1) {
		for _, one := range s.sent {
			s.schedule(&item{due: s.now(), copy: one})
			n++
		}
	}
	s.notifyUnlock()
	control.WriteJSON(w, http.StatusOK, map[string]int{"events": n})
}

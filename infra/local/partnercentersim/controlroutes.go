package partnercentersim

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/control"
)

// Sim is driven by the world through this interface.
var _ control.Simulator = (*Sim)(nil)

// MountControl adds the routes of docs/control-interface.md that are Partner Center's own.
func (s *Sim) MountControl(mux *http.ServeMux) {
	mux.HandleFunc("GET /records", s.locked(s.getRecords))
	mux.HandleFunc("POST /reset", s.locked(func(*http.Request) (any, error) {
		s.seed()
		return map[string]bool{"reset": true}, nil
	}))
	mux.HandleFunc("GET /switches", s.locked(func(*http.Request) (any, error) { return s.tellSwitches(), nil }))
	mux.HandleFunc("POST /switches", s.locked(func(r *http.Request) (any, error) {
		asked := map[string]any{}
		if err := control.ReadJSON(r, &asked); err != nil {
			return nil, err
		}
		if err := s.setSwitches(asked); err != nil {
			return nil, err
		}
		return s.tellSwitches(), nil
	}))
	mux.HandleFunc("POST /delivery", s.locked(s.setDelivery))
	mux.HandleFunc("POST /redeliver", s.locked(s.askRedelivery))
	mux.HandleFunc("POST /user", s.locked(func(r *http.Request) (any, error) {
		var a userAct
		if err := readAct(r, &a); err != nil {
			return nil, err
		}
		return s.user(a)
	}))
	mux.HandleFunc("POST /seller", s.locked(func(r *http.Request) (any, error) {
		var a sellerAct
		if err := readAct(r, &a); err != nil {
			return nil, err
		}
		return s.seller(a)
	}))
	mux.HandleFunc("POST /registration", s.locked(s.forgetRegistration))
	mux.HandleFunc("POST /sign", s.locked(s.askSignature))
	mux.HandleFunc("POST /signin", s.askSignIn)
	s.rules.MountControl(mux)
}

// locked runs a control call alone; an error is answered with 400 and its text.
func (s *Sim) locked(do func(*http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.lock()
		defer s.unlock()
		out, err := do(r)
		if err != nil {
			control.WriteError(w, http.StatusBadRequest, "%v", err)
			return
		}
		control.WriteJSON(w, http.StatusOK, out)
	}
}

// readAct decodes strictly and keeps numbers as they are written.
func readAct(r *http.Request, v any) error { return control.ReadExact(r, bodyLimit, v) }

// getRecords answers everything stored, or the one table that is asked for.
func (s *Sim) getRecords(r *http.Request) (any, error) {
	if err := control.OnlyQuery(r, "table"); err != nil {
		return nil, err
	}
	all, one := s.records(), r.URL.Query().Get("table")
	if one == "" {
		return all, nil
	}
	if _, ok := all[one]; !ok {
		return nil, fmt.Errorf("table=%s: use %s", one, strings.Join(slices.Sorted(maps.Keys(all)), ", "))
	}
	return map[string]any{one: all[one]}, nil
}

// records is everything stored.
func (s *Sim) records() map[string]any {
	referrals := map[string]any{}
	for id, r := range s.referrals {
		referrals[id] = r.doc.clone()
	}
	dead := []any{}
	for _, e := range s.post.dead {
		dead = append(dead, map[string]any{"id": e.id, "attempts": e.attempt, "body": json.RawMessage(e.body)})
	}
	tests := map[string]any{}
	for id, v := range s.validations {
		shown := *v // results grow later
		tests[id] = shown
	}
	return map[string]any{"referrals": referrals, "registration": s.registration, "validationEvents": tests, "deadEvents": dead,
		"catalogue": s.catalogue, "taxonomy": s.taxonomy, "locations": s.opts.Locations}
}

func (s *Sim) setDelivery(r *http.Request) (any, error) {
	var how control.Delivery
	if err := control.ReadJSON(r, &how); err != nil {
		return nil, err
	}
	delay := time.Duration(0)
	if how.Delay != "" {
		var err error
		if delay, err = time.ParseDuration(how.Delay); err != nil || delay < 0 {
			return nil, fmt.Errorf("delay %q: use %s", how.Delay, aDuration)
		}
	}
	if how.Duplicate < 0 || how.Duplicate > 100 {
		return nil, fmt.Errorf("duplicate %d: use 0 to 100", how.Duplicate)
	}
	s.post.how, s.post.delay = how, delay
	s.wake = true
	return how, nil
}

func (s *Sim) askRedelivery(r *http.Request) (any, error) {
	var asked struct {
		All   bool `json:"all"`
		Times *int `json:"times"`
	}
	if err := control.ReadJSON(r, &asked); err != nil {
		return nil, err
	}
	times := 1
	if asked.Times != nil {
		times = *asked.Times
	}
	if !asked.All || times < 1 || times > 100 {
		return nil, fmt.Errorf(`use {"all": true}, and "times" from 1 to 100`)
	}
	return map[string]int{"events": s.redeliver(times)}, nil
}

func (s *Sim) askSignature(r *http.Request) (any, error) {
	var asked struct {
		Body string `json:"body"`
	}
	if err := control.ReadJSON(r, &asked); err != nil {
		return nil, err
	}
	body, err := base64.StdEncoding.DecodeString(asked.Body)
	if err != nil {
		return nil, fmt.Errorf("body must be in base64: %w", err)
	}
	header, err := s.signedHeaders(body)
	if err != nil {
		return nil, err
	}
	flat := map[string]string{}
	for name := range header {
		flat[name] = header.Get(name)
	}
	return map[string]any{"headers": flat}, nil
}

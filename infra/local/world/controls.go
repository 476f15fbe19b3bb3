package world

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strconv"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/control"
)

// longestWait bounds `GET idle`, so that a caller that has gone is noticed.
const longestWait = 10 * time.Minute

// controls is the whole control interface: one folder of calls per part.
func (w *World) controls() http.Handler {
	root := http.NewServeMux()
	part := func(name string, mount ...func(*http.ServeMux)) {
		mux := http.NewServeMux()
		for _, m := range append(mount, w.mountWorld) {
			m(mux)
		}
		mux.HandleFunc("/", func(rw http.ResponseWriter, r *http.Request) {
			control.WriteError(rw, http.StatusNotFound, "%s %s is no call of %s: docs/control-interface.md lists them", r.Method, r.URL.Path, name)
		})
		root.Handle("/"+name+"/", http.StripPrefix("/"+name, w.kicking(mux)))
	}
	part("host", w.host.MountControl, w.mountKill)
	part("servicebus", w.mountBroker)
	for _, s := range w.systems {
		part(s.name, s.sim.MountControl, s.wire.MountControl)
	}
	root.HandleFunc("/", func(rw http.ResponseWriter, r *http.Request) {
		control.WriteError(rw, http.StatusNotFound, "there is no part %s: .build/local.json names their addresses", r.URL.Path)
	})
	return root
}

// kicking lets the simulators look for work after each control call.
func (w *World) kicking(next http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(rw, r)
		if r.Method != http.MethodGet {
			w.kickAll()
		}
	})
}

func (w *World) kickAll() {
	for _, s := range w.systems {
		s.kick()
	}
}

// mountWorld adds what is the same for every part: idle and the clock.
func (w *World) mountWorld(mux *http.ServeMux) {
	mux.HandleFunc("GET /idle", w.answerIdle)
	mux.HandleFunc("GET /clock", func(rw http.ResponseWriter, _ *http.Request) {
		control.WriteJSON(rw, http.StatusOK, map[string]time.Time{"now": w.clock.now()})
	})
	mux.HandleFunc("POST /clock", w.answerClock)
}

func (w *World) answerIdle(rw http.ResponseWriter, r *http.Request) {
	if err := control.OnlyQuery(r, "wait"); err != nil {
		control.WriteError(rw, http.StatusBadRequest, "%v", err)
		return
	}
	wait := time.Duration(0)
	if text := r.URL.Query().Get("wait"); text != "" {
		ms, err := strconv.ParseInt(text, 10, 64)
		if err != nil || ms < 0 {
			control.WriteError(rw, http.StatusBadRequest, "wait=%s is not a number of milliseconds (0 or more)", text)
			return
		}
		wait = min(longestWait, time.Duration(ms)*time.Millisecond)
	}
	waiting := w.idle(r.Context(), wait)
	if waiting == nil {
		control.WriteJSON(rw, http.StatusOK, map[string]bool{"idle": true})
		return
	}
	control.WriteJSON(rw, http.StatusRequestTimeout, map[string]any{"idle": false, "waiting": waiting})
}

func (w *World) answerClock(rw http.ResponseWriter, r *http.Request) {
	var c control.Clock
	if err := control.ReadJSON(r, &c); err != nil {
		control.WriteError(rw, http.StatusBadRequest, "%v", err)
		return
	}
	by, err := time.ParseDuration(c.Advance)
	if err != nil || by < 0 {
		control.WriteError(rw, http.StatusBadRequest, `advance %q: use a duration from 0 on, such as "73h"`, c.Advance)
		return
	}
	if err := w.advance(r.Context(), by); err != nil {
		control.WriteError(rw, http.StatusInternalServerError, "%v", err)
		return
	}
	control.WriteJSON(rw, http.StatusOK, map[string]time.Time{"now": w.clock.now()})
}

// advance moves the world's clock for all parts.
func (w *World) advance(ctx context.Context, by time.Duration) error {
	if err := w.clock.advance(by); err != nil {
		return err
	}
	if err := w.askBroker(ctx, http.MethodPost, "/clock", control.Clock{Advance: by.String()}, nil); err != nil {
		return fmt.Errorf("moving the clock of the Service Bus: %w", err)
	}
	w.host.Wake()
	w.kickAll()
	return nil
}

// mountKill adds POST /kill.
func (w *World) mountKill(mux *http.ServeMux) {
	mux.HandleFunc("POST /kill", func(rw http.ResponseWriter, r *http.Request) {
		var k control.Kill
		if err := control.ReadJSON(r, &k); err != nil && !errors.Is(err, io.EOF) { // no body: at once
			control.WriteError(rw, http.StatusBadRequest, "%v", err)
			return
		}
		if k.After == nil {
			w.host.Kill()
		} else if err := w.killer.arm(*k.After); err != nil {
			control.WriteError(rw, http.StatusBadRequest, "%v", err)
			return
		}
		control.WriteJSON(rw, http.StatusOK, k)
	})
	noFaults := func(rw http.ResponseWriter, _ *http.Request) {
		control.WriteError(rw, http.StatusBadRequest, "the host plays no faults itself: put them on the system that is called, or kill the handler with POST kill")
	}
	mux.HandleFunc("POST /faults", noFaults)
	mux.HandleFunc("DELETE /faults", noFaults)
}

// mountBroker passes the broker's own calls through; its clock and its idle are the world's.
func (w *World) mountBroker(mux *http.ServeMux) {
	target, err := url.Parse(w.broker.ControlURL())
	if err != nil {
		panic(err) // made by fmt from a number
	}
	proxy := &httputil.ReverseProxy{
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(target) },
		Transport: w.brokerClient.Transport,
		ErrorHandler: func(rw http.ResponseWriter, _ *http.Request, err error) {
			control.WriteError(rw, http.StatusBadGateway, "the Service Bus broker does not answer: %v", err)
		},
	}
	for _, call := range []string{"GET /history", "GET /queues", "POST /faults", "DELETE /faults", "POST /reset"} {
		mux.Handle(call, proxy)
	}
}

// brokerPending counts what is queued, locked or scheduled within the horizon. A broker that does not
// answer counts as one thing that is waited for.
func (w *World) brokerPending(ctx context.Context) int {
	var answer struct {
		Pending int `json:"pending"`
	}
	if err := w.askBroker(ctx, http.MethodGet, "/pending?within="+horizon.String(), nil, &answer); err != nil {
		return 1
	}
	return answer.Pending
}

// askBroker makes one call to the broker's control interface.
func (w *World) askBroker(ctx context.Context, method, path string, in, out any) error {
	var body bytes.Buffer
	if in != nil {
		if err := json.NewEncoder(&body).Encode(in); err != nil {
			return err
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, w.broker.ControlURL()+path, &body)
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := w.brokerClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s: %s", method, path, resp.Status)
	}
	if out == nil {
		out = &json.RawMessage{}
	}
	return json.NewDecoder(resp.Body).Decode(out)
}

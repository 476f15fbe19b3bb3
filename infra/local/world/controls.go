package world

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
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
	part("host", w.host.MountControl, w.mountKill, w.mountFreeze, w.mountRestart, w.mountLinks, w.mountPublish)
	part("servicebus", w.mountBroker)
	part("tables", w.tables.wire.MountControl)
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
	w.restarting.Lock() // a broker that begins anew has another time until it is told
	defer w.restarting.Unlock()
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
		var err error
		if k.After == nil {
			err = w.host.Kill(k.Process)
		} else {
			err = w.killer.arm(k.Process, *k.After)
		}
		if err != nil {
			control.WriteError(rw, http.StatusBadRequest, "%v", err)
			return
		}
		control.WriteJSON(rw, http.StatusOK, k)
	})
	mux.HandleFunc("DELETE /kill", func(rw http.ResponseWriter, _ *http.Request) {
		w.killer.disarm(deedKill)
		control.WriteJSON(rw, http.StatusOK, struct{}{})
	})
	noFaults := func(rw http.ResponseWriter, _ *http.Request) {
		control.WriteError(rw, http.StatusBadRequest, "the host plays no faults itself: put them on the system that is called, or kill the handler with POST kill")
	}
	mux.HandleFunc("POST /faults", noFaults)
	mux.HandleFunc("DELETE /faults", noFaults)
}

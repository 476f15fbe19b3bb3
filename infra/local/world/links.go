package world

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/control"
	"github.com/cosell-sync/cosell-sync/infra/local/link"
)

// linked says which part each port leads to. The control interface has no link.
func linked() map[port]string {
	return map[port]string{
		portProduct: "product", portReferrals: "partnercenter", portWebhooks: "partnercenter", portCertificate: "partnercenter", portLogin: "signin",
		portDataverse: "dataverse", portVault: partVault, portTables: partTables, portServiceBus: partServiceBus,
	}
}

// links are the network, by part.
type links map[string]*link.Link

// held counts connections whose bytes are on their way.
func (l links) held() (n int) {
	for _, one := range l {
		n += one.Held()
	}
	return n
}

// openLinks puts a link in front of what the world listens on.
func (w *World) openLinks() {
	w.links = links{}
	for p, part := range linked() {
		if w.links[part] == nil {
			w.links[part] = &link.Link{}
			w.onClose(w.links[part].Calm)
		}
		w.ports.listeners[p] = w.links[part].Listen(w.ports.listeners[p])
	}
}

// forwardBroker lets the broker, a program of its own, be reached by its link.
func (w *World) forwardBroker() {
	l := w.ports.listeners[portServiceBus]
	w.onClose(func() { _ = l.Close() })
	w.finished.Go(func() { link.Forward(l, fmt.Sprintf("127.0.0.1:%d", w.broker.Port())) })
}

// mountLinks adds GET, POST and DELETE /link.
func (w *World) mountLinks(mux *http.ServeMux) {
	mux.HandleFunc("GET /link", func(rw http.ResponseWriter, _ *http.Request) {
		out := map[string]link.Status{}
		for part, l := range w.links {
			out[part] = l.Status()
		}
		control.WriteJSON(rw, http.StatusOK, out)
	})
	mux.HandleFunc("POST /link", func(rw http.ResponseWriter, r *http.Request) {
		var l control.Link
		err := control.ReadJSON(r, &l)
		if err == nil {
			err = w.setLink(l)
		}
		if err != nil {
			control.WriteError(rw, http.StatusBadRequest, "%v", err)
			return
		}
		control.WriteJSON(rw, http.StatusOK, l)
	})
	mux.HandleFunc("DELETE /link", func(rw http.ResponseWriter, _ *http.Request) {
		w.killer.disarm(deedLink)
		for _, l := range w.links {
			l.Calm()
		}
		control.WriteJSON(rw, http.StatusOK, struct{}{})
	})
}

// setLink lets a weather begin, now or at a call. The error says what is wrong and what is allowed.
func (w *World) setLink(l control.Link) error {
	of := w.links[l.Part]
	if of == nil {
		return fmt.Errorf("part %q: use %s", l.Part, strings.Join(sortedKeys(w.links), ", "))
	}
	weather := link.Weather{Fault: l.Fault, Times: l.Times}
	var lasts time.Duration
	for _, d := range []struct {
		name, text string
		into       *time.Duration
	}{{"delay", l.Delay, &weather.Delay}, {"for", l.For, &lasts}} {
		if d.text == "" {
			continue
		}
		var err error
		if *d.into, err = time.ParseDuration(d.text); err != nil || *d.into <= 0 || *d.into > longestFreeze {
			return fmt.Errorf(`%s %q: use a duration of at most %s, such as "20s"`, d.name, d.text, longestFreeze)
		}
	}
	if err := weather.Check(); err != nil {
		return err
	}
	begin := func(string) {
		calm := of.Set(weather)
		if lasts > 0 {
			timer := time.AfterFunc(lasts, calm)
			w.onClose(func() { timer.Stop() })
		}
	}
	if l.After != nil {
		return w.killer.at(deedLink, "", *l.After, begin)
	}
	begin("")
	return nil
}

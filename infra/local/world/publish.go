package world

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"

	"github.com/cosell-sync/cosell-sync/infra/local/control"
	"github.com/cosell-sync/cosell-sync/infra/local/emulators"
	"github.com/cosell-sync/cosell-sync/infra/local/hostsim"
)

// Publish puts another package in the place of the one that runs, by one of the strategies of hostsim, and waits until
// it answers. The error says what is wrong with the folder, and the old package still runs; or that the new handler
// does not start, with its last words: then publish another one.
func (w *World) Publish(ctx context.Context, app, strategy string) error {
	fleet, ok := w.host.(*hostsim.Fleet)
	if !ok {
		return errors.New("on Lambda no package is put in another's place: end the world, and start it with the other one")
	}
	w.publishing.Lock()
	defer w.publishing.Unlock()
	if err := w.hasQueues(app); err != nil {
		return err
	}
	members, err := w.members(app)
	if err != nil {
		return err
	}
	if err := fleet.Publish(ctx, app, strategy, members...); err != nil {
		return err
	}
	return w.awaitHandler(ctx)
}

// hasQueues says which queues a package needs that the broker does not have: in Azure the templates make them.
func (w *World) hasQueues(app string) error {
	all, err := declaredIn(app)
	if err != nil {
		return err
	}
	if len(all) == 0 {
		return fmt.Errorf("%s is no packaged folder: make package makes one", app)
	}
	needed, err := queues(app)
	if err != nil {
		return err
	}
	for _, q := range needed {
		if !slices.ContainsFunc(w.queues, func(h emulators.Queue) bool { return strings.EqualFold(h.Name, q.Name) }) {
			return fmt.Errorf("the package needs the queue %s, which the broker of this world does not have", q.Name)
		}
	}
	return nil
}

// mountPublish adds POST /publish.
func (w *World) mountPublish(mux *http.ServeMux) {
	mux.HandleFunc("POST /publish", func(rw http.ResponseWriter, r *http.Request) {
		var p control.Publish
		if err := control.ReadJSON(r, &p); err != nil {
			control.WriteError(rw, http.StatusBadRequest, "%v", err)
			return
		}
		p.Strategy = cmp.Or(p.Strategy, hostsim.Recreate)
		if !filepath.IsAbs(p.App) {
			control.WriteError(rw, http.StatusBadRequest, "app %q: use the whole path of a packaged folder", p.App)
			return
		}
		switch err := w.Publish(r.Context(), p.App, p.Strategy); {
		case errors.Is(err, errNotUp):
			control.WriteError(rw, http.StatusInternalServerError, "%v", err)
		case err != nil:
			control.WriteError(rw, http.StatusBadRequest, "%v", err)
		default:
			control.WriteJSON(rw, http.StatusOK, p)
		}
	})
}

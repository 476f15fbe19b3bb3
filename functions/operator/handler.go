// Package operator serves what cosellctl, and later a console, asks and does.
package operator

import (
	"context"
	"net/http"

	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/funchost"
	"github.com/cosell-sync/cosell-sync/shared/office"
)

// Office is what this function calls.
type Office interface {
	Status(ctx context.Context, idOrName string) (rows []office.Record, more bool, err error)
	Resync(ctx context.Context, a office.Act, id string) error
	PreviewOne(ctx context.Context, id string) (office.Preview, error)
	PreviewAll(ctx context.Context, after string, limit int) (rows []office.Preview, next string, err error)
	HeldList(ctx context.Context) ([]office.Held, error)
	HeldShow(ctx context.Context, id string) ([]office.Held, error)
	HeldRetry(ctx context.Context, a office.Act, id string) ([]office.Held, error)
	HeldDrop(ctx context.Context, a office.Act, id string) ([]office.Held, error)
	ParkedList(ctx context.Context) ([]office.Parked, error)
	ParkedShow(ctx context.Context, id string) (office.Parked, error)
	ParkedReplay(ctx context.Context, a office.Act, id string) error
	ParkedDrop(ctx context.Context, a office.Act, id string) error
	Link(ctx context.Context, a office.Act, opportunityID, referralID string) error
	Unlink(ctx context.Context, a office.Act, id string) error
	AskAgain(ctx context.Context, a office.Act, id string) error
	CloseTest(ctx context.Context, a office.Act, id string) error
	Mapping
}

// Handler answers operators; the guard stands in front of it.
type Handler struct{ Office Office }

// page is how many previews one answer has: each reads two systems, and the host waits 230 s at most.
const page = 50

// ServeHTTP answers GET for what changes nothing, and POST for deeds, whose body is never empty because the
// host repeats a POST without:
//
//	GET  status?id=    preview?id=|after=    held[?id=]    parked[?id=]
//	POST resync  held/retry  held/drop  parked/replay  parked/drop  link  unlink  ask-again  close-test    {"id", "referral", "reason"}
//	GET  mapping[?id=VERSION]
//	POST mapping/check  mapping/diff  mapping/push    {"file", "text", "yes", "reason"}
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := r.PathValue("path")
	if ask, ok := h.asks()[path]; ok {
		if funchost.Allowed(w, r, http.MethodGet, http.MethodHead) {
			answer(w)(ask(r.Context(), r.URL.Query().Get("id"), r.URL.Query().Get("after")))
		}
		return
	}
	if do, ok := h.sheets()[path]; ok {
		post(w, r, do)
		return
	}
	do, ok := h.deeds()[path]
	if !ok {
		funchost.Refuse(w, http.StatusNotFound, "the operator's routes are status, resync, preview, held, parked, link, unlink, ask-again, close-test and mapping")
		return
	}
	post(w, r, func(ctx context.Context, by string, d office.Deed) (office.Answer, error) {
		return do(ctx, office.Act{By: by, Reason: d.Reason}, d)
	})
}

// post answers a POST by its body, whose form is the route's.
func post[T any](w http.ResponseWriter, r *http.Request, do func(ctx context.Context, by string, body T) (office.Answer, error)) {
	if !funchost.Allowed(w, r, http.MethodPost) {
		return
	}
	body, ok := funchost.JSONBody(w, r)
	if !ok {
		return
	}
	var d T
	if err := funchost.Strict(body, &d); err != nil {
		funchost.Refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	answer(w)(do(r.Context(), funchost.Operator(r.Context()), d))
}

// asks are the questions, by path.
func (h *Handler) asks() map[string]func(ctx context.Context, id, after string) (office.Answer, error) {
	return map[string]func(context.Context, string, string) (office.Answer, error){
		"status": func(ctx context.Context, id, _ string) (office.Answer, error) {
			rows, more, err := h.Office.Status(ctx, id)
			return office.Answer{Records: rows, More: more}, err
		},
		"preview": h.preview,
		"mapping": h.mapping,
		"held": func(ctx context.Context, id, _ string) (office.Answer, error) {
			if id == "" {
				rows, err := h.Office.HeldList(ctx)
				return office.Answer{Held: &rows}, err
			}
			rows, err := h.Office.HeldShow(ctx, id)
			return office.Answer{Held: &rows}, err
		},
		"parked": func(ctx context.Context, id, _ string) (office.Answer, error) {
			if id == "" {
				rows, err := h.Office.ParkedList(ctx)
				return office.Answer{Parked: &rows}, err
			}
			row, err := h.Office.ParkedShow(ctx, id)
			return office.Answer{Parked: &[]office.Parked{row}}, err
		},
	}
}

func (h *Handler) preview(ctx context.Context, id, after string) (office.Answer, error) {
	if id == "" {
		rows, next, err := h.Office.PreviewAll(ctx, after, page)
		return office.Answer{Previews: rows, Next: next}, err
	}
	row, err := h.Office.PreviewOne(ctx, id)
	return office.Answer{Previews: []office.Preview{row}}, err
}

// deeds are what changes something, by path.
func (h *Handler) deeds() map[string]func(context.Context, office.Act, office.Deed) (office.Answer, error) {
	done := office.Answer{Done: true}
	return map[string]func(context.Context, office.Act, office.Deed) (office.Answer, error){
		"resync": func(ctx context.Context, a office.Act, d office.Deed) (office.Answer, error) {
			return done, h.Office.Resync(ctx, a, d.ID)
		},
		"held/retry": func(ctx context.Context, a office.Act, d office.Deed) (office.Answer, error) {
			rows, err := h.Office.HeldRetry(ctx, a, d.ID)
			return office.Answer{Held: &rows, Done: true}, err
		},
		"held/drop": func(ctx context.Context, a office.Act, d office.Deed) (office.Answer, error) {
			rows, err := h.Office.HeldDrop(ctx, a, d.ID)
			return office.Answer{Held: &rows, Done: true}, err
		},
		"parked/replay": func(ctx context.Context, a office.Act, d office.Deed) (office.Answer, error) {
			return done, h.Office.ParkedReplay(ctx, a, d.ID)
		},
		"parked/drop": func(ctx context.Context, a office.Act, d office.Deed) (office.Answer, error) {
			return done, h.Office.ParkedDrop(ctx, a, d.ID)
		},
		"link": func(ctx context.Context, a office.Act, d office.Deed) (office.Answer, error) {
			return done, h.Office.Link(ctx, a, d.ID, d.Referral)
		},
		"unlink": func(ctx context.Context, a office.Act, d office.Deed) (office.Answer, error) {
			return done, h.Office.Unlink(ctx, a, d.ID)
		},
		"ask-again": func(ctx context.Context, a office.Act, d office.Deed) (office.Answer, error) {
			return done, h.Office.AskAgain(ctx, a, d.ID)
		},
		"close-test": func(ctx context.Context, a office.Act, d office.Deed) (office.Answer, error) {
			return done, h.Office.CloseTest(ctx, a, d.ID)
		},
	}
}

// answer writes an answer, or says why there is none: 400 for a question that makes no sense, 404 for what
// is not there, else as the other systems said.
func answer(w http.ResponseWriter) func(office.Answer, error) {
	return func(a office.Answer, err error) {
		if err == nil {
			funchost.Answer(w, http.StatusOK, a)
			return
		}
		status := fault.Relay(err)
		switch fault.KindOf(err) {
		case fault.Invalid:
			status = http.StatusBadRequest
		case fault.Gone:
			status = http.StatusNotFound
		case fault.Refused:
			status = http.StatusConflict
		}
		text := err.Error()
		if mend := fault.Of(err).Mend; mend != "" {
			text += ": " + mend
		}
		funchost.Refuse(w, status, text)
	}
}

// Package operator serves what cosellctl, and later a console, asks and does.
package operator

import (
	"context"
	"net/http"
	"net/url"

	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/funchost"
	"github.com/cosell-sync/cosell-sync/shared/office"
)

// Office is what this function calls.
type Office interface {
	Status(ctx context.Context, idOrName string) (rows []office.Record, more bool, err error)
	Resync(ctx context.Context, a office.Act, id string) error
	PreviewOne(ctx context.Context, id string) (office.Preview, error)
	PreviewSome(ctx context.Context, ids string) (rows []office.Preview, rest string, err error)
	PreviewAll(ctx context.Context, after string, limit int) (rows []office.Preview, next string, total int, err error)
	AdoptPlan(ctx context.Context, since string) (office.Census, error)
	Adopt(ctx context.Context, a office.Act, since string) (office.Census, error)
	HeldList(ctx context.Context) ([]office.Held, error)
	HeldShow(ctx context.Context, id string) ([]office.Held, error)
	HeldRetry(ctx context.Context, a office.Act, id string) ([]office.Held, error)
	HeldDrop(ctx context.Context, a office.Act, id string) ([]office.Held, error)
	Report(ctx context.Context, day string) (office.Report, error)
	ParkedList(ctx context.Context) ([]office.Parked, error)
	ParkedShow(ctx context.Context, id string) (office.Parked, error)
	ParkedReplay(ctx context.Context, a office.Act, id string) error
	ParkedDrop(ctx context.Context, a office.Act, id string) error
	Link(ctx context.Context, a office.Act, opportunityID, referralID string) error
	Unlink(ctx context.Context, a office.Act, id string) error
	AskAgain(ctx context.Context, a office.Act, id string) error
	CloseTest(ctx context.Context, a office.Act, id string) error
	BrakeShow(ctx context.Context) (office.Brake, error)
	BrakeRelease(ctx context.Context, a office.Act) (int, error)
	Examine(ctx context.Context, only, seller string) (office.Examination, error)
	Mapping
}

// Handler answers operators; the guard stands in front of it.
type Handler struct{ Office Office }

// page is how many previews one answer has: each reads two systems, and the host waits 230 s at most.
const page = 50

// ServeHTTP answers GET for what changes nothing, and POST for deeds, whose body is never empty because the
// host repeats a POST without:
//
//	GET  status?id=    preview?id=|ids=|after=    held[?id=]    parked[?id=]    adopt[?since=]    report[?day=]
//	POST resync  held/retry  held/drop  parked/replay  parked/drop  link  unlink  ask-again  close-test  adopt    {"id", "referral", "reason", "since"}
//	GET  brake
//	POST brake/release    {"reason"}
//	GET  mapping[?id=VERSION]    doctor[?only=&seller=]
//	POST mapping/check  mapping/diff  mapping/push    {"file", "text", "yes", "reason"}
//	POST catalogue/import    {"entries": [{"line", "identifier", "name", "type", "publisher"}]}
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := r.PathValue("path")
	do, isDeed := h.deeds()[path]
	if ask, ok := h.asks()[path]; ok && !(isDeed && r.Method == http.MethodPost) {
		if funchost.Allowed(w, r, http.MethodGet, http.MethodHead) {
			answer(w)(ask(r.Context(), r.URL.Query()))
		}
		return
	}
	if path == "catalogue/import" {
		post(w, r, func(ctx context.Context, by string, rows office.CatalogueRows) (office.Answer, error) {
			done, err := h.Office.CatalogueImport(ctx, office.Act{By: by}, rows)
			return office.Answer{Catalogue: &done, Done: err == nil}, err
		})
		return
	}
	if do, ok := h.sheets()[path]; ok {
		post(w, r, do)
		return
	}
	if !isDeed {
		funchost.Refuse(w, http.StatusNotFound, "the operator's routes are status, resync, preview, held, parked, link, unlink, ask-again, close-test, adopt, report, brake, doctor, mapping and catalogue")
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
func (h *Handler) asks() map[string]func(context.Context, url.Values) (office.Answer, error) {
	return map[string]func(context.Context, url.Values) (office.Answer, error){
		"status": func(ctx context.Context, q url.Values) (office.Answer, error) {
			rows, more, err := h.Office.Status(ctx, q.Get("id"))
			return office.Answer{Records: rows, More: more}, err
		},
		"preview": h.preview,
		"mapping": h.mapping,
		"adopt": func(ctx context.Context, q url.Values) (office.Answer, error) {
			c, err := h.Office.AdoptPlan(ctx, q.Get("since"))
			return office.Answer{Census: &c}, err
		},
		"brake": func(ctx context.Context, _ url.Values) (office.Answer, error) {
			b, err := h.Office.BrakeShow(ctx)
			return office.Answer{Brake: &b}, err
		},
		"doctor": func(ctx context.Context, q url.Values) (office.Answer, error) {
			found, err := h.Office.Examine(ctx, q.Get("only"), q.Get("seller"))
			return office.Answer{Examined: &found}, err
		},
		"report": func(ctx context.Context, q url.Values) (office.Answer, error) {
			r, err := h.Office.Report(ctx, q.Get("day"))
			return office.Answer{Report: &r}, err
		},
		"held": func(ctx context.Context, q url.Values) (office.Answer, error) {
			if id := q.Get("id"); id != "" {
				rows, err := h.Office.HeldShow(ctx, id)
				return office.Answer{Held: &rows}, err
			}
			rows, err := h.Office.HeldList(ctx)
			return office.Answer{Held: &rows}, err
		},
		"parked": func(ctx context.Context, q url.Values) (office.Answer, error) {
			if id := q.Get("id"); id != "" {
				row, err := h.Office.ParkedShow(ctx, id)
				return office.Answer{Parked: &[]office.Parked{row}}, err
			}
			rows, err := h.Office.ParkedList(ctx)
			return office.Answer{Parked: &rows}, err
		},
	}
}

// preview of one record, of several, or of a page of all pairs.
func (h *Handler) preview(ctx context.Context, q url.Values) (a office.Answer, err error) {
	switch {
	case q.Get("id") != "":
		var row office.Preview
		row, err = h.Office.PreviewOne(ctx, q.Get("id"))
		a.Previews = []office.Preview{row}
	case q.Get("ids") != "":
		a.Previews, a.Next, err = h.Office.PreviewSome(ctx, q.Get("ids"))
	default:
		a.Previews, a.Next, a.Total, err = h.Office.PreviewAll(ctx, q.Get("after"), page)
	}
	counts := office.Count(a.Previews)
	a.Counts = &counts
	return a, err
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
		"adopt": func(ctx context.Context, a office.Act, d office.Deed) (office.Answer, error) {
			c, err := h.Office.Adopt(ctx, a, d.Since)
			return office.Answer{Census: &c, Done: true}, err
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
		"brake/release": func(ctx context.Context, a office.Act, _ office.Deed) (office.Answer, error) {
			n, err := h.Office.BrakeRelease(ctx, a)
			return office.Answer{Done: true, Total: n}, err
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
		funchost.Because(w, err)
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

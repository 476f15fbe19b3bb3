// Package webhookregistration registers our URL with Partner Center and says what is registered.
package webhookregistration

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/funchost"
	"github.com/cosell-sync/cosell-sync/shared/health"
	"github.com/cosell-sync/cosell-sync/shared/partnercenter"
)

// Registrations is Partner Center's side of it.
type Registrations interface {
	Registration(ctx context.Context) (partnercenter.Registration, bool, error)
	Register(ctx context.Context, r partnercenter.Registration) (partnercenter.Registration, error)
	Replace(ctx context.Context, r partnercenter.Registration) (partnercenter.Registration, error)
	SendTestEvent(ctx context.Context) (correlationID string, err error)
	TestEvent(ctx context.Context, correlationID string) (partnercenter.TestResult, error)
}

// What an installation does about the registration by itself.
const (
	Report  = "report"  // says when it is not ours and complete
	Restore = "restore" // and makes it so again, once it has been ours
	Never   = "never"   // it is another system's business: neither written nor missed
)

// Memory keeps the registration as last seen, as JSON.
type Memory interface {
	Registration(ctx context.Context) (string, error)
	SaveRegistration(ctx context.Context, seen string) error
}

// Handler answers operators; the guard stands in front of it.
type Handler struct {
	Registrations Registrations
	URL           string // ours, with the tenant's alias
	Memory        Memory
	Now           func() time.Time
	// Register says what this installation does about the registration by itself: Report (the default),
	// Restore, or Never.
	Register string
	// Shadow: nothing is written by itself, so a registration is not restored either, and where it is not ours nobody is
	// alarmed: whatever works in earnest may have it.
	Shadow bool
	// Wait waits while a test event is on its way; nil is the real one.
	Wait func(ctx context.Context, d time.Duration) error
}

// Events are those that the product needs.
func Events() []string { return partnercenter.Events() }

// ServeHTTP answers operators: GET says what is registered, POST {"overwrite": bool} registers, POST …/test
// with {} asks for a test event and follows it. Every POST needs a JSON body, because the host repeats those
// without.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch action := r.PathValue("action"); {
	case action == "" && (r.Method == http.MethodGet || r.Method == http.MethodHead):
		h.show(w, r)
	case action == "":
		if funchost.Allowed(w, r, http.MethodPost, http.MethodGet, http.MethodHead) {
			h.register(w, r)
		}
	case action == "test":
		if funchost.Allowed(w, r, http.MethodPost) {
			h.test(w, r)
		}
	default:
		funchost.Refuse(w, http.StatusNotFound, "only …/webhookregistration and …/webhookregistration/test are served")
	}
}

func (h *Handler) show(w http.ResponseWriter, r *http.Request) {
	current, ok, err := h.Registrations.Registration(r.Context())
	if err == nil {
		err = h.remember(r.Context(), current, ok)
	}
	if err != nil {
		explain(w, err)
		return
	}
	funchost.Answer(w, http.StatusOK, h.state(current, ok))
}

func (h *Handler) register(w http.ResponseWriter, r *http.Request) {
	body, ok := funchost.JSONBody(w, r)
	if !ok {
		return
	}
	var ask struct {
		Overwrite *bool `json:"overwrite"`
	}
	if err := funchost.Strict(body, &ask); err != nil || ask.Overwrite == nil {
		funchost.Refuse(w, http.StatusBadRequest, `the body must be {"overwrite": true} or {"overwrite": false}`)
		return
	}
	if h.Register == Never {
		funchost.Refuse(w, http.StatusConflict, "SYNC_REGISTER is never: this installation leaves the registration alone, which is another environment's; to register this one set it to report or restore, and deploy")
		return
	}
	current, exists, err := h.Registrations.Registration(r.Context())
	if err != nil {
		explain(w, err)
		return
	}
	state := h.state(current, exists)
	if exists && !state.Ours && !*ask.Overwrite {
		funchost.Refuse(w, http.StatusConflict, fmt.Sprintf(
			`the events of this tenant go to %s, and Partner Center knows one address only: register --overwrite, or {"overwrite": true}, replaces it by %s, and whatever works there hears nothing any more%s`,
			shown(current.WebhookURL), h.URL, h.handedOn()))
		return
	}
	result, after, err := h.write(r.Context(), current, state)
	if err == nil {
		err = h.remember(r.Context(), after, true)
	}
	if err != nil {
		explain(w, err)
		return
	}
	state = h.state(after, true)
	state.Result = result
	funchost.Answer(w, http.StatusOK, state)
}

// handedOn is what an operator has to know in shadow mode, where whatever works in earnest must go on hearing the events.
func (h *Handler) handedOn() string {
	if !h.Shadow {
		return ""
	}
	return " unless SYNC_FORWARD_URL hands the events on to it"
}

// write brings the registration to what we need: ours and complete is not written again, and the events
// of other systems of the tenant are kept.
func (h *Handler) write(ctx context.Context, current partnercenter.Registration, s health.Registration) (string, partnercenter.Registration, error) {
	wanted := partnercenter.Registration{WebhookURL: h.URL, Events: union(current.Events, Events()), SignatureInHeader: true}
	switch {
	case !s.Registered:
		after, err := h.Registrations.Register(ctx, wanted)
		return "registered", after, err
	case s.Ours && s.Complete:
		return "kept", current, nil
	case s.Ours:
		wanted.WebhookURL = current.WebhookURL
		after, err := h.Registrations.Replace(ctx, wanted)
		return "completed", after, err
	default:
		after, err := h.Registrations.Replace(ctx, wanted)
		return "replaced", after, err
	}
}

func (h *Handler) state(r partnercenter.Registration, exists bool) health.Registration {
	s := health.Registration{Registered: exists, URL: shown(r.WebhookURL), Events: r.Events, Wanted: h.URL, Register: cmp.Or(h.Register, Report)}
	s.Ours = exists && r.LeadsTo(h.URL)
	s.Missing = r.Lacks()
	s.Complete = exists && len(s.Missing) == 0
	return s
}

// shown is an address without what opens it: the old connector's has its key in the query.
func shown(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "an address that cannot be read"
	}
	u.User, u.RawQuery, u.Fragment = nil, "", ""
	return u.String()
}

func union(have, need []string) []string {
	out := slices.Clone(have)
	for _, e := range need {
		if !slices.ContainsFunc(out, func(h string) bool { return strings.EqualFold(h, e) }) {
			out = append(out, e)
		}
	}
	return out
}

// recall gives what is remembered; what cannot be read any more is as if nothing were.
func (h *Handler) recall(ctx context.Context) (m health.SeenRegistration, err error) {
	text, err := h.Memory.Registration(ctx)
	if err == nil && text != "" && json.Unmarshal([]byte(text), &m) != nil {
		m = health.SeenRegistration{}
	}
	return m, err
}

func (h *Handler) remember(ctx context.Context, r partnercenter.Registration, exists bool) error {
	before, err := h.recall(ctx)
	if err != nil {
		return err
	}
	now := h.Now().UTC()
	m := health.SeenRegistration{Registration: h.state(r, exists), Seen: now, Since: now, Unwatched: h.Register == Never, Shadow: h.Shadow}
	m.Had = (m.Ours || before.Had) && h.Register != Never // who leaves it to others takes it again by an operator's word only
	if alike(before, m) {
		m.Since = before.Since
	}
	text, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("writing down the registration: %w", err)
	}
	return h.Memory.SaveRegistration(ctx, string(text))
}

// alike says whether nothing has happened between the two.
func alike(before, now health.SeenRegistration) bool {
	return !before.Since.IsZero() && before.URL == now.URL && before.Registered == now.Registered && slices.Equal(before.Missing, now.Missing)
}

// Check is the watchdog that reconcile runs: it remembers the registration as seen, and fails when events
// do not come to us, or not all of them. Where it may, it restores what was changed behind our back.
func (h *Handler) Check(ctx context.Context) error {
	if h.Register == Never { // it is not even asked for: the app may do without the permission for that API
		return h.remember(ctx, partnercenter.Registration{}, false)
	}
	current, exists, err := h.Registrations.Registration(ctx)
	if err != nil {
		return err
	}
	was, wrote := shown(current.WebhookURL), ""
	if h.Register == Restore && !h.Shadow {
		current, exists, wrote, err = h.restored(ctx, current, exists)
	}
	if err := cmp.Or(err, h.remember(ctx, current, exists)); err != nil { // what was seen counts also where it cannot be mended
		return err
	}
	s := h.state(current, exists)
	switch {
	case h.Shadow: // health notes it
		return nil
	case wrote != "" && s.Ours && s.Complete: // told once, and over
		return fault.New(fault.Refused, "the webhook registration had changed (%s), and is ours again: it was %s", cmp.Or(was, "there was none"), wrote).With("registration.restored", "")
	case !s.Registered:
		return fault.New(fault.Refused, "no webhook is registered with Partner Center: run cosellctl register").With("registration.none", "cosellctl register")
	case !s.Ours:
		return fault.New(fault.Refused, "Partner Center sends its events to %s: run cosellctl register --overwrite, if that address is not in use any more", s.URL).With("registration.other", "cosellctl register --overwrite")
	case !s.Complete:
		return fault.New(fault.Refused, "the webhook registration lacks the events %s: run cosellctl register", strings.Join(s.Missing, ", ")).With("registration.incomplete", "cosellctl register")
	}
	return nil
}

// restored gives the registration as it is after we made it ours again, if it has been ours before, and how; where that fails, as
// it was seen. To take it over for the first time is an operator's decision.
func (h *Handler) restored(ctx context.Context, current partnercenter.Registration, exists bool) (now partnercenter.Registration, there bool, wrote string, err error) {
	s := h.state(current, exists)
	if s.Ours && s.Complete {
		return current, exists, "", nil
	}
	before, err := h.recall(ctx)
	if err != nil || !before.Had {
		return current, exists, "", err
	}
	if wrote, now, err = h.write(ctx, current, s); err != nil {
		return current, exists, "", err
	}
	return now, true, wrote, nil
}

// explain answers an operator, who may see why something failed.
func explain(w http.ResponseWriter, err error) {
	funchost.Because(w, err)
	text := err.Error()
	if e := fault.Of(err); e != nil {
		text = cmp.Or(e.Say, text)
		if e.Mend != "" {
			text += ": " + e.Mend
		}
	}
	funchost.Refuse(w, fault.Relay(err), text)
}

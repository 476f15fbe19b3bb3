package partnercentersim

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/cosell-sync/cosell-sync/infra/local/control"
)

const (
	registrationPath = "/webhooks/v1/registration"
	bodyLimit        = 1 << 20
)

// registration is the one webhook registration of the tenant. Names are matched without regard to case.
// https://learn.microsoft.com/partner-center/developer/partner-center-webhooks
type registration struct {
	SubscriberID  string            `json:"SubscriberId"`
	WebhookURL    string            `json:"WebhookUrl"`
	WebhookEvents []string          `json:"WebhookEvents"`
	MsHeader      textFlag          `json:"SignatureTokenToMsSignatureHeader"`
	Properties    map[string]string `json:"Properties,omitempty"`
	Modified      string            `json:"LastModifiedTimestamp"`
}

// textFlag is a bool that callers may also send as a string, as the Power Automate connector does.
type textFlag bool

func (f *textFlag) UnmarshalJSON(data []byte) error {
	switch strings.ToLower(strings.Trim(string(data), `"`)) {
	case "true":
		*f = true
	case "false", "null":
		*f = false
	default:
		return fmt.Errorf("SignatureTokenToMsSignatureHeader must be true or false, not %s", data)
	}
	return nil
}

// eventNames is the answer to GET …/registration/events: the referral events and some of the dozens of others.
func eventNames() []string {
	return []string{"test-created", "referral-created", "referral-updated", "related-referral-created",
		"related-referral-updated", "subscription-updated", "usagerecords-thresholdExceeded", "invoice-ready",
		"granular-admin-relationship-created", "granular-admin-relationship-approved",
		"granular-admin-relationship-terminated", "azure-fraud-event-detected", "new-commerce-migration-completed"}
}

// serveWebhooks is api.partnercenter.microsoft.com.
func (s *Sim) serveWebhooks(w http.ResponseWriter, r *http.Request) {
	for _, name := range []string{"MS-RequestId", "MS-CorrelationId"} {
		w.Header().Set(name, r.Header.Get(name))
	}
	w.Header().Set("X-Locale", "en-US")
	s.lock()
	defer s.unlock()
	if !s.admitHooks(w, r) || s.throttled(w, r) {
		return
	}
	switch rest, found := strings.CutPrefix(strings.TrimRight(r.URL.Path, "/"), registrationPath); {
	case r.URL.Path == profilePath:
		s.serveProfile(w, r)
	case !found:
		writeShapeB(w, http.StatusNotFound, "1000", "There is nothing at %s.", r.URL.Path)
	case rest == "":
		s.serveRegistration(w, r)
	case rest == "/events" && r.Method == http.MethodGet:
		writeJSON(w, http.StatusOK, eventNames())
	case rest == "/validationEvents" && r.Method == http.MethodPost:
		s.askForTest(w)
	case strings.HasPrefix(rest, "/validationEvents/") && r.Method == http.MethodGet:
		s.tellTest(w, strings.TrimPrefix(rest, "/validationEvents/"))
	default:
		writeShapeB(w, http.StatusMethodNotAllowed, "405", "%s is not offered at %s.", r.Method, r.URL.Path)
	}
}

// admitHooks checks who calls, and answers those that may not.
func (s *Sim) admitHooks(w http.ResponseWriter, r *http.Request) bool {
	g, who := s.bearer(w, r, WebhooksAudience)
	switch {
	case who == misdirected:
		writeShapeB(w, http.StatusUnauthorized, codeAudience, "Access denied: the token is for another audience than %s.", WebhooksAudience)
	case who == nobody:
		writeShapeB(w, http.StatusUnauthorized, "400", "Access denied: a bearer token for %s is needed.", WebhooksAudience)
	case s.lacksMFA(g) && s.is("mfaRefusal", "401"):
		writeShapeB(w, http.StatusUnauthorized, codeMFA, "MFA required: the token carries no MFA claim.")
	case s.lacksMFA(g):
		writeShapeB(w, http.StatusForbidden, codeMFA, "MFA required: the token carries no MFA claim.")
	case g.user() && s.roleOf(g.person) == "none" && s.is("webhookRole", "needed"):
		writeShapeB(w, http.StatusForbidden, "403", "Forbidden: the user has no role in Partner Center.")
	default:
		return true
	}
	return false
}

// tellNoRegistration is the answer to a GET when there is none, which no document shows.
func (s *Sim) tellNoRegistration(w http.ResponseWriter) {
	switch s.switches["noRegistration"] {
	case "200":
		writeJSON(w, http.StatusOK, map[string]any{"WebhookUrl": nil, "WebhookEvents": []string{}})
	case "204":
		w.WriteHeader(http.StatusNoContent)
	default:
		writeShapeB(w, http.StatusNotFound, "1000", "There is no webhook registration.")
	}
}

func (s *Sim) serveRegistration(w http.ResponseWriter, r *http.Request) {
	have := s.registration
	switch r.Method {
	case http.MethodGet:
		if have == nil {
			s.tellNoRegistration(w)
			return
		}
		writeJSON(w, http.StatusOK, s.registrationForm(have, true))
		return
	case http.MethodPost, http.MethodPut:
	default:
		w.Header().Set("Allow", "GET, POST, PUT")
		writeShapeB(w, http.StatusMethodNotAllowed, "405", "%s is not offered for the registration.", r.Method)
		return
	}
	asked, err := readRegistration(r)
	no, ruled := s.rules.Refuses(control.Write{Method: r.Method, URL: absoluteURL(r), New: have == nil, Set: asked.members()})
	switch {
	case err != nil:
		writeShapeB(w, http.StatusBadRequest, "3000", "%v", err)
		return
	case ruled:
		writeShapeB(w, no.Status, no.Code, "%s", no.Message)
		return
	case r.Method == http.MethodPost && have != nil:
		writeShapeB(w, http.StatusConflict, "409", "There is a registration already: use PUT to replace it.")
		return
	case r.Method == http.MethodPut && have == nil:
		writeShapeB(w, http.StatusNotFound, "1000", "There is no webhook registration: use POST.")
		return
	}
	asked.SubscriberID, asked.Modified = s.guid(), serverTime(s.stamp())
	if have != nil {
		asked.SubscriberID = have.SubscriberID
	}
	s.registration = asked
	s.wake = true // events that waited for a registration
	writeJSON(w, http.StatusOK, s.registrationForm(asked, false))
}

// registrationForm is the registration as it is sent: https://learn.microsoft.com/rest/api/partner-center/webhook
// says camelCase, the older pages PascalCase and, to a GET, two members only.
func (s *Sim) registrationForm(have *registration, get bool) map[string]any {
	switch {
	case s.is("registrationForm", "pascal") && get:
		return map[string]any{"WebhookUrl": have.WebhookURL, "WebhookEvents": have.WebhookEvents}
	case s.is("registrationForm", "pascal"):
		return map[string]any{"SubscriberId": have.SubscriberID, "WebhookUrl": have.WebhookURL,
			"WebhookEvents": have.WebhookEvents, "SignatureTokenToMsSignatureHeader": have.MsHeader}
	}
	return map[string]any{"subscriberId": have.SubscriberID, "webhookUrl": have.WebhookURL, "webhookEvents": have.WebhookEvents,
		"signatureTokenToMsSignatureHeader": have.MsHeader, "properties": have.Properties, "lastModifiedTimestamp": have.Modified}
}

// forgetRegistration takes the registration away, and with it the events that are on their way to its URL. Events
// of later changes are lost until somebody registers. DELETE is not offered by the API.
func (s *Sim) forgetRegistration(r *http.Request) (any, error) {
	var asked struct {
		Do string `json:"do"`
	}
	if err := control.ReadJSON(r, &asked); err != nil {
		return nil, err
	}
	if asked.Do != "forget" {
		return nil, fmt.Errorf("do %q: use forget", asked.Do)
	}
	had := s.registration != nil
	s.registration = nil
	s.post.waiting = slices.DeleteFunc(s.post.waiting, func(e *event) bool { return !e.inFlight })
	return map[string]bool{"forgotten": had}, nil
}

// members are what a body sets, for the rules of POST rules.
func (r *registration) members() map[string]any {
	if r == nil {
		return nil
	}
	return map[string]any{"WebhookUrl": r.WebhookURL, "WebhookEvents": r.WebhookEvents, "SignatureTokenToMsSignatureHeader": bool(r.MsHeader)}
}

func readRegistration(r *http.Request) (*registration, error) {
	data, err := io.ReadAll(io.LimitReader(r.Body, bodyLimit))
	if err != nil {
		return nil, fmt.Errorf("reading the body: %w", err)
	}
	asked := &registration{}
	if err := json.Unmarshal(data, asked); err != nil {
		return nil, fmt.Errorf("the body is not a registration: %w", err)
	}
	u, err := url.Parse(asked.WebhookURL)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil {
		return nil, errors.New("WebhookUrl must be an absolute https URL")
	}
	if len(asked.WebhookEvents) == 0 {
		return nil, errors.New("WebhookEvents must name at least one event")
	}
	for _, name := range asked.WebhookEvents {
		if !slices.Contains(eventNames(), name) {
			return nil, fmt.Errorf("WebhookEvents: there is no event %q", name)
		}
	}
	return asked, nil
}

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
	g, ok := s.bearer(w, r, WebhooksAudience)
	switch {
	case !ok:
		writeShapeB(w, http.StatusUnauthorized, "400", "Access denied: a bearer token for %s is needed.", WebhooksAudience)
		return
	case s.lacksMFA(g) && s.is("mfaRefusal", "401"):
		writeShapeB(w, http.StatusUnauthorized, "400", "Access denied: the token carries no MFA claim.")
		return
	case s.lacksMFA(g):
		writeShapeB(w, http.StatusForbidden, "2032", "Access denied: the token carries no MFA claim.")
		return
	case s.throttled(w):
		return
	}
	switch rest, found := strings.CutPrefix(strings.TrimRight(r.URL.Path, "/"), registrationPath); {
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

func (s *Sim) serveRegistration(w http.ResponseWriter, r *http.Request) {
	have := s.registration
	switch r.Method {
	case http.MethodGet:
		if have == nil {
			writeShapeB(w, http.StatusNotFound, "1000", "There is no webhook registration.")
			return
		}
		writeJSON(w, http.StatusOK, map[string]any{"WebhookUrl": have.WebhookURL, "WebhookEvents": have.WebhookEvents})
		return
	case http.MethodPost, http.MethodPut:
	default:
		w.Header().Set("Allow", "GET, POST, PUT")
		writeShapeB(w, http.StatusMethodNotAllowed, "405", "%s is not offered for the registration.", r.Method)
		return
	}
	asked, err := readRegistration(r)
	switch {
	case err != nil:
		writeShapeB(w, http.StatusBadRequest, "3000", "%v", err)
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
	writeJSON(w, http.StatusOK, map[string]any{"SubscriberId": asked.SubscriberID, "WebhookUrl": asked.WebhookURL,
		"WebhookEvents": asked.WebhookEvents, "SignatureTokenToMsSignatureHeader": asked.MsHeader})
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

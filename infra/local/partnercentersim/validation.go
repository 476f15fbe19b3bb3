package partnercentersim

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	testsPerMinute = 2
	testsKept      = 7 * 24 * time.Hour
)

// validation is a test event that was asked for, and what became of it.
type validation struct {
	CorrelationID string       `json:"correlationId"`
	PartnerID     string       `json:"partnerId"`
	Status        string       `json:"status"` // Submitted, completed or failed
	CallbackURL   string       `json:"callbackUrl"`
	Results       []testResult `json:"results"` // one per delivery attempt
	at            time.Time
}

type testResult struct {
	ResponseCode    string `json:"responseCode"` // the .NET name: OK, Accepted, Unauthorized; by switch the number
	ResponseMessage string `json:"responseMessage"`
	SystemError     bool   `json:"systemError"`
	DateTimeUTC     string `json:"dateTimeUtc"` // without a zone
}

// note records one attempt at a test event. https://learn.microsoft.com/partner-center/developer/partner-center-webhooks
// shows OK and completed; live clients have seen "200" and failed.
func (s *Sim) note(v *validation, status int, success bool, attempt int) {
	result := testResult{DateTimeUTC: s.opts.Now().UTC().Format("2006-01-02T15:04:05.0000000")}
	switch {
	case status == 0:
		result.SystemError, result.ResponseMessage = true, "The callback did not answer."
	case s.is("testResponseCode", "number"):
		result.ResponseCode = strconv.Itoa(status)
	default:
		result.ResponseCode = strings.NewReplacer(" ", "", "-", "", "'", "").Replace(http.StatusText(status))
	}
	v.Results = append(v.Results, result)
	switch {
	case success:
		v.Status = "completed"
	case attempt >= maxAttempts:
		v.Status = s.switches["testStatus"]
	}
}

// askForTest is POST …/validationEvents.
func (s *Sim) askForTest(w http.ResponseWriter) {
	have := s.registration
	switch {
	case have == nil:
		writeShapeB(w, http.StatusNotFound, "1000", "There is no webhook registration to test.")
		return
	case !slices.Contains(have.WebhookEvents, "test-created"):
		writeShapeB(w, http.StatusBadRequest, "3000", "The registration does not name the event test-created.")
		return
	}
	now := s.opts.Now()
	var wait time.Duration
	if s.asked, wait = withinMinute(s.asked, now, testsPerMinute); wait > 0 {
		writeShapeC(w, wait)
		return
	}
	v := &validation{CorrelationID: s.guid(), PartnerID: s.opts.OrganizationID, Status: "Submitted",
		CallbackURL: have.WebhookURL, Results: []testResult{}, at: now}
	s.validations[v.CorrelationID] = v
	s.raise("test-created", "test", WebhooksAudience+registrationPath+"/validationEvents/"+v.CorrelationID, s.stamp(), now, v)
	writeJSON(w, http.StatusOK, map[string]string{"correlationId": v.CorrelationID})
}

// tellTest is GET …/validationEvents/{correlationId}.
func (s *Sim) tellTest(w http.ResponseWriter, id string) {
	s.purge(s.opts.Now())
	v := s.validations[strings.ToLower(id)]
	if v == nil {
		writeShapeB(w, http.StatusNotFound, "1000", "There is no validation event %s.", id)
		return
	}
	writeJSON(w, http.StatusOK, v)
}

// purge drops test results after seven days.
func (s *Sim) purge(now time.Time) {
	for id, v := range s.validations {
		if now.Sub(v.at) >= testsKept {
			delete(s.validations, id)
		}
	}
}

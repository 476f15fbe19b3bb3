package partnercentersim

import (
	"net/http"
	"slices"
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
	Status        string       `json:"status"` // only "completed" is documented
	CallbackURL   string       `json:"callbackUrl"`
	Results       []testResult `json:"results"` // one per delivery attempt
	at            time.Time
}

type testResult struct {
	ResponseCode    string `json:"responseCode"` // the .NET name: OK, Accepted, Unauthorized
	ResponseMessage string `json:"responseMessage"`
	SystemError     bool   `json:"systemError"`
	DateTimeUTC     string `json:"dateTimeUtc"` // without a zone
}

// note records one attempt.
func (v *validation) note(now time.Time, status int, success bool, attempt int) {
	result := testResult{DateTimeUTC: now.UTC().Format("2006-01-02T15:04:05.0000000")}
	if status == 0 {
		result.SystemError, result.ResponseMessage = true, "The callback did not answer."
	} else {
		result.ResponseCode = strings.NewReplacer(" ", "", "-", "", "'", "").Replace(http.StatusText(status))
	}
	v.Results = append(v.Results, result)
	if success || attempt >= maxAttempts {
		v.Status = "completed"
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
	v := &validation{CorrelationID: s.guid(), PartnerID: s.opts.OrganizationID, Status: "started",
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

package partnercenter

import (
	"net/http"
	"time"
)

// Event is what a verified webhook said. Only Verifier.Open makes one.
type Event struct {
	Name          string
	ReferralID    string // "" unless Referral
	CorrelationID string // of a test event
	ChangedAt     time.Time
	Referral      bool
}

// Verifier opens webhook requests.
type Verifier struct{}

// Open verifies and parses one request. Kinds of fault: Invalid 400, Denied 401, Broken 503.
func (v *Verifier) Open(r *http.Request, body []byte) (Event, error) { return Event{}, errNotJSON }

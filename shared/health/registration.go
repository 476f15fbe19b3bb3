package health

import "time"

// Registration is the webhook registration as the function webhookregistration answers it: how Partner Center has it,
// and how this installation wants it.
type Registration struct {
	Registered bool     `json:"registered"`
	Ours       bool     `json:"ours"`
	Complete   bool     `json:"complete"`
	URL        string   `json:"url,omitempty"` // without what opens it
	Events     []string `json:"events,omitempty"`
	Missing    []string `json:"missing,omitempty"`
	Wanted     string   `json:"wanted"`
	Register   string   `json:"register"`         // what the installation does about it by itself: SYNC_REGISTER
	Result     string   `json:"result,omitempty"` // of registering: registered, kept, completed or replaced
}

// SeenRegistration is what is remembered of it: when it was seen last, and since when it has been like that.
type SeenRegistration struct {
	Registration
	Seen  time.Time `json:"seen"`
	Since time.Time `json:"since"`
	// Had: it has been ours, and nobody has said since that it is another's business.
	Had bool `json:"had"`
	// Unwatched: it is another system's business, and not missed. Shadow: it is missed, and nothing hangs on it.
	Unwatched bool `json:"unwatched,omitempty"`
	Shadow    bool `json:"shadow,omitempty"`
}

// TestEvent is what became of a test event, as the function webhookregistration answers it.
type TestEvent struct {
	CorrelationID string        `json:"correlationId"`
	Status        string        `json:"status"` // completed, failed, or what Partner Center last said
	Delivered     bool          `json:"delivered"`
	URL           string        `json:"url,omitempty"`
	Attempts      []TestAttempt `json:"attempts"`
}

// TestAttempt is one delivery of it.
type TestAttempt struct {
	Code    string `json:"code"` // the name or the number of the status that we answered
	Message string `json:"message,omitempty"`
	At      string `json:"at"`
}

// Lost says whether somebody has to look: it has been seen, it is this installation's business, and events do not come, or
// not all of them.
func (r SeenRegistration) Lost() bool {
	return !r.Unwatched && !(r.Registered && r.Ours && r.Complete)
}

// Package health says whether the product can do its work: what each process notes of itself, and the
// report over all of them.
package health

import "time"

// Problem is something that a person should know of.
type Problem struct {
	What  string    `json:"what"`            // a short machine word: "consent.expired", "broken", "registration.other"
	Where string    `json:"where,omitempty"` // which direction of the work it concerns
	Class string    `json:"class,omitempty"` // refused, denied, broken, throttled or conflict: how jobs failed; door: at a webhook
	Since time.Time `json:"since"`
	Count int       `json:"count,omitempty"` // of records, messages or calls
	// Oldest is the record that has waited longest, kind|id; For lists all of them where each one needs a
	// person.
	Oldest string   `json:"oldest,omitempty"`
	For    []string `json:"for,omitempty"`
	Say    string   `json:"say"`            // what is wrong, in a sentence
	Mend   string   `json:"mend,omitempty"` // what a person does about it

	// Last is when it was noticed last; Due from when on, and Least from which count on it is a problem: what
	// passes by itself within minutes is none yet. A success of the kind GoodKey after Last ends it.
	Last    time.Time `json:"last"`
	Due     time.Time `json:"due,omitzero"`
	Least   int       `json:"least,omitempty"`
	GoodKey string    `json:"goodKey,omitempty"`
	// Stays: it is no news that grows old, but what was found, until the next look finds otherwise.
	Stays bool `json:"stays,omitempty"`
	// Note: nothing fails for it, so that it is told beside the problems.
	Note bool `json:"note,omitempty"`
}

// Wait is a record whose job could not be finished, through no wish of ours.
type Wait struct {
	Record string    `json:"record"` // kind|id
	What   string    `json:"what"`   // names the cause
	Seen   time.Time `json:"seen"`   // when its oldest event was accepted
	Since  time.Time `json:"since"`  // when it failed first
	Last   time.Time `json:"last"`   // and last
	// Forgiven: another record that had waited for the same has come through since. It follows within its
	// back-off, and is no news about the cause.
	Forgiven bool `json:"forgiven,omitempty"`
}

// Cause is why records wait; it becomes a problem.
type Cause struct {
	Say      string        `json:"say"`
	Mend     string        `json:"mend,omitempty"`
	GoodKey  string        `json:"goodKey,omitempty"`
	Class    string        `json:"class"`
	Patience time.Duration `json:"patience,omitempty"`
	// Singly: the end of one record's wait says nothing of the others.
	Singly bool `json:"singly,omitempty"`
}

// The classes of a cause.
const (
	refused   = "refused"
	denied    = "denied"
	broken    = "broken"
	throttled = "throttled"
	conflict  = "conflict"
	door      = "door"
)

// Done is a record that had waited, in this process or in another, and does no longer.
type Done struct {
	Record string    `json:"record"`
	At     time.Time `json:"at"`
}

// Status is what one process says of one function. It is what a status row holds.
type Status struct {
	App         string     `json:"-"`
	Function    string     `json:"-"`
	Instance    string     `json:"-"`
	At          time.Time  `json:"-"`
	Version     string     `json:"version"`
	LastSuccess *time.Time `json:"lastSuccess,omitempty"`
	Oldest      *time.Time `json:"oldestUnfinished,omitempty"`
	DeniedSince *time.Time `json:"deniedSince,omitempty"`
	TokenSince  *time.Time `json:"tokenSince,omitempty"` // of the access token for Partner Center
	LastTest    *time.Time `json:"lastTestEvent,omitempty"`

	Waits    []Wait               `json:"waits,omitempty"` // the oldest, at most mostWaits
	More     int                  `json:"more,omitempty"`  // how many others wait
	Causes   map[string]Cause     `json:"causes,omitempty"`
	Done     []Done               `json:"done,omitempty"`
	Problems []Problem            `json:"problems,omitempty"` // those that are no record's
	Good     map[string]time.Time `json:"good,omitempty"`     // the last success of each kind
}

// Limits of what a row holds and for how long it counts.
const (
	mostWaits   = 100
	mostDone    = 100
	mostFor     = 50
	gone        = 5 * time.Minute  // without news: the process is no more
	old         = 20 * time.Minute // without news, with a back-off of 15 minutes at most: the trouble is no more
	heartbeat   = time.Minute
	postEvery   = 5 * time.Second
	goodEvery   = 10 * time.Second // a success alone is news that often
	unlistedDue = 2 * time.Minute  // from when on a wait of a record counts
)

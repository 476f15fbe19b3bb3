package flow

import "time"

// Hint says that a record may have changed: what is known of the event, without any of its values.
type Hint struct {
	Kind   string // the record's table or sort: referral, opportunity, solution, account, contact
	ID     string
	Parent string // the opportunity of a solution row, where the event named it
	// Deleted: the record is gone and will not come back.
	Deleted bool
	// Related: the event is about another referral of the same engagement.
	Related bool
	Why     string // a remark for people and logs; it decides nothing
	Trace   string
	Attempt int       // copies of the message made so far that count
	Seen    time.Time // when the event was first accepted
}

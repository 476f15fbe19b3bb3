package partnercenter

import (
	"bytes"
	"encoding/json"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// Event is what a verified webhook said: a hint to look at a record. Only Verifier.Open makes one.
type Event struct {
	Name          string // "referral-updated", …; unknown ones are passed on
	ReferralID    string // lower case; "" unless Referral
	CorrelationID string // of a test-created event
	ChangedAt     time.Time
	Referral      bool // one of the four referral events; the others need no work
}

// maxDepth is far above the documented body, which is flat.
const maxDepth = 16

// wireEvent is the documented body.
// https://learn.microsoft.com/partner-center/developer/partner-center-webhook-events
type wireEvent struct {
	EventName             string
	ResourceURI           string `json:"ResourceUri"`
	ResourceChangeUtcDate string
}

// parseEvent reads a body that is known to be authentic. Kinds of fault: Invalid.
func parseEvent(body []byte) (Event, error) {
	body = bytes.TrimPrefix(body, []byte("\xef\xbb\xbf"))
	if !utf8.Valid(body) || tooDeep(body) {
		return Event{}, malformed("the body is not plain JSON")
	}
	var w wireEvent
	if err := json.Unmarshal(body, &w); err != nil {
		return Event{}, malformed("the body is not the JSON of an event")
	}
	if w.EventName == "" || len(w.EventName) > 100 || strings.ContainsFunc(w.EventName, isControl) {
		return Event{}, malformed("EventName is missing or too long")
	}
	e := Event{Name: w.EventName, ChangedAt: readTime(w.ResourceChangeUtcDate)}
	switch strings.ToLower(w.EventName) {
	case "referral-created", "referral-updated", "related-referral-created", "related-referral-updated":
		e.Referral = true
		if e.ReferralID = lastSegment(w.ResourceURI); e.ReferralID == "" {
			return Event{}, malformed("ResourceUri does not end in a referral id")
		}
	case "test-created":
		e.CorrelationID = lastSegment(w.ResourceURI)
	}
	return e, nil
}

// lastSegment is all that is taken from ResourceUri: its host is not one that we call.
func lastSegment(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return ""
	}
	return guid(u.Path[strings.LastIndex(u.Path, "/")+1:])
}

// readTime takes the documented form, and the one without a zone; zero for everything else.
func readTime(text string) time.Time {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}

// tooDeep counts brackets outside of texts, so that deep nesting is refused before it is parsed.
func tooDeep(body []byte) bool {
	depth, inText := 0, false
	for i := 0; i < len(body); i++ {
		switch c := body[i]; {
		case inText && c == '\\':
			i++
		case c == '"':
			inText = !inText
		case inText:
		case c == '{' || c == '[':
			if depth++; depth > maxDepth {
				return true
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return false
}

func malformed(what string) error {
	return fault.New(fault.Invalid, "%s", what).With("event.malformed", "")
}

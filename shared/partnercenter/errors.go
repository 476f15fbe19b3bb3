package partnercenter

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/httpclient"
)

var errNotJSON = errors.New("it is not one JSON object")

// maxText is how much of an error's text is kept, in characters: people read it in the CRM.
const maxText = 300

// unknown marks a creation whose outcome cannot be told.
type unknown struct{ err error }

func (u *unknown) Error() string { return u.err.Error() }
func (u *unknown) Unwrap() error { return u.err }

// Unknown says that a Create may or may not have happened: the answer was lost, was a 5xx, or did not
// hold the new referral.
func Unknown(err error) bool {
	var u *unknown
	return errors.As(err, &u)
}

// problem is the error body in its three shapes; Go matches member names without case, so that
// innererror is read too.
// https://learn.microsoft.com/partner-center/developer/error-codes
type problem struct {
	Error       *problem        `json:"error"`
	Code        json.RawMessage `json:"code"`
	Message     string          `json:"message"`
	Description string          `json:"description"`
	InnerError  *problem        `json:"innerError"`
}

// reading is one error body: the deepest code, and the text that goes with it.
func readProblem(body []byte) (code, text string) {
	var p problem
	if len(body) > 1<<20 || json.Unmarshal(body, &p) != nil {
		return "", ""
	}
	at := &p
	if at.Error != nil {
		at = at.Error
	}
	for depth := 0; at != nil && depth < 20; depth, at = depth+1, at.InnerError {
		if c := strings.Trim(string(at.Code), `"`); c != "" && c != "null" {
			code = shorten(c, 64)
		}
		if t := at.Message + at.Description; t != "" {
			text = shorten(t, maxText)
		}
	}
	return code, text
}

// shorten cuts at a character boundary and puts blanks in the place of control characters.
func shorten(s string, limit int) string {
	s = strings.Map(func(r rune) rune {
		if isControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
	if runes := []rune(s); len(runes) > limit {
		return string(runes[:limit-1]) + "…"
	}
	return s
}

// scope says what an answer is about: a 403 on one record is that record's business, elsewhere it is ours.
type scope int

const (
	oneRecord scope = iota
	newRecord
	everything
)

// classify turns an answer that is not a success into a fault; it is the only place that does.
func classify(r *httpclient.Response, about scope) error {
	code, text := readProblem(r.Body)
	kind := kindOf(r.Status, code, about)
	if text == "" {
		text = http.StatusText(r.Status)
	}
	label := code
	if label == "" {
		label = "http." + strings.ToLower(strings.ReplaceAll(http.StatusText(r.Status), " ", "."))
	}
	return fault.New(kind, "Partner Center answered %d: %s", r.Status, text).With(label, mend(r.Status, about))
}

func kindOf(status int, code string, about scope) fault.Kind {
	switch {
	case strings.EqualFold(code, "resourceModified"), status == http.StatusPreconditionFailed, status == http.StatusConflict:
		return fault.Conflict
	case status == http.StatusUnauthorized, status == http.StatusForbidden && about == everything:
		return fault.Denied
	case status == http.StatusForbidden:
		return fault.Refused
	case status == http.StatusNotFound, status == http.StatusGone:
		if about == newRecord { // the engagement that it was to join
			return fault.Refused
		}
		return fault.Gone
	case status == http.StatusBadRequest, status == http.StatusUnprocessableEntity:
		return fault.Refused
	case status == http.StatusRequestTimeout, status == http.StatusLocked:
		return fault.Broken
	case status >= 400 && status < 500:
		return fault.Invalid
	}
	return fault.Broken
}

func mend(status int, about scope) string {
	switch {
	case status == http.StatusUnauthorized:
		return "sign in again as the integration user, with MFA, and compare the app's permissions with the guide"
	case status == http.StatusForbidden && about == everything:
		return "give the integration user the role Referrals admin for all locations"
	case status == http.StatusForbidden:
		return "add the integration user to the deal's team, or give it the role Referrals admin for the deal's location"
	}
	return ""
}

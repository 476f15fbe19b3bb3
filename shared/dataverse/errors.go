package dataverse

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/httpclient"
)

// Codes that mean something of their own. Statuses differ between versions, so codes come first.
// https://learn.microsoft.com/power-apps/developer/data-platform/reference/web-service-error-codes
const (
	codeNoRow          = "0x80040217"
	codeNoRowForKey    = "0x80060891"
	codeExists         = "0x80040237"
	codeVersion        = "0x80060882"
	codeDuplicate      = "0x80040333"
	codeKeyTaken       = "0x80060892"
	codeClosed         = "0x80040515"
	codeNotMember      = "0x80072560"
	codePrivilege      = "0x80040220"
	codePrincipal      = "0x80040231"
	codeTimeout        = "0x80044151"
	codeNotTracked     = "0x80072491"
	codeBadOData       = "0x80060888"
	codeManyRequests   = "0x80072322"
	codeMuchTime       = "0x80072321"
	codeManyConcurrent = "0x80072326"
)

// CodeClosed is the Code of a Refused change of state that was made before.
const CodeClosed = "closed.already"

// maxText is how much of an error's text is kept, in characters: people read it in the CRM.
const maxText = 300

// scope says what an answer is about: a 403 on one row is that row's business, elsewhere it is ours.
type scope int

const (
	oneRow scope = iota
	everything
)

// classify turns an answer that is not a success into a fault; it is the only place that does.
func classify(r *httpclient.Response, about scope) error {
	code, text := readProblem(r.Body)
	if text == "" {
		text = http.StatusText(r.Status)
	}
	if kindOf(r.Status, code, about) == fault.Later {
		wait := httpclient.RetryAfter(r, r.Date())
		return fault.Wait(wait, "Dataverse answered %d: %s", r.Status, text).With(code, "")
	}
	label := code
	switch {
	case code == codeClosed:
		label = CodeClosed
	case code == "":
		label = "http." + strings.ToLower(strings.ReplaceAll(http.StatusText(r.Status), " ", "."))
	}
	return fault.New(kindOf(r.Status, code, about), "Dataverse answered %d: %s", r.Status, text).With(label, mend(r.Status, code))
}

func kindOf(status int, code string, about scope) fault.Kind {
	switch code {
	case codeVersion, codeExists, codeDuplicate, codeKeyTaken:
		return fault.Conflict
	case codeNoRow, codeNoRowForKey:
		return fault.Gone
	case codeClosed:
		return fault.Refused
	case codeNotMember, codeNotTracked:
		return fault.Denied
	case codePrivilege, codePrincipal:
		if about == everything {
			return fault.Denied
		}
		return fault.Refused
	case codeTimeout:
		return fault.Broken
	case codeManyRequests, codeMuchTime, codeManyConcurrent:
		return fault.Later
	}
	return kindOfStatus(status, code, about)
}

func kindOfStatus(status int, code string, about scope) fault.Kind {
	switch {
	case status == http.StatusBadRequest:
		return fault.Refused
	case status == http.StatusUnauthorized, status == http.StatusForbidden && about == everything:
		return fault.Denied
	case status == http.StatusForbidden:
		return fault.Refused
	case status == http.StatusNotFound && code == codeBadOData: // the table or set is not there
		return fault.Denied
	case status == http.StatusNotFound, status == http.StatusGone:
		return fault.Gone
	case status == http.StatusConflict, status == http.StatusPreconditionFailed:
		return fault.Conflict
	case status == http.StatusTooManyRequests:
		return fault.Later
	case status == http.StatusRequestTimeout:
		return fault.Broken
	case status == http.StatusNotImplemented, status >= 400 && status < 500:
		return fault.Invalid
	}
	return fault.Broken
}

func mend(status int, code string) string {
	switch {
	case code == codeNotMember:
		return "add the app registration as an application user of this environment"
	case code == codeNotTracked:
		return "switch change tracking on for the table"
	case status == http.StatusForbidden, code == codePrivilege, code == codePrincipal:
		return "give the application user the security role of cosell-sync"
	case status == http.StatusUnauthorized:
		return "compare tenant, client id and credential with the app registration"
	case status == http.StatusNotFound && code == codeBadOData:
		return "compare the table with the CRM; the solution may not be installed"
	}
	return ""
}

// readProblem gives code (lower case, may be empty in older versions) and text of an error body.
func readProblem(body []byte) (code, text string) {
	var p struct {
		Error struct {
			Code    string `json:"code"`
			Message string `json:"message"`
		} `json:"error"`
	}
	if len(body) > 1<<20 || json.Unmarshal(body, &p) != nil {
		return "", ""
	}
	return strings.ToLower(shorten(p.Error.Code, 64)), shorten(p.Error.Message, maxText)
}

// shorten cuts at a character boundary and puts blanks in the place of control characters.
func shorten(s string, limit int) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
	if runes := []rune(s); len(runes) > limit {
		return string(runes[:limit-1]) + "…"
	}
	return s
}

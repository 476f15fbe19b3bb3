package setup

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/httpclient"
)

// Patience is how long a change of the metadata waits for another one, of anybody, to end.
// https://learn.microsoft.com/power-apps/developer/data-platform/webapi/create-update-entity-definitions-using-web-api
const (
	Patience  = 5 * time.Minute
	firstWait = 2 * time.Second
	longWait  = 30 * time.Second
)

// mostLost is how often a call is repeated whose answer did not come: everything is made under a name or an id of ours,
// so that it is made once.
const mostLost = 5

// Timeout is for one call: changes of metadata take up to two minutes.
const Timeout = 300 * time.Second

// Web is the Web API of one environment as somebody sees it who may change the CRM. Its calls come one after another:
// the CRM takes a lock for each change of its metadata.
type Web struct {
	Base  string // https://ORG.crm4.dynamics.com/api/data/v9.2
	HTTP  *httpclient.Client
	Sleep func(ctx context.Context, d time.Duration) error
	Wait  func(text string) // told before a wait; nil tells nobody

	solution string // the unmanaged solution that new components join
	writes   int
}

// The codes that the work is decided by.
// https://learn.microsoft.com/power-apps/developer/data-platform/org-service/web-service-error-codes
const (
	codeAbsent          = "0x80040217" // no such row or definition
	codeDuplicate       = "0x80040237" // a row with the id is there
	codeColumnThere     = "0x80047013"
	codeNameThere       = "0x80060304"
	codeTableThere      = "0x80047014"
	codeChoiceThere     = "0x80044345"
	codeKeyThere        = "0x80060893"
	codeSameKey         = "0x80060894"
	codeSolutionThere   = "0x8004f023"
	codeLookupThere     = "0x8004432b"
	codeNavigationThere = "0x8004432a"
	codeLocked          = "0x80071151" // another change of the metadata is running
	codeBusy            = "0x80072326"
	codeNeeded          = "0x8004f01f" // other components depend on it
)

// refusal is an answer that is not what was asked for.
type refusal struct {
	doing  string
	status int
	code   string // lower case; may be empty
	text   string
}

// Error says what was refused, in the CRM's words.
func (r *refusal) Error() string {
	return strings.TrimSpace(fmt.Sprintf("%s: the CRM answers %d %s %s", r.doing, r.status, r.code, r.text))
}

func refusedWith(err error, codes ...string) bool {
	var r *refusal
	return errors.As(err, &r) && slices.Contains(codes, r.code)
}

// absent: there is no such row, table, column or function.
func absent(err error) bool {
	var r *refusal
	return errors.As(err, &r) && r.status == http.StatusNotFound
}

func unlessAbsent(err error) error {
	if absent(err) {
		return nil
	}
	return err
}

// there: what should be made is there already. It was not when the plan was made, so an earlier try of the same call has
// made it, whose answer was lost, or another run that goes on at the same time.
func there(err error) bool {
	return refusedWith(err, codeDuplicate, codeColumnThere, codeNameThere, codeTableThere, codeChoiceThere, codeKeyThere, codeSameKey, codeSolutionThere, codeLookupThere, codeNavigationThere)
}

// denied: the caller lacks a right. what is its name, where the answer says it.
func denied(err error) (what string, yes bool) {
	var r *refusal
	if !errors.As(err, &r) || r.status != http.StatusForbidden {
		return "", false
	}
	return missingRight.FindString(r.text), true
}

var missingRight = regexp.MustCompile(`\bprv[A-Z][A-Za-z0-9_]{1,100}\b`)

// locked: another change of the metadata is running, or the CRM asks to wait.
func (r *refusal) locked() bool {
	return r.code == codeLocked || r.code == codeBusy || r.status == http.StatusServiceUnavailable
}

// get reads one document. A definition may be half a minute old without the header.
func (w *Web) get(ctx context.Context, path string, into any) error {
	resp, err := w.call(ctx, http.MethodGet, path, nil, nil)
	if err != nil {
		return err
	}
	return resp.Decode(into)
}

// list reads all pages of a collection.
func list[T any](ctx context.Context, w *Web, path string) (all []T, err error) {
	for path != "" {
		var page struct {
			Value []T    `json:"value"`
			Next  string `json:"@odata.nextLink"`
		}
		if err := w.get(ctx, path, &page); err != nil {
			return nil, err
		}
		all, path = append(all, page.Value...), page.Next
	}
	return all, nil
}

var madeID = regexp.MustCompile(`\(([0-9A-Fa-f-]{36})\)$`)

// post makes something, or calls an action; id is what the CRM calls it. Where it is there by now, made by an earlier try of
// the same call or by another run, that is as good, and id is "".
func (w *Web) post(ctx context.Context, path string, body any) (id string, err error) {
	resp, err := w.call(ctx, http.MethodPost, path, body, nil)
	if err != nil {
		return "", err
	}
	if m := madeID.FindStringSubmatch(resp.Header.Get("OData-EntityId")); m != nil {
		id = strings.ToLower(m[1])
	}
	return id, nil
}

// act calls an action. Like a patch it joins no solution.
func (w *Web) act(ctx context.Context, action string, body any) error {
	_, err := w.call(ctx, http.MethodPost, action, body, http.Header{solutionHeader: nil})
	return err
}

// patch changes a row that is there. It joins no solution by that: what joins ours is what a run makes, and a teardown
// takes away what is in it.
func (w *Web) patch(ctx context.Context, path string, body any) error {
	_, err := w.call(ctx, http.MethodPatch, path, body, http.Header{"If-Match": {"*"}})
	return err
}

// put replaces a definition by one that was read whole; labels in other languages stay. Like a patch it joins no solution.
func (w *Web) put(ctx context.Context, path string, body any) error {
	_, err := w.call(ctx, http.MethodPut, path, body, http.Header{"MSCRM.MergeLabels": {"true"}})
	return err
}

// solutionHeader names the solution that a new component joins: MSCRM.SolutionUniqueName, as Go spells names of headers.
const solutionHeader = "Mscrm.solutionuniquename"

// remove deletes; what is gone already is fine.
func (w *Web) remove(ctx context.Context, path string) error {
	if _, err := w.call(ctx, http.MethodDelete, path, nil, nil); err != nil && !absent(err) {
		return err
	}
	return nil
}

// call sends, and waits while the CRM says that something else is under way.
func (w *Web) call(ctx context.Context, method, path string, body any, header http.Header) (*httpclient.Response, error) {
	var text []byte
	if body != nil {
		var err error
		if text, err = json.Marshal(body); err != nil {
			return nil, fmt.Errorf("writing a request: %w", err)
		}
	}
	target := path
	if !strings.HasPrefix(path, "https://") { // a nextLink is whole
		target = w.Base + "/" + path
	}
	if method != http.MethodGet {
		w.writes++
	}
	var waited time.Duration
	for next, lost := firstWait, 0; ; next = min(2*next, longWait) {
		resp, err := w.HTTP.Do(ctx, httpclient.Request{Method: method, URL: target, Header: w.headers(method, header, text != nil), Body: text})
		if err == nil && resp.Status < http.StatusMultipleChoices {
			return resp, nil
		}
		wait := next
		if err == nil {
			r := refused(method+" "+shown(path), resp)
			if method == http.MethodPost && there(r) {
				return resp, nil
			}
			if !r.locked() || waited >= Patience {
				return nil, r
			}
		} else {
			if f := fault.Of(err); f != nil && f.Kind == fault.Later {
				wait = max(f.After, firstWait)
			} else if lost++; !httpclient.Lost(err) || lost > mostLost {
				return nil, err
			}
			if waited >= Patience {
				return nil, err
			}
		}
		if w.Wait != nil {
			w.Wait(fmt.Sprintf("the CRM is busy with another change, waiting %s", wait))
		}
		waited += wait
		if err := w.Sleep(ctx, wait); err != nil {
			return nil, fmt.Errorf("waiting for the CRM: %w", err)
		}
	}
}

func (w *Web) headers(method string, more http.Header, body bool) http.Header {
	h := http.Header{"Accept": {"application/json"}, "Odata-Version": {"4.0"}, "Odata-Maxversion": {"4.0"}, "Consistency": {"Strong"}}
	for name, values := range more {
		if len(values) > 0 {
			h[http.CanonicalHeaderKey(name)] = values
		}
	}
	if method == http.MethodGet {
		h.Set("If-None-Match", "null")
	}
	if body {
		h.Set("Content-Type", "application/json")
	}
	if _, said := more[solutionHeader]; w.solution != "" && method == http.MethodPost && !said {
		h.Set(solutionHeader, w.solution)
	}
	return h
}

func refused(doing string, resp *httpclient.Response) *refusal {
	var said struct {
		Error struct{ Code, Message string }
	}
	_ = json.Unmarshal(resp.Body, &said) // another body says nothing
	text := []rune(strings.Join(strings.Fields(said.Error.Message), " "))
	if len(text) > 300 {
		text = append(text[:299], '…')
	}
	return &refusal{doing: doing, status: resp.Status, code: strings.ToLower(said.Error.Code), text: string(text)}
}

// shown is a path without its query, for errors.
func shown(path string) string {
	short, _, _ := strings.Cut(path, "?")
	return short
}

// quoted is a text in a filter or a key.
func quoted(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

// where is a query of the columns and the rows that are asked for.
func where(set, columns, filter string) string {
	q := set + "?$select=" + columns
	if filter != "" {
		q += "&$filter=" + strings.ReplaceAll(url.QueryEscape(filter), "+", "%20")
	}
	return q
}

package dataverse

import (
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
	codeNoVersions     = "0x8006088d"
	codeDuplicate      = "0x80040333"
	codeKeyTaken       = "0x80060892"
	codeClosed         = "0x80040515"
	codeNotClosable    = "0x80040516"
	codeInactive       = "0x80040230"
	codeNotMember      = "0x80072560"
	codePrivilege      = "0x80040220"
	codePrincipal      = "0x80040231"
	codeColumnWrite    = "0x8004f504"
	codeColumnRead     = "0x8004f507"
	codeTimeout        = "0x80044151"
	codeNotTracked     = "0x80072491"
	codeTooLong        = "0x80044331"
	codeOption         = "0x8004431a"
	codeRange          = "0x8004432f"
	codeDecimalRange   = "0x80044330"
	codePlugin         = "0x80040265"
	codeRequest        = "0x80060888"
	codePayload        = "0x80048d19"
	codePluginFailed   = "0x80040224"
	codeManyRequests   = "0x80072322"
	codeMuchTime       = "0x80072321"
	codeManyConcurrent = "0x80072326"
)

// Codes of our own, which stand where the CRM's would not tell what to do. All other refusals keep the
// CRM's code, e.g. "0x80044331" for a text that is too long.
const (
	CodeClosed    = "closed.already"    // a change of state that was made before
	CodeQuoteOpen = "quote.open"        // draft or active quotes hold up the closing
	CodeColumn    = "column.missing"    // Target names it, "opportunity/new_x", or "new_x" where the table is not named
	CodeTable     = "table.missing"     // a table, a set or an action
	CodePrivilege = "privilege.missing" // Target names it, e.g. prvWriteOpportunity
	CodeAccess    = "access.denied"     // to this one record
	CodeTooLong   = codeTooLong
	CodeKeyTaken  = codeKeyTaken   // another row has the alternate key
	CodeUntracked = codeNotTracked // change tracking is off for the table
	CodePayload   = codePayload    // a column that is not there, or a value of another type
)

// asked is what a call asked for, as far as it decides what a refusal of it means.
type asked struct {
	writes bool
	closes bool              // a closing action is among the writes
	own    map[string]bool   // the rows that must be there: without them the record is gone
	others map[string]bool   // rows of it that must be there too: without them it is another record than was read
	refs   map[string]string // the rows that the values refer to, and the navigation property
	sent   map[string]bool   // the columns and navigation properties that were written
}

// reading one row; no id means a list or metadata, which concern the table.
func reading(ids ...string) asked {
	a := asked{own: map[string]bool{}}
	for _, id := range ids {
		a.own[guid(id)] = true
	}
	return a
}

// writing gathers what a change set, or a single write, asks for.
func writing(writes ...Write) asked {
	a := asked{writes: true, own: map[string]bool{}, others: map[string]bool{}, refs: map[string]string{}, sent: map[string]bool{}}
	for _, w := range writes {
		set, id := w.target()
		switch {
		case id == "": // an action: the row that it is about stands in its parameters
			a.closes = a.closes || set == "WinOpportunity" || set == "LoseOpportunity"
			for _, parameter := range w.Body {
				if row, ok := parameter.(map[string]any); ok {
					a.note(row, func(id, _ string) { a.own[id] = true })
				}
			}
		case w.IfMatch == "*" && len(writes) > 1:
			a.others[id] = true
		case w.IfNoneMatch == "":
			a.own[id] = true
		}
		a.note(w.Body, func(id, nav string) { a.refs[id] = nav })
	}
	return a
}

// note collects the names of a body, and its links.
func (a asked) note(body map[string]any, link func(id, nav string)) {
	for name, value := range body {
		nav, bound := strings.CutSuffix(name, "@odata.bind")
		a.sent[nav] = true
		if text, ok := value.(string); ok && bound {
			if _, id := (Write{Path: strings.TrimPrefix(text, "/")}).target(); id != "" {
				link(id, nav)
			}
		}
	}
}

// target is the set and the row that a path leads to; an action has no row of its own.
func (w Write) target() (set, id string) {
	set, rest, _ := strings.Cut(w.Path, "(")
	id, _, _ = strings.Cut(rest, ")")
	return set, guid(id)
}

// classify turns an answer that is not a success into a fault; it is the only place that does. An answer
// about our rights, tables or columns is Refused of class Ours, whichever record it met; one about a value
// or a rule of the CRM is Refused of class Record.
func classify(r *httpclient.Response, about asked) error {
	p := readReply(r.Body)
	e := about.judge(r, p)
	if e.Code == "" {
		e.Code = p.label(r.Status)
	}
	e.Maybe = r.Unsure
	return e.Quoting(p.text).Answered(r.Status)
}

// Final says that an answer is one for all its 5xx: a duplicate that was detected may come as 500. It is
// for httpclient.Options.
// https://learn.microsoft.com/power-apps/developer/data-platform/webapi/manage-duplicate-detection-create-update
func Final(r *httpclient.Response) bool { return readReply(r.Body).code == codeDuplicate }

func (a asked) judge(r *httpclient.Response, p reply) *fault.Error {
	switch p.code {
	case codeVersion, codeExists, codeKeyTaken:
		return a.plain(fault.Conflict, r, p)
	case codeDuplicate: // nobody wrote in between: it stays so
		return a.plain(fault.Refused, r, p).With("duplicate.found", "").
			Saying("a duplicate detection rule of the CRM finds another record that looks the same", "merge the two, or have the rule changed")
	case codeNoRow, codeNoRowForKey:
		return a.missing(r, p)
	case codeNotMember:
		return a.plain(fault.Denied, r, p).Saying("the CRM does not know our application user", "add the app registration as an application user of this environment")
	case codePrivilege, codePrincipal, codeColumnWrite, codeColumnRead:
		return a.access(r, p)
	case codeTimeout:
		return a.plain(fault.Broken, r, p)
	case codeClosed, codeNotClosable, codeInactive, codePlugin:
		return a.bad(r, p)
	case codeManyRequests, codeMuchTime, codeManyConcurrent:
		return a.later(r, p)
	case codeNotTracked:
		return a.ours(r, p).Saying("change tracking is off for a table of the CRM", "switch change tracking on for the table")
	case codeNoVersions:
		return a.ours(r, p).Saying("a table of the CRM takes no versions", "switch optimistic concurrency on for the table")
	}
	return a.judgeStatus(r, p)
}

func (a asked) judgeStatus(r *httpclient.Response, p reply) *fault.Error {
	switch s := r.Status; {
	case s == http.StatusBadRequest, s == http.StatusUnprocessableEntity, s == http.StatusRequestEntityTooLarge:
		return a.bad(r, p)
	case s == http.StatusUnauthorized:
		return a.plain(fault.Denied, r, p).Saying("the CRM takes no token of ours", "compare tenant, client id and credential with the app registration")
	case s == http.StatusForbidden:
		return a.access(r, p)
	case s == http.StatusNotFound && p.code == "" && (p.noRow() || a.ofRow(p) != ""):
		return a.missing(r, p)
	case s == http.StatusNotFound:
		return a.schema(r, p)
	case s == http.StatusGone:
		return a.plain(fault.Gone, r, p)
	case s == http.StatusConflict && a.writes && p.code != "": // versions and keys have codes of their own, above
		return a.bad(r, p)
	case s == http.StatusConflict, s == http.StatusPreconditionFailed:
		return a.plain(fault.Conflict, r, p)
	case s == http.StatusTooManyRequests:
		return a.later(r, p)
	case s == http.StatusRequestTimeout, s == http.StatusLocked:
		return a.plain(fault.Broken, r, p)
	case s == http.StatusNotImplemented, s >= 400 && s < 500: // a verb, a form, a header: our program or its settings
		return a.ours(r, p).Saying("the CRM does not understand what we ask for", "compare the address of the CRM with the guide, and report it")
	}
	return a.plain(fault.Broken, r, p)
}

// plain is a fault that says what was answered, in our words.
func (a asked) plain(kind fault.Kind, r *httpclient.Response, p reply) *fault.Error {
	if p.code == "" {
		return fault.New(kind, "Dataverse answered %d", r.Status)
	}
	return fault.New(kind, "Dataverse answered %d (%s)", r.Status, p.code)
}

func (a asked) later(r *httpclient.Response, p reply) *fault.Error {
	e := a.plain(fault.Later, r, p)
	e.After = httpclient.RetryAfter(r, r.Date())
	return e
}

func (a asked) ours(r *httpclient.Response, p reply) *fault.Error {
	return a.plain(fault.Refused, r, p).OfClass(fault.Ours)
}

// missing: the record itself is gone, or something that its values refer to was never there.
func (a asked) missing(r *httpclient.Response, p reply) *fault.Error {
	table, id := p.missingRow()
	if id == "" {
		id = a.ofRow(p)
	}
	nav, referred := a.refs[id]
	switch {
	case a.others[id] && !a.own[id]:
		return a.plain(fault.Conflict, r, p)
	case a.own[id], len(a.own) > 0 && (!a.writes || id == "" && !a.refers()):
		return a.plain(fault.Gone, r, p)
	case !a.writes:
		return a.schema(r, p)
	}
	if table == "" {
		table = "reference"
	}
	what := "a " + table
	if referred {
		what += " that " + nav + " refers to"
	}
	return fault.Lacking(fault.Record, table, "Dataverse answered %d (%s): a row that is referred to does not exist", r.Status, p.code).
		Naming(nav).Saying(what+" does not exist in the CRM", "choose another, or restore it")
}

// ofRow is the row of ours that a text in any language names by its id: of several one that is referred to.
func (a asked) ofRow(p reply) (row string) {
	for _, id := range p.ids() {
		if _, referred := a.refs[id]; referred && !a.own[id] && !a.others[id] {
			return id
		}
		if row == "" && (a.own[id] || a.others[id]) {
			row = id
		}
	}
	return row
}

// refers says whether the values refer to rows that need not be there.
func (a asked) refers() bool {
	for id := range a.refs {
		if !a.own[id] && !a.others[id] {
			return true
		}
	}
	return false
}

// access tells a right that our role lacks from one that this record keeps from us.
func (a asked) access(r *httpclient.Response, p reply) *fault.Error {
	privilege, right := p.privilege(), p.right()
	switch {
	case privilege != "":
		return a.ours(r, p).With(CodePrivilege, "").Naming(privilege).
			Saying("the application user lacks "+privilege, "cosellctl setup dataverse writes the security role of the application user anew; or add "+privilege+" to it by hand, for the whole organisation")
	case right != "" && len(a.own)+len(a.refs) > 0:
		return a.plain(fault.Refused, r, p).With(CodeAccess, "").
			Saying("the application user has no "+right+" to this record", "share the record with the application user, or give its security role the right for the whole organisation")
	case p.code == codeColumnWrite, p.code == codeColumnRead:
		at, _, _ := a.named(p)
		return a.ours(r, p).Naming(at.String()).OfPart().
			Saying("column security keeps a column from the application user", "add the application user to the column security profile")
	}
	return a.ours(r, p).Saying("the application user lacks a right", "compare the security role of the application user with the guide")
}

// keptFromUs makes a refusal ours where several rows in a row were kept from us alike: then it is our role that
// does not reach them.
func keptFromUs(streak *fault.Streak, err error, row string, r *httpclient.Response) error {
	e := fault.Of(err)
	if e == nil || e.Code != CodeAccess || !streak.No(guid(row), r.Date()) {
		return err
	}
	e.OfClass(fault.Ours).Saying("the application user is kept from every record that it needs",
		"cosellctl setup dataverse writes the security role of the application user anew; or give it the right by hand for the whole organisation, not for its own records alone")
	return err
}

// first is the row that a change set is about, or one of them.
func first(own map[string]bool) (row string) {
	for id := range own {
		if row == "" || id < row {
			row = id
		}
	}
	return row
}

// bad is a 400, 409, 413 or 422. Of a read it is about our columns and tables, never about the record; of a
// write it is about a value, unless it names something that does not exist.
func (a asked) bad(r *httpclient.Response, p reply) *fault.Error {
	if _, named := p.missingColumn(); named || p.missingSet() != "" || !a.writes {
		return a.schema(r, p)
	}
	e, where := a.plain(fault.Refused, r, p), "a column"
	if at, certain, ok := a.named(p); ok {
		e, where = e.Naming(at.String()), at.words()
		e.Guessed = !certain
		if e.Guessed && p.bare { // so are columns refused that are not there
			return e.OfClass(fault.Ours).OfPart().With(CodeColumn, "").Saying(where+" does not exist in the CRM", mendSchema)
		}
	}
	switch {
	case p.code == codeClosed:
		return e.With(CodeClosed, "").Saying("the opportunity is closed already", "nothing to do")
	case p.code == codeNotClosable, a.closes && p.speaksOfQuotes():
		return e.With(CodeQuoteOpen, "").Saying("the opportunity cannot be closed while it has open quotes",
			"close the draft and active quotes; the closing is tried again by itself")
	case p.code == codeInactive:
		return e.Saying("the record is closed or inactive", "activate or reopen it")
	case p.code == codeTooLong:
		return e.Saying("the text is longer than "+where+" takes", "shorten it")
	case p.code == codeOption:
		return e.Saying(where+" has no such option", "compare the options with the field sheet")
	case p.code == codeRange, p.code == codeDecimalRange:
		return e.Saying("the value is outside of what "+where+" takes", "correct the value")
	case p.code == codePlugin, p.code == codePluginFailed:
		return e.Saying("a rule of the CRM's own refused it", "correct what the rule asks for, or ask the CRM's administrator")
	case e.Target != "":
		return e.Saying("the CRM does not take the value of "+where, "correct the value")
	}
	return e.Saying("the CRM refused it", "correct the record, or ask the CRM's administrator")
}

const mendSchema = "compare the field sheet with the CRM, and install the columns and tables of cosell-sync"

// schema: something that the sheet or we take for granted does not exist.
func (a asked) schema(r *httpclient.Response, p reply) *fault.Error {
	if at, named := p.missingColumn(); named {
		return a.ours(r, p).With(CodeColumn, "").Naming(at.String()).Saying(at.words()+" does not exist in the CRM", mendSchema)
	}
	if set := p.missingSet(); set != "" {
		return a.ours(r, p).With(CodeTable, "").Naming(set).Saying("the table or action "+set+" does not exist in the CRM", mendSchema)
	}
	if r.Status == http.StatusNotFound {
		return a.ours(r, p).With(CodeTable, "").Saying("a table or action does not exist in the CRM", mendSchema)
	}
	e := a.ours(r, p).Saying("the CRM does not understand what we ask for", mendSchema)
	if !a.writes && (p.code == "" || p.code == codeRequest) { // a text in another language: the metadata tells
		e.Code = CodeColumn
	}
	return e
}

// named is the column that the answer names, if it is one that we wrote: the text may quote values. certain is
// false where it is not known what the text says, and only one such name stands in it.
func (a asked) named(p reply) (at place, certain, ok bool) {
	for _, at := range p.places() {
		if a.sent[at.column] {
			return at, true, true
		}
	}
	for _, word := range p.names() {
		switch {
		case !a.sent[word] || word == at.column:
		case at.column != "":
			return place{}, false, false
		default:
			at.column = word
		}
	}
	return at, false, at.column != ""
}

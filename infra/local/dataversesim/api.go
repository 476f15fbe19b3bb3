package dataversesim

import (
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/control"
)

const apiPrefix = "/api/data/"

// call is one operation of the Web API, alone or in a batch.
type call struct {
	method, path, query string // path is escaped and below the root
	root                string // https://host/api/data/v9.2/
	header              http.Header
	body                []byte
	refs                map[string]string // $n of the change set: links
	opts                options
	prefer              prefer
}

// answer is what becomes of a call.
type answer struct {
	status      int
	body        []byte
	contentType string // empty: JSON
	etag        string
	entityID    string // OData-EntityId
	applied     []string
	err         *apiError
}

// identity is who calls: the application's user, and the one it acts for.
type identity struct {
	name         string // application id or user name, for the history
	caller, user string
}

func (s *Simulator) serveAPI(w http.ResponseWriter, r *http.Request) {
	leave, inFlight := s.enter()
	defer leave()
	start := s.now()
	var body []byte
	if r.Body != http.NoBody {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return // the caller has gone
		}
	}
	done := s.work(r, body, start, inFlight)
	who, a, t := done.who, done.answer, done.tx

	h := w.Header()
	h.Set("Date", start.UTC().Format(http.TimeFormat))
	h.Set("OData-Version", "4.0")
	h.Set("REQ_ID", done.id)
	h.Set("x-ms-service-request-id", done.id)
	h.Set("Cache-Control", "no-cache")
	h.Set(control.HeaderIdentity, who.name)
	if who.caller != "" {
		h.Set("x-ms-ratelimit-burst-remaining-xrm-requests", strconv.Itoa(done.left.requests))
		h.Set("x-ms-ratelimit-time-remaining-xrm-requests", strconv.FormatFloat(done.left.seconds, 'f', 2, 64))
	}
	if t != nil && t.before != "" {
		h.Set(control.HeaderBefore, t.before)
	}
	if t != nil && t.after != "" {
		h.Set(control.HeaderAfter, t.after)
	}
	if a.status == 401 {
		h.Set("WWW-Authenticate", "Bearer authorization_uri=https://login.microsoftonline.com/"+s.o.Tenant+"/oauth2/authorize, resource_id=https://"+s.o.Host+"/")
	}
	a.writeHead(h)
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body) // the caller has gone: nothing to tell
}

// done is what one request came to.
type done struct {
	who    identity
	answer *answer
	tx     *tx // of the last operation, nil without one
	left   allowance
	id     string
}

// work does a request under the lock.
func (s *Simulator) work(r *http.Request, body []byte, start time.Time, inFlight int64) done {
	s.mu.Lock()
	defer s.notifyUnlock()
	s.settleKeys()
	s.settleImports()
	who, a := s.admit(r, inFlight)
	s.calling = who.caller
	defer func() { s.calling = "" }()
	d := done{who: who, answer: a, id: s.newID()}
	if a == nil {
		operations := 1
		d.answer, d.tx, operations = s.serve(r, who, body)
		s.limits.spend(who.caller, start, s.now().Sub(start), operations, s.sw)
	}
	d.left = s.limits.remaining(who.caller, s.now(), s.sw)
	return d
}

// writeHead sets the headers that belong to one operation.
func (a *answer) writeHead(h http.Header) {
	if len(a.body) > 0 {
		ct := a.contentType
		if ct == "" {
			ct = "application/json; odata.metadata=minimal"
		}
		h.Set("Content-Type", ct)
	}
	if a.etag != "" {
		h.Set("ETag", a.etag)
	}
	if a.entityID != "" {
		h.Set("OData-EntityId", a.entityID)
	}
	if len(a.applied) > 0 {
		h.Set("Preference-Applied", strings.Join(a.applied, ","))
	}
	if a.err != nil && a.err.retryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(a.err.retryAfter))
	}
}

// serve runs one request. The transaction comes back for its versions.
func (s *Simulator) serve(r *http.Request, who identity, body []byte) (*answer, *tx, int) {
	c := &call{method: r.Method, query: r.URL.RawQuery, header: r.Header, body: body}
	version, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.EscapedPath(), apiPrefix), "/")
	if version != "v9.2" && version != "v9.1" && version != "v9.0" || !strings.HasPrefix(r.URL.Path, apiPrefix) {
		return s.refuse(c, fail(404, codeBadRequest, "No HTTP resource was found that matches the request URI '%s'.", clip(r.URL.Path, 200))), nil, 1
	}
	c.path, c.root = rest, s.baseURL(r)+apiPrefix+version+"/"
	if rest == "$batch" {
		return s.batch(c, who)
	}
	a, t := s.single(c, who)
	return a, t, 1
}

// single runs one operation in a transaction of its own.
func (s *Simulator) single(c *call, who identity) (*answer, *tx) {
	t := s.begin(who.user, who.caller)
	a := s.operate(c, t)
	if a.err != nil {
		t.rollback()
	} else {
		t.commit()
	}
	return a, t
}

// operate runs one operation inside a transaction and never fails: errors become answers.
func (s *Simulator) operate(c *call, t *tx) *answer {
	c.prefer = parsePrefer(c.header.Values("Prefer"))
	t.via = c
	a, err := s.dispatch(c, t)
	if err != nil {
		return s.refuse(c, err)
	}
	for _, p := range c.prefer.applied {
		name := strings.ToLower(strings.TrimSpace(p))
		isRead := c.method == http.MethodGet
		switch {
		case strings.HasPrefix(name, "return") && !isRead, strings.HasPrefix(name, "odata.maxpagesize") && isRead,
			strings.HasPrefix(name, "odata.track-changes") && isRead, strings.HasPrefix(name, "odata.include-annotations"):
			a.applied = append(a.applied, strings.TrimSpace(p))
		}
	}
	return a
}

// refuse writes an error as the Web API does.
func (s *Simulator) refuse(c *call, err error) *answer {
	var e *apiError
	if !errors.As(err, &e) {
		e = fail(500, "0x80040216", "%s", err.Error())
	}
	b := quote([]byte(`{"error":{"code":`), e.code)
	b = quote(append(b, `,"message":`...), translated(s.tongue(), e.message))
	if c != nil && c.prefer.wants("Microsoft.PowerApps.CDS.HelpLink") {
		b = quote(append(b, `,"@Microsoft.PowerApps.CDS.HelpLink":`...), "http://go.microsoft.com/fwlink/?LinkID=398563&error=Microsoft.Crm.CrmException:"+e.code)
	}
	if c != nil && c.prefer.wants("Microsoft.PowerApps.CDS.ErrorDetails.OperationStatus") {
		b = append(b, `,"@Microsoft.PowerApps.CDS.ErrorDetails.OperationStatus":"0"`...)
	}
	return &answer{status: e.status, body: append(b, "}}"...), err: e}
}

// dispatch finds what a path and verb ask for.
func (s *Simulator) dispatch(c *call, t *tx) (*answer, error) {
	segs, err := parsePath(c.path)
	if err != nil {
		return nil, err
	}
	if c.opts, err = parseQuery(c.query); err != nil {
		return nil, err
	}
	t.tag = c.opts.tag
	if err := s.bypass(c, t); err != nil {
		return nil, err
	}
	if len(segs) == 0 {
		return s.serviceDocument(c), nil
	}
	switch name := segs[0].name; name {
	case "WhoAmI":
		return s.whoAmI(c, t), nil
	case "RetrieveProvisionedLanguages":
		if c.method != http.MethodGet {
			return nil, wrongVerb(c)
		}
		return s.languagesAnswer(c)
	case "RetrieveLocLabels", "SetLocLabels":
		return s.locLabels(c, t, segs[0])
	case "WinOpportunity", "LoseOpportunity":
		if c.method != http.MethodPost {
			return nil, fail(404, "", "No HTTP resource was found that matches the request URI '%s'.", clip(c.path, 200))
		}
		return s.closeAction(c, t, strings.TrimSuffix(name, "Opportunity"))
	case "$batch":
		return nil, syntax("A batch inside of a batch is not allowed.")
	case "EntityDefinitions", "GlobalOptionSetDefinitions", "RelationshipDefinitions":
		return s.metadata(c, t, segs)
	case "$metadata", "ExportSolution":
		return nil, missing("%s", name)
	}
	if isCustomizingAction(segs[0].name) {
		return s.customizingAction(c, t, segs[0].name)
	}
	tab := s.schema.sets[segs[0].name]
	if tab == nil {
		return nil, s.noResource(segs[0].name)
	}
	if segs[0].hasArgs {
		return s.record(c, t, tab, segs)
	}
	return s.set(c, t, tab, segs)
}

func wrongVerb(c *call) *apiError {
	return fail(405, codeBadRequest, "The requested resource does not support http method '%s'.", c.method)
}

// set serves an entity set: all its rows.
func (s *Simulator) set(c *call, t *tx, tab *table, segs []segment) (*answer, error) {
	if len(segs) > 1 {
		if segs[1].name == "$count" && c.method == http.MethodGet {
			return s.count(c, tab, nil)
		}
		if message, bound := strings.CutPrefix(segs[1].name, "Microsoft.Dynamics.CRM."); bound {
			switch {
			case message == "RetrieveUnpublishedMultiple" && publishable(tab.name) && c.method == http.MethodGet:
				c.opts.unpublished = true
				return s.readCollection(c, tab, nil)
			case s.hasMultiple(tab, message):
				return s.multiple(c, t, tab, message)
			case slices.Contains(multiples(), message):
				return nil, s.noResource(segs[1].name)
			}
			return nil, missing("%s", segs[1].name)
		}
		return nil, s.noResource(segs[1].name)
	}
	switch c.method {
	case http.MethodGet:
		return s.readCollection(c, tab, nil)
	case http.MethodPost:
		ch, err := s.decode(tab, c.body, true, c.refs)
		if err != nil {
			return nil, err
		}
		return s.createAnswer(c, t, tab, ch, "")
	}
	return nil, wrongVerb(c)
}

// count answers …/$count.
func (s *Simulator) count(c *call, tab *table, extra predicate) (*answer, error) {
	q, err := s.compile(tab, c.opts)
	if err != nil {
		return nil, err
	}
	n := min(len(q.rows(extra)), maxPage)
	return &answer{status: 200, contentType: "text/plain", body: []byte(strconv.Itoa(n))}, nil
}

func (s *Simulator) whoAmI(c *call, t *tx) *answer {
	b := append([]byte{'{'}, contextMember(c.root, "Microsoft.Dynamics.CRM.WhoAmIResponse")...)
	b = append(b, `"BusinessUnitId":"`+BusinessUnitID+`","UserId":"`+t.user+`","OrganizationId":"`+s.o.OrganizationID+`"}`...)
	return &answer{status: 200, body: b}
}

func (s *Simulator) serviceDocument(c *call) *answer {
	b := append([]byte{'{'}, `"@odata.context":`...)
	b = quote(b, c.root+"$metadata")
	b = append(b, `,"value":[`...)
	for i, t := range s.schema.order {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, `{"name":"`+t.set+`","kind":"EntitySet","url":"`+t.set+`"}`...)
	}
	return &answer{status: 200, body: append(b, "]}"...)}
}

// bypass reads the headers that keep steps from running for this call.
// https://learn.microsoft.com/power-apps/developer/data-platform/bypass-custom-business-logic
func (s *Simulator) bypass(c *call, t *tx) error {
	logic := c.header.Get("MSCRM.BypassBusinessLogicExecution")
	ids := c.header.Get("MSCRM.BypassBusinessLogicExecutionStepIds")
	t.skipAll, t.skip = false, nil
	if logic == "" && ids == "" {
		return nil
	}
	if !s.sw.flag("bypassPrivilege") && !s.holds(bypassPrivilege) {
		return fail(403, codePrivilege, "Principal user is missing prvBypassCustomBusinessLogic privilege.")
	}
	t.skipAll = strings.Contains(logic, "CustomAsync")
	t.skip = map[string]bool{}
	for _, id := range strings.Split(ids, ",") {
		if id = strings.ToLower(strings.TrimSpace(id)); id != "" {
			t.skip[id] = true
		}
	}
	if len(t.skip) > 3 {
		return fail(400, codeInvalidArgument, "The number of step ids in MSCRM.BypassBusinessLogicExecutionStepIds exceeds the limit of 3.")
	}
	return nil
}

package partnercentersim

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// operation is one step of a JSON Patch (RFC 6902); Partner Center takes add and replace only.
// https://learn.microsoft.com/partner-center/developer/patch-a-referral
type operation struct {
	op, path string
	value    any
}

// patch is PATCH of one referral: all operations or none.
func (s *Sim) patch(w http.ResponseWriter, r *http.Request, id string) *refusal {
	have, refused := s.visible(id)
	if refused != nil {
		return refused
	}
	if match := r.Header.Get("If-Match"); match != "" && match != "*" && match != have.etag() {
		return stale(w, have, match)
	}
	body, refused := readBody(r, "application/json", "application/json-patch+json")
	if refused != nil {
		return refused
	}
	operations, refused := readOperations(body)
	if refused != nil {
		return refused
	}
	if refused := s.ruled(r, false, s.setBy(operations)); refused != nil {
		return refused
	}
	before := have.etag()
	if refused := s.change(have, operations, byAPI); refused != nil {
		return refused
	}
	reportVersions(w, before, have.etag())
	w.Header().Set("ETag", have.etag())
	if strings.Contains(strings.ToLower(r.Header.Get("Prefer")), "return=representation") {
		w.Header().Set("Preference-Applied", "return=representation")
		writeJSON(w, http.StatusOK, s.answer(have))
		return nil
	}
	w.Header().Set("Content-Length", "0")
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func readOperations(body any) ([]operation, *refusal) {
	steps, ok := body.([]any)
	if !ok || len(steps) == 0 {
		return nil, invalid("body", "the body must be a JSON Patch: an array of at least one operation")
	}
	out := make([]operation, 0, len(steps))
	for i, e := range steps {
		m, ok := e.(map[string]any)
		if !ok {
			return nil, invalid("body", "operation %d is not an object", i)
		}
		step := document(m)
		op := operation{op: step.text("op"), path: step.text("path"), value: m["value"]}
		if op.op != "add" && op.op != "replace" {
			return nil, invalid("invalidOperation", "operation %d: %q is not supported, only add and replace are", i, op.op)
		}
		if !strings.HasPrefix(op.path, "/") || len(op.path) < 2 {
			return nil, invalid("invalidPath", "operation %d: path %q is not a JSON pointer to a property", i, op.path)
		}
		if _, there := m["value"]; !there {
			return nil, invalid("invalidOperation", "operation %d has no value", i)
		}
		out = append(out, op)
	}
	return out, nil
}

// way is how the partner's change came in. The switches about PATCH do not bind people in the portal.
type way bool

const (
	byAPI    way = false
	byPortal way = true
)

// change applies operations of the partner to a referral, or none of them.
func (s *Sim) change(have *referral, operations []operation, by way) *refusal {
	all, some := registering(operations)
	if all {
		return s.register(have, operations, by)
	}
	if refused := s.mayChange(have); refused != nil {
		return refused
	}
	if some {
		return invalid("invalidOperation", "a registration is changed in a PATCH of its own").about(registrationsPath)
	}
	if refused := s.offered(operations, by); refused != nil {
		return refused
	}
	after := have.doc.clone()
	touched := map[string]bool{}
	for _, op := range operations {
		refused := s.apply(after, op, by, touched)
		if refused != nil {
			return refused
		}
	}
	if touched["status"] != touched["substatus"] {
		return invalid("invalidStatus", "status and substatus must be set together").about("status")
	}
	return s.become(have, s.skeleton(after), by)
}

// mayChange says whether the partner may change a referral at all.
func (s *Sim) mayChange(have *referral) *refusal {
	if have.microsoft() {
		return refuse(http.StatusForbidden, "accessDenied", "notYours", "referral %s is Microsoft's: only Microsoft changes it", have.id())
	}
	if have.closed() {
		return invalid("referralClosed", "referral %s is Closed/%s: nothing can be changed any more", have.id(), have.doc.text("substatus"))
	}
	return nil
}

// become gives a referral the content that the partner wants, if doors, life cycle and demands let it pass.
func (s *Sim) become(have *referral, after document, by way) *refusal {
	if refused := s.guard(have.doc, after, by); refused != nil {
		return refused
	}
	if refused := s.step(have.doc, after, by); refused != nil {
		return refused
	}
	if s.is("strict", "true") {
		check := &demands{s: s}
		if accepted := have.doc.text("status") == "New" && after.text("status") == "Active"; accepted && s.is("acceptance", "whole") {
			check.accepted(after)
		} else {
			check.changed(have.doc, after)
		}
		if refused := check.refusal(); refused != nil {
			return refused
		}
	}
	s.accepted(have.doc, after)
	if !same(have.doc.at(shareConsent), after.at(shareConsent)) {
		s.followConsent(after)
	}
	settle(have.doc, after, s.opts.Now())
	s.remake(after)
	have.doc = after
	s.save(have)
	return nil
}

// apply does one operation. Names are found without regard to case.
func (s *Sim) apply(doc document, op operation, by way, touched map[string]bool) *refusal {
	names := pointer(op.path)
	names, at := s.spell(names)
	if at == nil {
		if by == byAPI && s.is("unknownPath", "ignore") {
			return nil
		}
		return invalid("invalidPath", "path %s names no property of a referral", op.path).about(op.path)
	}
	path := strings.Join(names, "/")
	if isReadOnly(path) {
		if by == byAPI && s.is("readOnlyPatch", "ignore") {
			return nil
		}
		return invalid("readOnlyProperty", "path %s cannot be changed", op.path).about(op.path)
	}
	if by == byAPI && s.is("arrayReplace", "refuse") && at.kind == list {
		status, _ := strconv.Atoi(s.switches["arrayReplaceStatus"]) // one of its values
		return refuse(status, "invalidRequest", "invalidOperation", "path %s is an array: add to it or change its elements", op.path).about(op.path)
	}
	read := s.reading()
	value := read.canonical(at, op.value, "/"+path)
	if refused := refuseAll("invalidProperty", read.problems); refused != nil {
		return refused
	}
	if inArray(names) {
		if value == nil {
			return invalid("invalidProperty", "%s must not be null", path).about(op.path)
		}
		value = fill(at, value)
	}
	touched[names[0]] = true
	_, refused := insert(map[string]any(doc), names, operation{op: op.op, path: op.path, value: value})
	return refused
}

// inArray says whether a path ends at an element of an array.
func inArray(names []string) bool {
	last := names[len(names)-1]
	_, err := strconv.Atoi(last)
	return last == "-" || err == nil
}

// pointer splits a JSON pointer (RFC 6901).
func pointer(path string) []string {
	names := strings.Split(strings.TrimPrefix(path, "/"), "/")
	for i, n := range names {
		names[i] = strings.NewReplacer("~1", "/", "~0", "~").Replace(n)
	}
	return names
}

// connectorPaths are what Microsoft's published connector offers for a PATCH, beside deal registration.
func connectorPaths() []string {
	return []string{"campaignId", shareConsent, contactsPath, contactsPath + "/-", "details/closingDateTime", "details/currency",
		"details/dealValue", "details/notes", solutionsPath, solutionsPath + "/-", "externalReferenceId", "referralProgram",
		"salesStage", "status", "substatus", "statusReason", "team", "team/-"}
}

// offered refuses paths by the switch patchPaths.
func (s *Sim) offered(operations []operation, by way) *refusal {
	if by == byPortal || s.is("patchPaths", "any") || s.is("patchPaths", "alone") && len(operations) == 1 {
		return nil
	}
	for _, op := range operations {
		names, at := s.spell(pointer(op.path))
		if at != nil && !slices.Contains(connectorPaths(), strings.Join(names, "/")) {
			return invalid("pathNotOffered", "path %s cannot be patched", op.path).about(op.path)
		}
	}
	return nil
}

// spell turns the names of a path into the service's own spelling, and finds the property that it ends at; nil
// when it names none.
func (s *Sim) spell(names []string) ([]string, *shape) {
	out := make([]string, 0, len(names))
	at := s.shape
	for _, n := range names {
		switch at.kind {
		case object:
			m := at.members[strings.ToLower(n)]
			if m == nil {
				return nil, nil
			}
			at = m
			out = append(out, m.name)
		case list:
			at = at.element
			out = append(out, n)
		case opaque:
			out = append(out, n)
		default:
			return nil, nil
		}
	}
	return out, at
}

// insert puts a value at the path below v and gives back v as it then is.
func insert(v any, names []string, op operation) (any, *refusal) {
	name, last := names[0], len(names) == 1
	switch v := v.(type) {
	case map[string]any:
		if last {
			v[name] = op.value
			return v, nil
		}
		child, refused := insert(v[name], names[1:], op)
		if refused == nil {
			v[name] = child
		}
		return v, refused
	case []any:
		i, refused := index(v, name, last && op.op == "add", op.path)
		if refused != nil {
			return nil, refused
		}
		if last && op.op == "add" {
			return slices.Insert(v, i, op.value), nil
		}
		if last {
			v[i] = op.value
			return v, nil
		}
		child, refused := insert(v[i], names[1:], op)
		if refused == nil {
			v[i] = child
		}
		return v, refused
	}
	return nil, invalid("invalidPath", "path %s goes through something that is empty", op.path).about(op.path)
}

// index reads an array index; "-" is the place behind the last element, for add only.
func index(v []any, name string, adding bool, path string) (int, *refusal) {
	if name == "-" && adding {
		return len(v), nil
	}
	i, err := strconv.Atoi(name)
	limit := len(v)
	if adding {
		limit++
	}
	if err != nil || i < 0 || i >= limit {
		return 0, invalid("invalidPath", "path %s: there is no place %s in an array of %d", path, name, len(v)).about(path)
	}
	return i, nil
}

package partnercentersim

import (
	"net/http"
	"strconv"
)

// put is PUT of one referral, obsolete since late 2020: the whole resource, with If-Match, without links.
// https://learn.microsoft.com/partner/develop/update-a-referral
func (s *Sim) put(w http.ResponseWriter, r *http.Request, id string) *refusal {
	have, refused := s.visible(id)
	if refused != nil {
		return refused
	}
	switch match := r.Header.Get("If-Match"); match {
	case "":
		status, _ := strconv.Atoi(s.switches["putWithoutIfMatch"]) // one of its values
		return refuse(status, "preconditionFailed", "ifMatchMissing", "If-Match is needed")
	case have.etag(), "*":
	default:
		return stale(w, have, match)
	}
	asked, refused := s.readReferral(r)
	if refused != nil {
		return refused
	}
	if _, there := asked["links"]; there {
		return invalid("links", "links must not be sent").about("links")
	}
	set := map[string]any{}
	spread(set, "", map[string]any(asked))
	if refused := s.ruled(r, false, set); refused != nil {
		return refused
	}
	if refused := s.mayChange(have); refused != nil {
		return refused
	}
	for _, path := range append(readOnly(), registrationsPath) { // what the body leaves out of these is not meant to be emptied
		if value := have.doc.at(path); path != "links" && !asked.holds(path) && value != nil {
			asked.put(path, clone(value))
		}
	}
	before := have.etag()
	if refused := s.become(have, s.skeleton(asked), byAPI); refused != nil {
		return refused
	}
	reportVersions(w, before, have.etag())
	w.Header().Set("ETag", have.etag())
	writeJSON(w, http.StatusOK, s.answer(have))
	return nil
}

// stale is the answer to a version that is not the present one.
func stale(w http.ResponseWriter, have *referral, match string) *refusal {
	reportVersions(w, have.etag(), have.etag())
	return refuse(http.StatusPreconditionFailed, "preconditionFailed", "resourceModified", "If-Match %s is not the current version of referral %s", match, have.id())
}

package partnercentersim

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

const pageSize = 100

// query is what a list call asks for. It travels inside $skiptoken, so that a page can be asked for by the
// token alone.
type query struct {
	Filter string `json:"f,omitempty"`
	Order  string `json:"o,omitempty"`
	Select string `json:"s,omitempty"`
	Skip   int    `json:"k,omitempty"`
	Top    int    `json:"t"` // -1: no limit
	Count  bool   `json:"c,omitempty"`
}

// list is GET of the collection: https://learn.microsoft.com/partner-center/developer/get-a-list-of-referrals.
func (s *Sim) list(w http.ResponseWriter, r *http.Request) *refusal {
	asked, refused := readQuery(r.URL.RawQuery)
	if refused != nil {
		return refused
	}
	if limit := s.number("topLimit"); limit > 0 && asked.Top > limit {
		return invalid("invalidQuery", "$top=%d is more than %d", asked.Top, limit)
	}
	keep, refused := s.filter(asked.Filter)
	if refused != nil {
		return refused
	}
	compare, refused := ordering(asked.Order)
	if refused != nil {
		return refused
	}
	columns, refused := s.selection(asked.Select)
	if refused != nil {
		return refused
	}
	found := s.listed(keep)
	if compare != nil {
		slices.SortStableFunc(found, compare)
	}
	s.answerPage(w, r, asked, found, columns)
	return nil
}

func (s *Sim) answerPage(w http.ResponseWriter, r *http.Request, asked query, found []document, columns []string) {
	out := map[string]any{"@odata.context": contextBase}
	if asked.Count {
		out["@odata.count"] = len(found)
	}
	from := min(asked.Skip, len(found))
	size := pageSize
	if asked.Top >= 0 {
		size = min(size, asked.Top)
	}
	to := min(from+size, len(found))
	value := make([]any, 0, to-from)
	for _, one := range found[from:to] {
		value = append(value, s.item(one, columns))
	}
	out["value"] = value
	next := asked
	next.Skip = to
	if asked.Top >= 0 {
		next.Top -= to - from
	}
	if to < len(found) && next.Top != 0 {
		out["@odata.nextLink"] = s.nextLink(r, next)
	}
	writeJSON(w, http.StatusOK, out)
}

func (s *Sim) nextLink(r *http.Request, next query) string {
	data, _ := json.Marshal(next) // texts and numbers: cannot fail
	token := "$skiptoken=" + base64.RawURLEncoding.EncodeToString(data)
	if s.is("nextLink", "http") {
		return "http://" + r.Host + "/v1.0/referrals?" + token
	}
	return "https://" + r.Host + referralsPath + "?" + token
}

// readQuery reads the OData options; what it does not know, it refuses.
func readQuery(raw string) (query, *refusal) {
	q := query{Top: -1, Count: true}
	values, err := url.ParseQuery(raw)
	if err != nil {
		return q, invalid("invalidQuery", "the query cannot be read: %v", err)
	}
	for name, all := range values {
		if len(all) != 1 {
			return q, invalid("invalidQuery", "%s is given more than once", name)
		}
		v := all[0]
		switch name {
		case "$filter":
			q.Filter = v
		case "$orderby":
			q.Order = v
		case "$select":
			q.Select = v
		case "$top":
			q.Top, err = strconv.Atoi(v)
		case "$skip":
			q.Skip, err = strconv.Atoi(v)
		case "$count":
			q.Count, err = strconv.ParseBool(v)
		case "$skiptoken":
		default:
			return q, invalid("invalidQuery", "the query option %s is not supported", name)
		}
		if err != nil || q.Skip < 0 || q.Top < -1 || name == "$top" && q.Top < 0 {
			return q, invalid("invalidQuery", "%s=%s is not valid", name, v)
		}
	}
	if token, there := values["$skiptoken"]; there {
		data, err := base64.RawURLEncoding.DecodeString(token[0])
		again := query{}
		if err != nil || json.Unmarshal(data, &again) != nil {
			return q, invalid("invalidQuery", "$skiptoken is not one of ours")
		}
		return again, nil
	}
	return q, nil
}

// ordering reads $orderby: createdDateTime or updatedDateTime, asc or desc.
func ordering(text string) (func(a, b document) int, *refusal) {
	if text == "" {
		return nil, nil
	}
	words := strings.Fields(text)
	if len(words) > 2 || len(words) == 0 || words[0] != "createdDateTime" && words[0] != "updatedDateTime" {
		return nil, invalid("invalidQuery", "$orderby=%s: createdDateTime or updatedDateTime, with asc or desc", text)
	}
	sign := 1
	if len(words) == 2 {
		switch words[1] {
		case "asc":
		case "desc":
			sign = -1
		default:
			return nil, invalid("invalidQuery", "$orderby=%s: asc or desc", text)
		}
	}
	return func(a, b document) int { return sign * strings.Compare(a.text(words[0]), b.text(words[0])) }, nil
}

// selection reads $select: top-level properties.
func (s *Sim) selection(text string) ([]string, *refusal) {
	if text == "" {
		return nil, nil
	}
	var out []string
	for _, name := range strings.Split(text, ",") {
		name = strings.TrimSpace(name)
		m := s.shape.members[strings.ToLower(name)]
		if m == nil || m.name != name {
			return nil, invalid("invalidQuery", "$select=%s: a referral has no property %q", text, name)
		}
		out = append(out, name)
	}
	return out, nil
}

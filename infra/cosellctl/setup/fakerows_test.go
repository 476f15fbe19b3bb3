package setup_test

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
)

// ids are the id columns of the sets, and what kind of component a row is.
var ids = map[string]struct {
	id   string
	kind int
}{"publishers": {"publisherid", 0}, "solutions": {"solutionid", 0}, "savedqueries": {"savedqueryid", 26}, "webresourceset": {"webresourceid", 61}, "systemforms": {"formid", 60},
	"roles": {"roleid", 20}, "serviceendpoints": {"serviceendpointid", 95}, "sdkmessageprocessingsteps": {"sdkmessageprocessingstepid", 92},
	"sdkmessageprocessingstepimages": {"sdkmessageprocessingstepimageid", 93}, "systemusers": {"systemuserid", 0}, "opportunities": {"opportunityid", 0}}

func (c *crm) rowsOf(method, path string, q url.Values, body row, solution string) (int, any, string) {
	path = strings.TrimSuffix(path, "/Microsoft.Dynamics.CRM.RetrieveUnpublishedMultiple()") // everything is published at once
	m := rowURL.FindStringSubmatch(path)
	switch {
	case m == nil && method == "GET":
		return 200, row{"value": c.found(path, q)}, ""
	case m == nil && method == "POST":
		kind, known := ids[path]
		if !known {
			break
		}
		id, _ := body[kind.id].(string)
		if id == "" {
			id = c.id()
		}
		if c.at(path, id) != nil {
			return 412, row{"error": row{"code": "0x80040237", "message": "a record with matching key values already exists"}}, ""
		}
		body[kind.id] = id
		bound(body)
		if path == "sdkmessageprocessingsteps" {
			body["statecode"] = 0.0
		}
		if path == "roles" {
			body["held"], body["_businessunitid_value"] = []any{}, rootUnit
		}
		c.rows[path] = append(c.rows[path], body)
		c.joins(solution, kind.kind, id)
		return 204, nil, id
	case m != nil && m[3] == "":
		return c.oneRow(method, m[1], m[2], body)
	case m != nil && strings.HasSuffix(m[3], "RetrieveRolePrivilegesRole()"):
		return 200, row{"RolePrivileges": c.at("roles", m[2])["held"]}, ""
	case m != nil && strings.HasSuffix(m[3], "AddPrivilegesRole"):
		r := c.at("roles", m[2])
		r["held"] = append(r["held"].([]any), body["Privileges"].([]any)...)
		return 204, nil, ""
	case m != nil && m[3] == "systemuserroles_association/$ref":
		u := c.at("systemusers", m[2])
		given, _ := u["roles"].([]row)
		_, role, _ := strings.Cut(body["@odata.id"].(string), "/roles(")
		u["roles"] = append(given, row{"roleid": strings.TrimSuffix(role, ")")})
		return 204, nil, ""
	case m != nil && m[1] == "roles" && m[3] == "systemuserroles_association":
		out := []row{}
		for _, u := range c.rows["systemusers"] {
			if given, _ := u["roles"].([]row); slices.ContainsFunc(given, func(r row) bool { return r["roleid"] == m[2] }) {
				out = append(out, row{"systemuserid": u["systemuserid"], "fullname": "somebody"})
			}
		}
		return 200, row{"value": out}, ""
	case m != nil && strings.HasPrefix(m[3], "systemuserroles_association(") && method == "DELETE":
		u := c.at("systemusers", m[2])
		given, _ := u["roles"].([]row)
		u["roles"] = slices.DeleteFunc(given, func(r row) bool { return strings.Contains(m[3], r["roleid"].(string)) })
		return 204, nil, ""
	case m != nil && m[3] == "systemuserroles_association":
		roles, _ := c.at("systemusers", m[2])["roles"].([]row)
		return 200, row{"value": append([]row{}, roles...)}, ""
	}
	return 404, row{"error": row{"code": "0x8006088a", "message": "Resource not found for the segment '" + path + "'."}}, ""
}

func (c *crm) oneRow(method, set, id string, body row) (int, any, string) {
	r := c.at(set, id)
	switch {
	case r == nil:
		return 404, notFound, ""
	case method == "DELETE" && set == "roles" && slices.ContainsFunc(c.rows["systemusers"], func(u row) bool {
		given, _ := u["roles"].([]row)
		return slices.ContainsFunc(given, func(r row) bool { return r["roleid"] == id })
	}):
		return 405, row{"error": row{"code": "0x80040227", "message": "users have it"}}, ""
	case method == "DELETE":
		c.rows[set] = slices.DeleteFunc(c.rows[set], func(r row) bool { return r[ids[set].id] == id })
		c.rows["sdkmessageprocessingstepimages"] = slices.DeleteFunc(c.rows["sdkmessageprocessingstepimages"], func(r row) bool { return r["_sdkmessageprocessingstepid_value"] == id })
	case method == "PATCH":
		maps.Copy(r, body)
	}
	return 204, nil, ""
}

func (c *crm) at(set, id string) row {
	for _, r := range c.rows[set] {
		if r[ids[set].id] == id {
			return r
		}
	}
	return nil
}

// bound puts lookups in place.
func bound(body row) {
	for name, v := range body {
		nav, ok := strings.CutSuffix(name, "@odata.bind")
		if !ok {
			continue
		}
		_, id, _ := strings.Cut(v.(string), "(")
		body["_"+strings.TrimSuffix(nav, "_serviceendpoint")+"_value"] = strings.TrimSuffix(id, ")")
	}
}

func (c *crm) found(set string, q url.Values) []row {
	out := []row{}
	for _, r := range c.rows[set] {
		if fits(r, q.Get("$filter")) {
			out = append(out, c.expanded(r, q.Get("$expand")))
		}
	}
	return out
}

func (c *crm) expanded(r row, expand string) row {
	if expand == "" {
		return r
	}
	r = maps.Clone(r)
	for _, s := range c.rows["sdkmessages"] {
		if s["sdkmessageid"] == r["_sdkmessageid_value"] {
			r["sdkmessageid"] = s
		}
	}
	for _, s := range c.rows["sdkmessagefilters"] {
		if s["sdkmessagefilterid"] == r["_sdkmessagefilterid_value"] {
			r["sdkmessagefilterid"] = s
		}
	}
	return r
}

// fits reads the filters that are used here: and binds closer than or, one pair of brackets at the end.
func fits(r row, filter string) bool {
	if before, inner, ok := strings.Cut(filter, " and ("); ok {
		return fits(r, before) && fits(r, strings.TrimSuffix(inner, ")"))
	}
	if filter == "" {
		return true
	}
	for _, any := range strings.Split(filter, " or ") {
		all := true
		for _, one := range strings.Split(any, " and ") {
			part := strings.SplitN(one, " ", 3)
			want, have := strings.Trim(part[2], "'"), "null"
			if v := r[part[0]]; v != nil {
				have = fmt.Sprint(v)
			}
			all = all && (part[1] == "eq") == (want == have)
		}
		if all {
			return true
		}
	}
	return false
}

package dataversesim

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

// multiples are the bulk messages of a table.
func multiples() []string { return []string{"CreateMultiple", "UpdateMultiple", "UpsertMultiple"} }

// multiple answers POST <set>/Microsoft.Dynamics.CRM.CreateMultiple and its like: all targets in one transaction.
// https://learn.microsoft.com/power-apps/developer/data-platform/bulk-operations
func (s *Simulator) multiple(c *call, t *tx, tab *table, message string) (*answer, error) {
	if c.method != http.MethodPost {
		return nil, fail(404, "", "No HTTP resource was found that matches the request URI '%s'.", clip(c.path, 200))
	}
	targets, err := s.readTargets(c.body, tab, message)
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(targets))
	for i, body := range targets {
		if ids[i], err = s.oneOfMultiple(c, t, tab, message, body); err != nil {
			return nil, err
		}
	}
	if message != "CreateMultiple" {
		return &answer{status: 204}, nil
	}
	return jsonAnswer((&document{}).add("@odata.context", c.root+"$metadata#Microsoft.Dynamics.CRM.CreateMultipleResponse").add("Ids", ids))
}

// readTargets reads {"Targets": [{"@odata.type": "Microsoft.Dynamics.CRM.account", …}]}. The type is mandatory.
func (s *Simulator) readTargets(body []byte, tab *table, message string) ([][]byte, error) {
	list, err := members(body)
	if err != nil {
		return nil, err
	}
	var raw []json.RawMessage
	for _, m := range list {
		if m.name != "Targets" || json.Unmarshal(m.raw, &raw) != nil {
			return nil, fail(400, codePayload, "The parameter '%s' in the request payload is not a valid parameter for the operation '%s'.", m.name, message)
		}
	}
	if len(raw) == 0 {
		return nil, fail(400, codeInvalidArgument, "Required field 'Targets' is missing or empty for the operation '%s'.", message)
	}
	out := make([][]byte, len(raw))
	for i, one := range raw {
		var head struct {
			Type string `json:"@odata.type"`
		}
		if json.Unmarshal(one, &head) != nil || strings.TrimPrefix(strings.TrimPrefix(head.Type, "#"), "Microsoft.Dynamics.CRM.") != tab.name {
			return nil, fail(400, codePayload, "Target %d of '%s' must have the @odata.type 'Microsoft.Dynamics.CRM.%s'.", i, message, tab.name)
		}
		out[i] = one
	}
	return out, nil
}

// oneOfMultiple does one target and gives its id.
func (s *Simulator) oneOfMultiple(c *call, t *tx, tab *table, message string, body []byte) (string, error) {
	k, named, err := s.namedTarget(tab, body)
	if err != nil {
		return "", err
	}
	old := (*row)(nil)
	if named && message != "CreateMultiple" {
		old = s.find(tab, k)
	}
	switch {
	case old == nil && message == "UpdateMultiple" && named:
		return "", k.absent(tab)
	case !named && message == "UpdateMultiple":
		return "", fail(400, codeInvalidArgument, "Each target of 'UpdateMultiple' must hold the column '%s'.", tab.primaryID)
	}
	ch, err := s.decode(tab, body, old == nil, c.refs)
	if err != nil {
		return "", err
	}
	if old != nil {
		r, err := t.update(tab, old, ch)
		if err != nil {
			return "", err
		}
		return r.id, nil
	}
	for col, v := range k.values {
		if _, own := ch.set[col.name]; !own {
			ch.add(col, v)
		}
	}
	r, err := t.create(tab, ch, c.refs)
	if err != nil {
		return "", err
	}
	return r.id, nil
}

// namedTarget reads which record a target is: by its id column, or by "@odata.id" with an alternate key.
func (s *Simulator) namedTarget(tab *table, body []byte) (rowKey, bool, error) {
	list, err := members(body)
	if err != nil {
		return rowKey{}, false, err
	}
	for _, m := range list {
		text, isText := decodeValue(m.raw).(string)
		switch {
		case m.name == tab.primaryID && isText && guidPattern.MatchString(text):
			return rowKey{id: strings.ToLower(text), text: text}, true, nil
		case m.name == "@odata.id" && isText:
			segs, err := parsePath(strings.TrimPrefix(text, "/"))
			if err != nil || len(segs) != 1 || segs[0].name != tab.set || !segs[0].hasArgs {
				return rowKey{}, false, fail(400, codePayload, "'%s' does not name a record of entity '%s'.", clip(text, 200), tab.name)
			}
			k, err := s.parseKey(tab, segs[0].args)
			return k, true, err
		}
	}
	return rowKey{}, false, nil
}

// hasMultiple says whether a table has a bulk message: where it has not, no filter for the message exists either.
func (s *Simulator) hasMultiple(tab *table, message string) bool {
	return slices.Contains(multiples(), message) && s.sw.flag("bulkMessages") && s.db.get("sdkmessagefilter", fixedID("filter/"+message+"/"+tab.name)) != nil
}

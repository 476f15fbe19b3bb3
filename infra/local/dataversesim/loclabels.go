package dataversesim

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// What a row of customisations is called in other languages than the base one is no column: the row keeps it under these
// names, as it was written and as it is published.
const (
	writtenNames   = "name@others"
	publishedNames = "name@published"
)

// locLabelTables are the tables whose texts can be given in several languages, as far as they are known here.
// https://learn.microsoft.com/power-apps/developer/data-platform/webapi/reference/setloclabels
func locLabelTables() map[string]string {
	return map[string]string{"savedqueries": "savedquery", "systemforms": "systemform"}
}

// locLabels serves RetrieveLocLabels and SetLocLabels, the only way to the names of views and forms in languages beside
// the base one.
// https://learn.microsoft.com/power-apps/developer/data-platform/webapi/reference/retrieveloclabels
func (s *Simulator) locLabels(c *call, t *tx, seg segment) (*answer, error) {
	if seg.name == "SetLocLabels" {
		if c.method != http.MethodPost {
			return nil, fail(404, "", "No HTTP resource was found that matches the request URI '%s'.", clip(c.path, 200))
		}
		return s.setLocLabels(c, t)
	}
	if c.method != http.MethodGet {
		return nil, wrongVerb(c)
	}
	args := map[string]string{}
	for _, pair := range splitOutside(seg.args, ',') {
		name, value, _ := strings.Cut(pair, "=")
		if strings.HasPrefix(value, "@") {
			value = c.opts.aliases[value]
		}
		args[strings.TrimSpace(name)] = value
	}
	var moniker map[string]string
	attribute, quoted := unquote(args["AttributeName"])
	if json.Unmarshal([]byte(strings.ReplaceAll(args["EntityMoniker"], "'", `"`)), &moniker) != nil || !quoted || args["IncludeUnpublished"] != "true" && args["IncludeUnpublished"] != "false" {
		return nil, syntax("The parameters EntityMoniker, AttributeName and IncludeUnpublished of RetrieveLocLabels are needed.")
	}
	set, id, _ := strings.Cut(strings.TrimSuffix(moniker["@odata.id"], ")"), "(")
	r, err := s.localizedRow(locLabelTables()[set], id, attribute)
	if err != nil {
		return nil, err
	}
	if err := s.allows(s.calling, "read", s.schema.tables[locLabelTables()[set]], id); err != nil {
		return nil, err
	}
	others, _ := r.v[map[string]string{"true": writtenNames, "false": publishedNames}[args["IncludeUnpublished"]]].(map[int]string)
	label := s.localized(r.text("name"), others)
	speak(label, s.callersLanguage())
	return jsonAnswer((&document{}).add("@odata.context", c.root+"$metadata#Microsoft.Dynamics.CRM.RetrieveLocLabelsResponse").add("Label", label))
}

// localizedRow finds the row whose name is asked for.
func (s *Simulator) localizedRow(table, id, attribute string) (*row, error) {
	if table == "" {
		return nil, missing("localized labels of other tables than those of views and forms")
	}
	if attribute != "name" {
		return nil, missing("localized labels of the attribute %s", clip(attribute, 60))
	}
	if r := s.db.get(table, strings.ToLower(id)); r != nil {
		return r, nil
	}
	return nil, fail(404, codeNotFound, "%s With Id = %s Does Not Exist", table, clip(id, 60))
}

// setLocLabels writes the labels that it is given. Whether a language that it does not name stays is in no document: the
// switch setupLocLabels.
func (s *Simulator) setLocLabels(c *call, t *tx) (*answer, error) {
	var in struct {
		EntityMoniker json.RawMessage
		AttributeName string
		Labels        json.RawMessage
	}
	if err := strictly(c.body, &in); err != nil {
		return nil, err
	}
	var moniker map[string]any
	if err := loosely(in.EntityMoniker, &moniker); err != nil {
		return nil, err
	}
	name, _ := moniker["@odata.type"].(string)
	name = strings.TrimPrefix(strings.TrimPrefix(name, "#"), "Microsoft.Dynamics.CRM.")
	if !slices.Contains(slices.Collect(maps.Values(locLabelTables())), name) {
		return nil, missing("localized labels of rows of %q", clip(name, 60))
	}
	tab := s.schema.tables[name]
	id, _ := moniker[tab.primaryID].(string)
	r, err := s.localizedRow(name, id, in.AttributeName)
	if err != nil {
		return nil, err
	}
	if err := t.may("write", tab, r.id); err != nil {
		return nil, err
	}
	labels, err := s.readLabel(json.RawMessage(`{"LocalizedLabels":`+string(in.Labels)+`}`), name)
	if err != nil || !labels.given {
		return nil, orElse(err, fail(400, codeInvalidArgument, "Required field 'Labels' of the operation 'SetLocLabels' is missing."))
	}
	before, _ := r.v[writtenNames].(map[int]string)
	base, others := labels.over(r.text("name"), before, s.sw.text("setupLocLabels") == "merged")
	v := r.values()
	unpublish(r, v)
	v["name"], v[writtenNames] = base, others
	t.put(tab, r.id, v)
	return done204(""), nil
}

func orElse(err, other error) error {
	if err != nil {
		return err
	}
	return other
}

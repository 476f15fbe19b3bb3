package dataverse

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// Attribute is what the metadata says of a column.
type Attribute struct {
	Type      string // "String", "Memo", "Money", "Picklist", "State", "Status", "Lookup", "MultiSelectPicklist", …
	MaxLength int    // of String and Memo, in UTF-16 units
	Options   []Option
	Targets   []string  // of Lookup: tables
	Days      string    // of DateTime, its behaviour: DateOnly, UserLocal, TimeZoneIndependent
	Labels    []string  // what people call it, in each language
	Created   time.Time // of this column: one that is deleted and made anew is another
	Secured   bool      // column security decides who sees it; to everybody else it shows as empty
}

// Option is one choice; Labels by language code (1033, 1036, …).
type Option struct {
	Value  int
	State  int // of a status reason: the state it belongs to
	Labels map[int]string
}

// casts are the types whose details need a request each, and what to ask for.
var casts = []struct{ kind, query string }{
	{"String", "?$select=LogicalName,MaxLength"},
	{"Memo", "?$select=LogicalName,MaxLength"},
	{"Picklist", "?$select=LogicalName&$expand=OptionSet,GlobalOptionSet"},
	{"State", "?$select=LogicalName&$expand=OptionSet"},
	{"Status", "?$select=LogicalName&$expand=OptionSet"},
	{"MultiSelectPicklist", "?$select=LogicalName&$expand=OptionSet,GlobalOptionSet"},
	{"Lookup", "?$select=LogicalName,Targets"},
	{"DateTime", "?$select=LogicalName,DateTimeBehavior"},
}

// wireAttribute is a column's definition, as far as we read it.
type wireAttribute struct {
	LogicalName   string
	AttributeType string
	DisplayName   wireLabel
	CreatedOn     time.Time
	IsSecured     bool
	MaxLength     int
	Targets       []string
	Behavior      struct{ Value string } `json:"DateTimeBehavior"`
	OptionSet     wireOptions
	Global        wireOptions `json:"GlobalOptionSet"`
}

type wireOptions struct {
	Options []struct {
		Value int
		State int
		Label wireLabel
	}
}

type wireLabel struct {
	LocalizedLabels []struct {
		Label        string
		LanguageCode int
	}
}

// Attributes reads the metadata of a table's columns, by logical name. It takes several calls: keep the
// result for an hour. Refused of class Ours: there is no such table.
func (c *Client) Attributes(ctx context.Context, table string) (map[string]Attribute, error) {
	out, err := c.Columns(ctx, table)
	if err != nil {
		return nil, err
	}
	kinds := map[string]bool{"MultiSelectPicklist": false}
	for _, a := range out {
		kinds[a.Type] = true
		if a.Type == "Virtual" {
			kinds["MultiSelectPicklist"] = true
		}
	}
	for _, cast := range casts {
		if !kinds[cast.kind] {
			continue
		}
		details, err := c.definitions(ctx, c.attributes(table)+"/Microsoft.Dynamics.CRM."+cast.kind+"AttributeMetadata"+cast.query)
		if err != nil {
			return nil, fmt.Errorf("reading the %s columns of %s: %w", cast.kind, table, err)
		}
		for _, d := range details {
			a := out[d.LogicalName]
			a.Type, a.MaxLength, a.Targets, a.Days, a.Options = cast.kind, d.MaxLength, d.Targets, d.Behavior.Value, d.options()
			out[d.LogicalName] = a
		}
	}
	return out, nil
}

// Columns is Attributes without what depends on a column's type: one call.
func (c *Client) Columns(ctx context.Context, table string) (map[string]Attribute, error) {
	if !name.MatchString(table) {
		return nil, badQuery("table", table)
	}
	all, err := c.definitions(ctx, c.attributes(table)+"?$select=LogicalName,AttributeType,DisplayName,CreatedOn,IsSecured")
	if err != nil {
		return nil, fmt.Errorf("reading the columns of %s: %w", table, err)
	}
	out := make(map[string]Attribute, len(all))
	for _, a := range all {
		out[a.LogicalName] = Attribute{Type: a.AttributeType, Labels: a.labels(), Created: a.CreatedOn, Secured: a.IsSecured}
	}
	return out, nil
}

func (c *Client) attributes(table string) string {
	return c.base.String() + "/EntityDefinitions(LogicalName='" + table + "')/Attributes"
}

func (a wireAttribute) labels() (out []string) {
	for _, l := range a.DisplayName.LocalizedLabels {
		if l.Label != "" {
			out = append(out, l.Label)
		}
	}
	return out
}

func (a wireAttribute) options() []Option {
	var out []Option
	wire := a.OptionSet.Options
	if len(wire) == 0 {
		wire = a.Global.Options
	}
	for _, o := range wire {
		labels := map[int]string{}
		for _, l := range o.Label.LocalizedLabels {
			labels[l.LanguageCode] = l.Label
		}
		out = append(out, Option{Value: o.Value, State: o.State, Labels: labels})
	}
	return out
}

func (c *Client) definitions(ctx context.Context, target string) ([]wireAttribute, error) {
	resp, err := c.send(ctx, http.MethodGet, target, http.Header{"Consistency": {"Strong"}}, nil)
	if err != nil {
		return nil, err
	}
	if resp.Status != http.StatusOK {
		return nil, classify(resp, reading())
	}
	var p struct {
		Value []wireAttribute `json:"value"`
	}
	if err := json.Unmarshal(resp.Body, &p); err != nil || p.Value == nil {
		return nil, fault.New(fault.Broken, "the answer is not a list of columns").With("answer.malformed", "")
	}
	return p.Value, nil
}

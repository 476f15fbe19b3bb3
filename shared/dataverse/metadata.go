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
	Day       bool      // of DateTime: people see a day, no time
	Labels    []string  // what people call it, in each language
	Created   time.Time // of this column: one that is deleted and made anew is another
	Secured   bool      // column security decides who sees it; to everybody else it shows as empty
	Required  string    // "None", "Recommended", "ApplicationRequired" (forms demand it), "SystemRequired"
	ReadOnly  bool      // nobody may write it in a row that is there: computed, or fixed at creation
	Fixed     bool      // nobody may write it in a new row either
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
	{"DateTime", "?$select=LogicalName,DateTimeBehavior,Format"},
	{"Boolean", "?$select=LogicalName&$expand=OptionSet"},
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
	Behavior      string
	Format        string
	RequiredLevel string
	ReadOnly      bool
	Fixed         bool
	OptionSet     wireOptions
	Global        wireOptions
}

type wireOptions struct {
	options []wireOption
	yes, no *wireOption // of a two-option column
}

type wireOption struct {
	value, state int
	label        wireLabel
}

// wireLabel is a text in each language.
type wireLabel []wireText

type wireText struct {
	text     string
	language int
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
			if a.Type != "Customer" && a.Type != "Owner" || cast.kind != "Lookup" {
				a.Type = cast.kind
			}
			a.MaxLength, a.Targets, a.Days, a.Options = d.MaxLength, d.Targets, d.Behavior, d.options()
			a.Day = d.Format == "DateOnly"
			out[d.LogicalName] = a
		}
	}
	return out, nil
}

// Columns is Attributes without what depends on a column's type: one call.
func (c *Client) Columns(ctx context.Context, table string) (map[string]Attribute, error) {
	if !isName(table) {
		return nil, badQuery("table", table)
	}
	all, err := c.definitions(ctx, c.attributes(table)+"?$select=LogicalName,AttributeType,DisplayName,CreatedOn,IsSecured,RequiredLevel,IsValidForCreate,IsValidForUpdate")
	if err != nil {
		return nil, fmt.Errorf("reading the columns of %s: %w", table, err)
	}
	out := make(map[string]Attribute, len(all))
	for _, a := range all {
		out[a.LogicalName] = Attribute{Type: a.AttributeType, Labels: a.labels(), Created: a.CreatedOn, Secured: a.IsSecured,
			Required: a.RequiredLevel, ReadOnly: a.ReadOnly, Fixed: a.Fixed}
	}
	return out, nil
}

func (c *Client) attributes(table string) string {
	return c.entity(table) + "/Attributes"
}

func (a wireAttribute) labels() (out []string) {
	for _, l := range a.DisplayName {
		if l.text != "" {
			out = append(out, l.text)
		}
	}
	return out
}

func (a wireAttribute) options() []Option {
	if yes, no := a.OptionSet.yes, a.OptionSet.no; yes != nil && no != nil {
		return []Option{{Value: 1, Labels: yes.label.byLanguage("true")}, {Value: 0, Labels: no.label.byLanguage("false")}}
	}
	wire := a.OptionSet.options
	if len(wire) == 0 {
		wire = a.Global.options
	}
	var out []Option
	for _, o := range wire {
		out = append(out, Option{Value: o.value, State: o.state, Labels: o.label.byLanguage("")})
	}
	return out
}

// byLanguage are the texts of a label by language; plain is its name in no language, "" for none.
func (l wireLabel) byLanguage(plain string) map[int]string {
	labels := make(map[int]string, len(l))
	if plain != "" {
		labels[0] = plain
	}
	for _, one := range l {
		labels[one.language] = one.text
	}
	return labels
}

// Table is what a table is called where rows of it are read and written.
type Table struct {
	Set  string // in paths: "accounts"
	ID   string // the column of the id
	Name string // the column that people know a row by
}

// Table reads how a table is called. Gone: there is none of that name.
func (c *Client) Table(ctx context.Context, table string) (Table, error) {
	if !isName(table) {
		return Table{}, badQuery("table", table)
	}
	var wire struct {
		Set  string `json:"EntitySetName"`
		ID   string `json:"PrimaryIdAttribute"`
		Name string `json:"PrimaryNameAttribute"`
	}
	if err := c.definition(ctx, c.entity(table)+"?$select=EntitySetName,PrimaryIdAttribute,PrimaryNameAttribute", &wire); err != nil {
		return Table{}, fmt.Errorf("reading the table %s: %w", table, err)
	}
	return Table(wire), nil
}

// Navigations reads the property by which each lookup of a table is written, by column and target:
// "new_regionid territory" to "new_RegionId".
func (c *Client) Navigations(ctx context.Context, table string) (map[string]string, error) {
	if !isName(table) {
		return nil, badQuery("table", table)
	}
	var wire struct {
		Value []struct{ ReferencingAttribute, ReferencedEntity, ReferencingEntityNavigationPropertyName string } `json:"value"`
	}
	if err := c.definition(ctx, c.entity(table)+"/ManyToOneRelationships?$select=ReferencingAttribute,ReferencedEntity,ReferencingEntityNavigationPropertyName", &wire); err != nil {
		return nil, fmt.Errorf("reading the lookups of %s: %w", table, err)
	}
	out := map[string]string{}
	for _, r := range wire.Value {
		out[r.ReferencingAttribute+" "+r.ReferencedEntity] = r.ReferencingEntityNavigationPropertyName
	}
	return out, nil
}

func (c *Client) entity(table string) string {
	return c.root + "/EntityDefinitions(LogicalName='" + table + "')"
}

// definition reads one document of the metadata.
func (c *Client) definition(ctx context.Context, target string, into any) error {
	resp, err := c.send(ctx, http.MethodGet, target, http.Header{"Consistency": {"Strong"}}, nil)
	if err != nil {
		return err
	}
	if resp.Status != http.StatusOK {
		return classify(resp, reading())
	}
	if json.Unmarshal(resp.Body, into) != nil {
		return fault.New(fault.Broken, "the answer is no metadata").With("answer.malformed", "")
	}
	return nil
}

func (c *Client) definitions(ctx context.Context, target string) ([]wireAttribute, error) {
	resp, err := c.send(ctx, http.MethodGet, target, http.Header{"Consistency": {"Strong"}}, nil)
	if err != nil {
		return nil, err
	}
	if resp.Status != http.StatusOK {
		return nil, classify(resp, reading())
	}
	list, ok := readAttributes(resp.Body)
	if !ok {
		return nil, fault.New(fault.Broken, "the answer is not a list of columns").With("answer.malformed", "")
	}
	return list, nil
}

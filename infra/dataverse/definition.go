package dataverse

import (
	"crypto/sha1"
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Script is partnercenter.js, the web resource with the rule of the form.
//
//go:embed partnercenter.js
var Script []byte

// Definition is schema.json, read.
type Definition struct {
	Publisher Publisher
	Solution  Solution
	Choices   []Choice
	Tables    []Table
	Keys      []Key
	Views     []View
	Script    ScriptFile
	Forms     []Form
	Roles     []Role
	Endpoint  Endpoint
	Steps     []Step
}

// Publisher owns the prefix.
type Publisher struct {
	UniqueName, FriendlyName, Prefix string
	OptionValuePrefix                int
}

// Solution holds everything that is ours.
type Solution struct{ UniqueName, FriendlyName, Version string }

// Text is what people read, in English and by language code (1036 is French).
type Text struct {
	Label  string
	Labels map[int]string
}

// In is the text in a language; English where there is none.
func (t Text) In(language int) string {
	if own := t.Labels[language]; own != "" {
		return own
	}
	return t.Label
}

// Yes is what a two-option column of ours says.
func Yes() Text { return Text{Label: "Yes", Labels: map[int]string{French: "Oui"}} }

// No is the other option.
func No() Text { return Text{Label: "No", Labels: map[int]string{French: "Non"}} }

// English and French are the languages that the texts are written in, by the codes of Windows.
const (
	English = 1033
	French  = 1036
)

// Choice is a global choice.
type Choice struct {
	Text
	Name    string
	Options []Option
}

// Option is one option of a choice; Code is our own word for it.
type Option struct {
	Text
	Value int
	Code  string
}

// Table is a table of the CRM that gets columns, or one of our own.
type Table struct {
	Text
	LogicalName, SchemaName, EntitySet string
	LabelPlural                        string
	LabelsPlural                       map[int]string
	Ownership, PrimaryID, PrimaryName  string
	Standard, ChangeTracking           bool
	Columns                            []Column
}

// Plural is what people call several rows.
func (t Table) Plural() Text { return Text{Label: t.LabelPlural, Labels: t.LabelsPlural} }

// Column finds a column by its logical name.
func (t Table) Column(name string) (Column, bool) {
	i := slices.IndexFunc(t.Columns, func(c Column) bool { return c.LogicalName == name })
	if i < 0 {
		return Column{}, false
	}
	return t.Columns[i], true
}

// Column is one column of ours. Lookups have a relationship instead of a type of their own.
type Column struct {
	Text
	LogicalName, SchemaName, Type, Description, Format, Choice string
	Descriptions                                               map[int]string
	Target, Relationship, Collection, OnDelete                 string
	MaxLength, Precision                                       int
	Required, Locked, Told                                     bool
	PrimaryName                                                bool
	Default                                                    any
}

// About says what the column is for; no label where nothing needs to be said.
func (c Column) About() Text { return Text{Label: c.Description, Labels: c.Descriptions} }

// Key is an alternate key.
type Key struct {
	Table, SchemaName string
	Columns           []string
}

// View is a public view of a table. Filter is in the words of the Web API: column eq value, joined by or.
type View struct {
	Table, Name string
	Labels      map[int]string
	Filter      string
	Columns     []string
}

// Text is the view's name.
func (v View) Text() Text { return Text{Label: v.Name, Labels: v.Labels} }

// ID is the view's id in every organisation.
func (v View) ID() string { return ID("view", v.Table+"/"+v.Name) }

// ScriptFile is the web resource that holds Script.
type ScriptFile struct {
	Text
	Name string
}

// ID is the web resource's id in every organisation.
func (f ScriptFile) ID() string { return ID("script", f.Name) }

// Form is the tab with our section that the main forms of a table get.
type Form struct {
	Text
	Table, Tab string
	Fields     []string
	Grid       *Grid
	Rules      []Rule
}

// Grid is a sub-grid of related rows. View is the name of a view of its table.
type Grid struct {
	Text
	Table, Relationship, View string
}

// Rule is a function of Script that runs when the column changes; it sets the column needs.
type Rule struct{ Column, Needs, Function string }

// Role is a security role.
type Role struct {
	Name, For, Description string
	Privileges             []Privilege
}

// ID is the role's id in the root business unit of every organisation.
func (r Role) ID() string { return ID("role", r.Name) }

// Privilege is what a role allows for the whole organisation: prvRead and its like of a table, under the name that
// privileges call it by.
type Privilege struct {
	Of, Table, Why string
	May            []string
}

// Names are the privileges by name, as prvReadOpportunity.
func (p Privilege) Names() (out []string) {
	for _, m := range p.May {
		out = append(out, "prv"+m+p.Of)
	}
	return out
}

// For whom a role is.
const (
	ForApplication = "application"
	ForSeller      = "seller"
)

// Endpoint is the service endpoint that events go to.
type Endpoint struct{ Name, AuthType string }

// ID is the endpoint's id in every organisation.
func (e Endpoint) ID() string { return ID("endpoint", e.Name) }

// Step is an event step: after the operation, asynchronous.
type Step struct {
	Message, Table   string
	Filter, PreImage []string
}

// Name is what the step of an endpoint is called.
func (s Step) Name(e Endpoint) string { return e.Name + ": " + s.Message + " of " + s.Table }

// ID is the step's id in every organisation.
func (s Step) ID() string { return ID("step", s.Message+" of "+s.Table) }

// ImageID is the id of the step's pre-image.
func (s Step) ImageID() string { return ID("image", s.Message+" of "+s.Table) }

// Read reads schema.json.
func Read() (Definition, error) {
	var d Definition
	if err := json.Unmarshal(Schema, &d); err != nil {
		return d, fmt.Errorf("reading infra/dataverse/schema.json: %w", err)
	}
	return d, nil
}

// Choice finds a choice by name.
func (d Definition) Choice(name string) Choice {
	i := slices.IndexFunc(d.Choices, func(c Choice) bool { return c.Name == name })
	if i < 0 {
		return Choice{}
	}
	return d.Choices[i]
}

// Table finds a table by its logical name.
func (d Definition) Table(name string) (Table, bool) {
	i := slices.IndexFunc(d.Tables, func(t Table) bool { return t.LogicalName == name })
	if i < 0 {
		return Table{}, false
	}
	return d.Tables[i], true
}

// View finds a view by table and name.
func (d Definition) View(table, name string) (View, bool) {
	i := slices.IndexFunc(d.Views, func(v View) bool { return v.Table == table && v.Name == name })
	if i < 0 {
		return View{}, false
	}
	return d.Views[i], true
}

// Role is the role for somebody.
func (d Definition) Role(whom string) Role {
	i := slices.IndexFunc(d.Roles, func(r Role) bool { return r.For == whom })
	if i < 0 {
		return Role{}
	}
	return d.Roles[i]
}

// ID makes the id of a row of ours from its name (RFC 9562, version 5, in a namespace of our own), so that the Web API
// and a solution zip make the same row, and a second run finds it.
func ID(kind, name string) string {
	sum := sha1.Sum([]byte("cosell-sync/" + kind + "/" + name))
	sum[6], sum[8] = sum[6]&0x0f|0x50, sum[8]&0x3f|0x80
	x := fmt.Sprintf("%x", sum[:16])
	return strings.Join([]string{x[:8], x[8:12], x[12:16], x[16:20], x[20:]}, "-")
}

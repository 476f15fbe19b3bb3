package dataversesim

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/dataverse"
)

//go:embed tables.txt
var standardTables string

// kind is the type of a column, in the words of tables.txt.
type kind string

const (
	kindString   kind = "string"
	kindMemo     kind = "memo"
	kindSecret   kind = "secret" // a string that is written and never read
	kindBool     kind = "bool"
	kindInt      kind = "int"
	kindBigInt   kind = "bigint"
	kindDecimal  kind = "decimal"
	kindDouble   kind = "double"
	kindMoney    kind = "money"
	kindDate     kind = "date"     // DateTime with behaviour DateOnly
	kindDateTime kind = "datetime" // user-local, unless the column says otherwise
	kindPicklist kind = "picklist"
	kindMulti    kind = "multi" // several values of a choice
	kindState    kind = "state"
	kindStatus   kind = "status"
	kindGUID     kind = "guid"
	kindLookup   kind = "lookup"
	kindPoly     kind = "poly" // one navigation property per target
	kindOwner    kind = "owner"
	kindManaged  kind = "managed" // a managed property: a Boolean with a say in whether it may change
)

func (k kind) isLookup() bool { return k == kindLookup || k == kindPoly || k == kindOwner }
func (k kind) isOption() bool { return k == kindPicklist || k == kindState || k == kindStatus }

type option struct {
	value, state int64
	label        string
	labels       map[int]string // by language, beside English
}

type column struct {
	table                          *table
	name, schemaName, label        string
	prop                           string // the name in the Web API: name, or _name_value for lookups
	description                    string
	kind                           kind
	maxLength, precision           int
	min, max                       float64
	format                         string
	options                        []option
	choice                         string // global choice
	targets                        []string
	navs                           []string // navigation properties, beside targets
	onDelete                       string
	relationships                  []string // beside targets
	readOnly, createOnly, required bool
	must                           bool
	def                            any
	baseOf                         *column
	labels                         map[int]string // by language, beside English
	behavior                       string         // of kindDateTime; empty is user-local
	formula                        *formula       // of a calculated column
	noCreate, noUpdate             bool           // not valid for create, for update
	created                        time.Time      // zero: with the organisation
	autoNumber                     string         // form of what the system fills in
	numbered                       int            // how often it did
	descriptions                   map[int]string // by language, beside English
	audit, managed, parental       bool
}

// nav is a single-valued navigation property.
type nav struct {
	name    string
	col     *column
	targets []string
}

// collection is a collection-valued navigation property: the rows of child whose col points here.
type collection struct {
	name    string
	child   string
	col     *column
	through *association // many to many: col is nil
}

type key struct {
	schemaName   string
	columns      []*column
	failed       bool // two rows held the same values when its index was made
	pending      bool // the index is not made yet
	due, created time.Time
	label        string
	labels       map[int]string
}

type table struct {
	name, schemaName, set, label string
	plural                       string // label of several; empty: the set
	labels, plurals              map[int]string
	primaryID, primaryName       string
	userOwned, tracking, keep    bool
	columns                      map[string]*column
	order                        []*column
	props                        map[string]*column // by Web API name
	navs                         map[string]*nav
	collections                  map[string]*collection
	keys                         []*key
	state, status, currency      *column
	money                        []*column
	incoming                     []*column // lookups of other tables that point here
	states                       bool
	description                  string
	descriptions                 map[int]string
	audit, managed               bool
	hasNotes, hasActivities      bool
	created                      time.Time // zero: with the organisation
	privilege                    string    // how privileges call it; empty: by its kind and name
}

type schema struct {
	tables  map[string]*table
	sets    map[string]*table
	order   []*table
	choices map[string]*choice
	steps   []stepSpec
	name    string // of the endpoint
}

type choice struct {
	name, label, description string
	labels, descriptions     map[int]string
	options                  []option
	managed                  bool
	created                  time.Time // zero: with the organisation
}

// loadSchema reads the standard tables and, where the product is set up from the start, lays its own list over
// them. shipped is the switch setupTracking, filters setupFilterPrivilege.
func loadSchema(organisation, shipped, filters string) (*schema, error) {
	s := &schema{tables: map[string]*table{}, sets: map[string]*table{}, choices: map[string]*choice{}}
	if err := s.readStandard(standardTables); err != nil {
		return nil, err
	}
	if filters == "own" {
		s.tables["sdkmessagefilter"].privilege = "SdkMessageFilter"
	}
	var p productSchema
	if err := json.Unmarshal(dataverse.Schema, &p); err != nil {
		return nil, fmt.Errorf("reading infra/dataverse/schema.json: %w", err)
	}
	if isBare(organisation) {
		p = productSchema{}
		s.ship(shipped)
	}
	if err := s.addProduct(&p); err != nil {
		return nil, fmt.Errorf("reading infra/dataverse/schema.json: %w", err)
	}
	for _, t := range s.order {
		if err := s.finish(t); err != nil {
			return nil, err
		}
	}
	s.associate()
	for _, k := range p.Keys {
		t := s.tables[k.Table]
		if t == nil {
			return nil, fmt.Errorf("key %s: there is no table %s", k.SchemaName, k.Table)
		}
		nk := &key{schemaName: k.SchemaName}
		for _, name := range k.Columns {
			c := t.columns[name]
			if c == nil {
				return nil, fmt.Errorf("key %s: there is no column %s", k.SchemaName, name)
			}
			nk.columns = append(nk.columns, c)
		}
		t.keys = append(t.keys, nk)
	}
	s.steps, s.name = p.Steps, p.Endpoint.Name
	return s, nil
}

func (s *schema) addTable(t *table) {
	t.columns, t.props = map[string]*column{}, map[string]*column{}
	t.navs, t.collections = map[string]*nav{}, map[string]*collection{}
	s.tables[t.name], s.sets[t.set] = t, t
	s.order = append(s.order, t)
}

func (t *table) add(c *column) {
	if t.columns[c.name] != nil {
		return
	}
	c.table = t
	if c.schemaName == "" {
		c.schemaName = c.name
	}
	if c.label == "" {
		c.label = c.schemaName
	}
	t.columns[c.name] = c
	t.order = append(t.order, c)
}

// finish adds the columns that every table has and works out the names the Web API uses.
func (s *schema) finish(t *table) error {
	if t.states && t.columns["statecode"] == nil {
		t.add(&column{name: "statecode", kind: kindState, options: []option{{value: 0, label: "Active"}, {value: 1, label: "Inactive"}}})
		t.add(&column{name: "statuscode", kind: kindStatus, options: []option{{value: 1, label: "Active"}, {value: 2, state: 1, label: "Inactive"}}})
	}
	t.state, t.status = t.columns["statecode"], t.columns["statuscode"]
	if t.userOwned {
		t.add(&column{name: "ownerid", kind: kindOwner, targets: []string{"systemuser", "team"}, navs: []string{"ownerid"}})
		t.add(lookupTo("owninguser", "systemuser"))
		t.add(lookupTo("owningteam", "team"))
		t.add(lookupTo("owningbusinessunit", "businessunit"))
	}
	t.addMoney()
	for _, name := range []string{"createdby", "modifiedby", "createdonbehalfby", "modifiedonbehalfby"} {
		t.add(lookupTo(name, "systemuser"))
	}
	t.add(&column{name: "createdon", kind: kindDateTime, readOnly: true})
	t.add(&column{name: "modifiedon", kind: kindDateTime, readOnly: true})
	t.add(&column{name: "versionnumber", kind: kindBigInt, readOnly: true})
	for _, c := range t.order {
		if err := s.attach(t, c); err != nil {
			return err
		}
	}
	return nil
}

// attach gives a column its name in the Web API and, to a lookup, its navigation properties.
func (s *schema) attach(t *table, c *column) error {
	c.prop = c.name
	if c.kind.isLookup() {
		c.prop = "_" + c.name + "_value"
		if err := s.link(t, c); err != nil {
			return err
		}
	}
	if c.kind != kindSecret {
		t.props[c.prop] = c
	}
	return nil
}

func lookupTo(name, target string) *column {
	return &column{name: name, kind: kindLookup, targets: []string{target}, navs: []string{name}, readOnly: true}
}

func (t *table) addMoney() {
	for _, c := range t.order {
		if c.kind == kindMoney && c.baseOf == nil {
			t.money = append(t.money, c)
		}
	}
	if len(t.money) == 0 {
		t.currency = t.columns["transactioncurrencyid"]
		if t.name == "transactioncurrency" || t.name == "organization" {
			t.currency = nil
		}
		return
	}
	t.add(&column{name: "transactioncurrencyid", label: "Currency", kind: kindLookup, targets: []string{"transactioncurrency"},
		navs: []string{"transactioncurrencyid"}, relationships: []string{"transactioncurrency_" + t.name}})
	t.currency = t.columns["transactioncurrencyid"]
	t.add(&column{name: "exchangerate", kind: kindDecimal, precision: 10, readOnly: true})
	for _, c := range t.money {
		t.add(c.base())
	}
}

// base is the column of a money column's amount in the base currency.
func (c *column) base() *column {
	return &column{name: c.name + "_base", kind: kindMoney, precision: 2, min: c.min, max: c.max, readOnly: true, baseOf: c}
}

// link makes the navigation properties of a lookup, on its own table and on the tables it points to.
func (s *schema) link(t *table, c *column) error {
	if c.kind == kindOwner {
		t.navs[c.navs[0]] = &nav{name: c.navs[0], col: c, targets: c.targets}
	} else {
		for i, n := range c.navs {
			t.navs[n] = &nav{name: n, col: c, targets: c.targets[i : i+1]}
		}
	}
	if c.name == "regardingobjectid" && t.name == jobTable { // about any table; those of the product may come later
		c.targets = slices.DeleteFunc(slices.Clone(c.targets), func(target string) bool { return s.tables[target] == nil })
		c.navs = nil
		for _, target := range c.targets {
			c.navs = append(c.navs, c.name+"_"+target)
		}
	}
	for i, target := range c.targets {
		to := s.tables[target]
		if to == nil {
			return fmt.Errorf("column %s.%s: there is no table %s", t.name, c.name, target)
		}
		to.incoming = append(to.incoming, c)
		if i < len(c.relationships) && c.relationships[i] != "" {
			name := c.relationships[i]
			to.collections[name] = &collection{name: name, child: t.name, col: c}
		}
	}
	return nil
}

package dataversesim

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/cosell-sync/cosell-sync/infra/local/control"
)

// schemaChange is the body of POST /schema: an administrator changes the CRM's metadata while it runs. It is
// in force at once, and a reset takes it back.
type schemaChange struct {
	Do     string `json:"do"` // add, remove, retype, require, length, option, key or track
	Table  string `json:"table"`
	Column string `json:"column"` // empty with add and remove: the table itself

	// add and retype
	Type       string            `json:"type"` // one of columnTypes
	SchemaName string            `json:"schemaName"`
	Label      string            `json:"label"`
	Labels     map[string]string `json:"labels"` // by language: {"1036": "Territoire"}
	Precision  *int              `json:"precision"`
	Min        *float64          `json:"min"`
	Max        *float64          `json:"max"`
	Behavior   string            `json:"behavior"` // of DateTime: UserLocal, DateOnly or TimeZoneIndependent
	Format     string            `json:"format"`
	Options    []schemaOption    `json:"options"`
	Choice     string            `json:"choice"` // a global choice
	AutoNumber string            `json:"autoNumber"`
	Target     string            `json:"target"`
	Collection string            `json:"collection"`
	Default    json.RawMessage   `json:"default"`
	Formula    string            `json:"formula"` // a calculated column: "estimatedvalue * 0.5"
	Rollup     bool              `json:"rollup"`  // with formula: a rollup column
	Create     *bool             `json:"create"`  // false: not valid for create
	Update     *bool             `json:"update"`  // false: not valid for update

	Length int    `json:"length"` // also length
	Level  string `json:"level"`  // also require: None, Recommended, ApplicationRequired or SystemRequired (default)

	// option
	Value  *int64 `json:"value"`
	State  *int64 `json:"state"` // of a status reason
	Remove bool   `json:"remove"`

	// key, by its schemaName
	Columns []string `json:"columns"`

	// a new table
	Set          string            `json:"set"`
	PrimaryName  string            `json:"primaryName"`
	PrimaryLabel string            `json:"primaryLabel"`
	Plural       string            `json:"plural"` // label of several
	Plurals      map[string]string `json:"plurals"`
	Ownership    string            `json:"ownership"` // UserOwned (default) or OrganizationOwned
	Tracking     bool              `json:"tracking"`  // also track
}

// schemaOption is one value of a choice or one status reason.
type schemaOption struct {
	Value  int64             `json:"value"`
	State  int64             `json:"state"`
	Label  string            `json:"label"`
	Labels map[string]string `json:"labels"`
}

func (s *Simulator) postSchema(w http.ResponseWriter, r *http.Request) {
	var c schemaChange
	if err := control.ReadJSON(r, &c); err != nil {
		control.WriteError(w, http.StatusBadRequest, "%v", err)
		return
	}
	s.mu.Lock()
	err := s.ownSchema()
	if err == nil {
		err = s.changeSchema(c)
	}
	if !s.customised {
		changed := map[string]bool{c.Table: true}
		if s.own != nil {
			maps.Copy(changed, s.own.changed)
		}
		s.own = &likeness{schema: s.schema, answers: map[string]*answer{}, changed: changed}
	}
	s.mu.Unlock()
	if err != nil {
		control.WriteError(w, http.StatusBadRequest, "%s of %s.%s: %v", c.Do, c.Table, c.Column, err)
		return
	}
	control.WriteJSON(w, http.StatusOK, map[string]any{"do": c.Do, "table": c.Table, "column": c.Column})
}

// changeSchema does one change, or nothing.
func (s *Simulator) changeSchema(c schemaChange) error {
	if _, twice := c.Labels[itoa(s.base())]; twice {
		return fmt.Errorf("labels: %d is the base language: say it in label", s.base())
	}
	tab := s.schema.tables[c.Table]
	if tab == nil && c.Do == "add" && c.Column == "" {
		return s.addCustomTable(c)
	}
	if tab == nil {
		return fmt.Errorf("there is no table %q; use a logical name such as opportunity", c.Table)
	}
	if c.Do == "remove" && c.Column == "" {
		return s.removeTable(tab)
	}
	switch c.Do {
	case "key":
		return s.changeKey(tab, c)
	case "track":
		tab.tracking = c.Tracking
		return nil
	}
	col := tab.columns[c.Column]
	if (col == nil) != (c.Do == "add") {
		return fmt.Errorf("the column is %s", map[bool]string{true: "not there", false: "there already"}[col == nil])
	}
	switch c.Do {
	case "add":
		return s.addCustomColumn(tab, c)
	case "remove":
		return s.removeColumn(col)
	case "retype":
		return s.retype(tab, col, c)
	case "require":
		return col.require(c.Level)
	case "length":
		if !col.kind.isText() || c.Length < 1 || c.Length > longestText {
			return fmt.Errorf("length: a text column and 1 to %d are needed", longestText)
		}
		col.maxLength = c.Length
		return nil
	case "option":
		return s.changeOption(col, c)
	}
	return fmt.Errorf("do: use add, remove, retype, require, length, option, key or track")
}

func (k kind) isText() bool { return k == kindString || k == kindMemo }

// require sets the level of requirement. Only SystemRequired binds the API; forms demand ApplicationRequired.
func (c *column) require(level string) error {
	levels := []string{"", "none", "recommended", "applicationrequired", "systemrequired"}
	switch i := slices.Index(levels, strings.ToLower(level)); i {
	case -1:
		return fmt.Errorf("level %q: use None, Recommended, ApplicationRequired or SystemRequired", level)
	default:
		c.required, c.must = i == 3, i == 0 || i == 4
	}
	return nil
}

// longestText is the most that a memo takes; columnName is what the platform makes a logical name of.
// https://learn.microsoft.com/power-apps/maker/data-platform/types-of-fields
const longestText = 1048576

var columnName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,99}$`)

func (s *Simulator) addCustomColumn(tab *table, c schemaChange) error {
	col, err := s.customColumn(tab, c)
	if err != nil {
		return err
	}
	col.created = s.now()
	tab.add(col)
	return s.settleColumns(tab)
}

// settleColumns completes a table after a column came: names in the Web API, base amounts, calculated values.
func (s *Simulator) settleColumns(tab *table) error {
	tab.money = nil
	tab.addMoney()
	for _, c := range tab.order {
		if c.prop != "" {
			continue
		}
		if err := s.schema.attach(tab, c); err != nil {
			return err
		}
	}
	s.db.rewrite(tab.name, func(v map[string]any) { tab.calculate(v) })
	return nil
}

// customColumn makes a column as the call describes it.
func (s *Simulator) customColumn(tab *table, c schemaChange) (*column, error) {
	if !columnName.MatchString(c.Column) {
		return nil, fmt.Errorf("column %q: a logical name of lower-case letters, digits and _ is needed, as new_region", c.Column)
	}
	labels, err := languages(c.Labels)
	if err != nil {
		return nil, err
	}
	col := &column{name: c.Column, schemaName: c.SchemaName, label: c.Label, labels: labels, format: c.Format, onDelete: "RemoveLink",
		maxLength: c.Length, min: -1e12, max: 1e12, noCreate: isFalse(c.Create), noUpdate: isFalse(c.Update)}
	if err := s.typed(col, c); err != nil {
		return nil, err
	}
	if c.Level != "" {
		if err := col.require(c.Level); err != nil {
			return nil, err
		}
	}
	for to, from := range map[*float64]*float64{&col.min: c.Min, &col.max: c.Max} {
		if from != nil {
			*to = *from
		}
	}
	if c.Precision != nil {
		col.precision = *c.Precision
	}
	if c.Formula != "" {
		if col.formula, err = tab.parseFormula(c.Formula); err != nil {
			return nil, err
		}
		col.formula.rollup = c.Rollup
	}
	if len(c.Default) > 0 {
		col.table = tab // for the text of a refusal
		if col.def, err = col.parse(decodeValue(c.Default)); err != nil {
			return nil, fmt.Errorf("default: %w", err)
		}
	}
	return col, nil
}

func isFalse(b *bool) bool { return b != nil && !*b }

func (c *column) setBehavior(behavior string) error {
	switch behavior {
	case "", userLocal, zoneIndependent:
		c.kind, c.behavior = kindDateTime, behavior
	case dateOnly:
		c.kind = kindDate
	default:
		return fmt.Errorf("behavior %q: use UserLocal, DateOnly or TimeZoneIndependent", behavior)
	}
	return nil
}

// languages reads the keys of labels as language codes.
func languages(labels map[string]string) (map[int]string, error) {
	out := map[int]string{}
	for code, text := range labels {
		n, err := strconv.Atoi(code)
		if err != nil {
			return nil, fmt.Errorf("labels: %q is no language code such as 1036", code)
		}
		out[n] = text
	}
	return out, nil
}

// retype puts a column of another type in the place of one; what stood in it is lost.
func (s *Simulator) retype(tab *table, old *column, c schemaChange) error {
	if c.SchemaName == "" {
		c.SchemaName = old.schemaName
	}
	if c.Label == "" {
		c.Label = old.label
	}
	col, err := s.customColumn(tab, c)
	if err != nil {
		return err
	}
	if err := s.removeColumn(old); err != nil {
		return err
	}
	tab.add(col)
	return s.settleColumns(tab)
}

// changeOption adds, renames or removes one value; of a global choice for all columns that use it.
func (s *Simulator) changeOption(col *column, c schemaChange) error {
	if !col.kind.isOption() && col.kind != kindMulti && col.kind != kindBool || c.Value == nil {
		return fmt.Errorf("option: a choice, two-option, state or status column and a value are needed")
	}
	o := schemaOption{Value: *c.Value, Label: c.Label, Labels: c.Labels}
	if c.State != nil {
		o.State = *c.State
	}
	if col.kind == kindBool && (c.Remove || *c.Value != 0 && *c.Value != 1) {
		return fmt.Errorf("value %d: a two-option column has 1 and 0", *c.Value)
	}
	if col.kind == kindStatus && !c.Remove && col.table.state.optionLabel(o.State) == "" {
		return fmt.Errorf("state %d: the table has no such state", o.State)
	}
	change := func(to *column) error {
		if c.Remove {
			to.options = slices.DeleteFunc(slices.Clone(to.options), func(have option) bool { return have.value == o.Value })
			return nil
		}
		return to.putOption(o)
	}
	if err := change(col); err != nil || col.choice == "" {
		return err
	}
	s.schema.choices[col.choice].options = col.options
	for _, t := range s.schema.order {
		for _, other := range t.order {
			if other.choice == col.choice {
				other.options = col.options
			}
		}
	}
	return nil
}

// putOption adds a value behind the others, or changes its label.
func (c *column) putOption(o schemaOption) error {
	labels, err := languages(o.Labels)
	if err != nil {
		return err
	}
	n := option{value: o.Value, state: o.State, label: o.Label, labels: labels}
	list := slices.Clone(c.options)
	if i := slices.IndexFunc(list, func(have option) bool { return have.value == o.Value }); i >= 0 {
		if n.label == "" {
			n.label = list[i].label
		}
		merged := maps.Clone(list[i].labels)
		if merged == nil {
			merged = map[int]string{}
		}
		maps.Copy(merged, n.labels)
		n.state, n.labels = list[i].state, merged
		list[i] = n
	} else {
		list = append(list, n)
	}
	c.options = list
	return nil
}

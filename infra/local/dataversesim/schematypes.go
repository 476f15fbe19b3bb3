package dataversesim

import (
	"fmt"
	"slices"
	"strings"
)

// columnTypes are the types that POST schema makes, in the words of the metadata.
const columnTypes = "String, Memo, Boolean, Integer, BigInt, Decimal, Double, Money, DateTime, Picklist, MultiSelectPicklist, Lookup or Customer"

// mostDigits are the digits after the point that a kind of number may have.
// https://learn.microsoft.com/power-apps/maker/data-platform/types-of-fields
func mostDigits(k kind) int { return map[kind]int{kindDecimal: 10, kindDouble: 5, kindMoney: 4}[k] }

// typed sets what belongs to the type of a column.
func (s *Simulator) typed(col *column, c schemaChange) error {
	switch c.Type {
	case "String", "Memo":
		return col.setText(c)
	case "Boolean":
		return col.setBoolean(c)
	case "Integer":
		col.kind, col.min, col.max = kindInt, -2147483648, 2147483647
	case "BigInt":
		col.kind, col.min, col.max = kindBigInt, -9223372036854775808, 9223372036854775807
	case "Decimal", "Double", "Money":
		col.kind, col.precision = kind(strings.ToLower(c.Type)), 2
		if c.Precision != nil && (*c.Precision < 0 || *c.Precision > mostDigits(col.kind)) {
			return fmt.Errorf("precision %d: a %s column has 0 to %d digits", *c.Precision, c.Type, mostDigits(col.kind))
		}
	case "DateTime":
		if !slices.Contains([]string{"", "DateOnly", "DateAndTime"}, c.Format) {
			return fmt.Errorf("format %q: use DateOnly or DateAndTime", c.Format)
		}
		return col.setBehavior(c.Behavior)
	case "Picklist", "MultiSelectPicklist":
		col.kind = map[string]kind{"Picklist": kindPicklist, "MultiSelectPicklist": kindMulti}[c.Type]
		return s.setOptions(col, c)
	case "Lookup", "Customer":
		return s.setTargets(col, c)
	default:
		return fmt.Errorf("type %q: use %s", c.Type, columnTypes)
	}
	return nil
}

func (c *column) setText(asked schemaChange) error {
	c.kind, c.autoNumber = kind(strings.ToLower(asked.Type)), asked.AutoNumber
	if c.autoNumber != "" && (c.kind != kindString || !strings.Contains(c.autoNumber, "{SEQNUM:")) {
		return fmt.Errorf(`autoNumber %q: a String column and a form such as "{DATETIMEUTC:yyyy-MM-dd}-{SEQNUM:5}" are needed`, c.autoNumber)
	}
	if c.maxLength == 0 {
		c.maxLength = map[kind]int{kindString: 100, kindMemo: 2000}[c.kind]
	}
	if limit := map[kind]int{kindString: 4000, kindMemo: longestText}[c.kind]; c.maxLength < 0 || c.maxLength > limit {
		return fmt.Errorf("length %d: a %s column takes up to %d characters", c.maxLength, asked.Type, limit)
	}
	return nil
}

// setBoolean takes other words for yes and no from the options 1 and 0.
func (c *column) setBoolean(asked schemaChange) error {
	c.kind, c.def = kindBool, false
	for _, o := range asked.Options {
		if o.Value != 0 && o.Value != 1 {
			return fmt.Errorf("options: a Boolean column has the values 1 and 0")
		}
		if err := c.putOption(o); err != nil {
			return err
		}
	}
	return nil
}

// setOptions gives a choice its own values, or those of a global choice, which is made where it is not there.
func (s *Simulator) setOptions(col *column, c schemaChange) error {
	col.choice = c.Choice
	if global := s.schema.choices[c.Choice]; c.Choice != "" && global != nil {
		if len(c.Options) > 0 {
			return fmt.Errorf("options: the choice %s has its own: change them with option", c.Choice)
		}
		col.options = global.options
		return nil
	}
	for _, o := range c.Options {
		if err := col.putOption(o); err != nil {
			return err
		}
	}
	if c.Choice != "" {
		s.schema.choices[c.Choice] = &choice{name: c.Choice, label: c.Label, options: col.options}
	}
	return nil
}

func (s *Simulator) setTargets(col *column, c schemaChange) error {
	col.kind, col.targets = kindLookup, []string{c.Target}
	if c.Type == "Customer" {
		col.kind, col.targets = kindPoly, []string{"account", "contact"}
	}
	name := c.SchemaName
	if name == "" {
		name = c.Column
	}
	for _, target := range col.targets {
		if s.schema.tables[target] == nil {
			return fmt.Errorf("target: there is no table %q", target)
		}
		nav := name
		if c.Type == "Customer" {
			nav += "_" + target
		}
		col.navs = append(col.navs, nav)
	}
	col.relationships = []string{c.Collection}
	return nil
}

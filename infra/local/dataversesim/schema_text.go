package dataversesim

import (
	"fmt"
	"strconv"
	"strings"
)

// readStandard reads tables.txt; its head describes the form.
func (s *schema) readStandard(text string) error {
	var t *table
	for i, line := range strings.Split(text, "\n") {
		words := strings.Fields(line)
		if len(words) == 0 || strings.HasPrefix(words[0], "#") {
			continue
		}
		if words[0] == "table" {
			t = readTable(words[1:])
			s.addTable(t)
			t.add(&column{name: t.primaryID, kind: kindGUID, createOnly: true})
			continue
		}
		c, err := readColumn(words)
		if err != nil {
			return fmt.Errorf("tables.txt line %d: %w", i+1, err)
		}
		t.add(c)
	}
	return nil
}

func readTable(w []string) *table {
	t := &table{name: w[0], schemaName: w[0], label: w[0], set: w[1], primaryID: w[2], primaryName: w[3], userOwned: w[4] == "user"}
	for _, flag := range w[5:] {
		switch flag {
		case "track":
			t.tracking = true
		case "keep":
			t.keep = true
		case "states":
			t.states = true
		}
	}
	return t
}

func readColumn(w []string) (*column, error) {
	c := &column{name: w[0], kind: kind(w[1]), onDelete: "RemoveLink"}
	rest := w[2:]
	var err error
	switch c.kind {
	case kindString, kindMemo, kindSecret:
		c.maxLength, err = strconv.Atoi(rest[0])
		rest = rest[1:]
	case kindInt:
		rest, err = c.readRange(rest)
	case kindMoney:
		c.precision = 2
		rest, err = c.readRange(rest)
	case kindDecimal, kindDouble:
		if c.precision, err = strconv.Atoi(rest[0]); err == nil {
			rest, err = c.readRange(rest[1:])
		}
	case kindPicklist, kindState, kindStatus:
		c.options, err = readOptions(c.kind, rest[0])
		rest = rest[1:]
	case kindLookup:
		c.targets, c.navs, rest = []string{rest[0]}, []string{c.name}, rest[1:]
	case kindPoly:
		c.targets, rest = strings.Split(rest[0], ","), rest[1:]
		for _, target := range c.targets {
			c.navs = append(c.navs, c.name+"_"+target)
		}
	case kindBool, kindManaged, kindGUID, kindDate, kindDateTime, kindBigInt:
	default:
		return nil, fmt.Errorf("kind %q is unknown", w[1])
	}
	if err != nil {
		return nil, err
	}
	return c, c.readFlags(rest)
}

func (c *column) readRange(w []string) (rest []string, err error) {
	if c.min, err = strconv.ParseFloat(w[0], 64); err != nil {
		return nil, err
	}
	c.max, err = strconv.ParseFloat(w[1], 64)
	return w[2:], err
}

func readOptions(k kind, text string) ([]option, error) {
	var out []option
	for _, item := range strings.Split(text, "|") {
		parts := strings.Split(item, ":")
		var o option
		var err error
		if o.value, err = strconv.ParseInt(parts[0], 10, 64); err != nil {
			return nil, err
		}
		if k == kindStatus {
			if o.state, err = strconv.ParseInt(parts[1], 10, 64); err != nil {
				return nil, err
			}
			parts = parts[1:]
		}
		o.label = strings.ReplaceAll(parts[1], "_", " ")
		out = append(out, o)
	}
	return out, nil
}

func (c *column) readFlags(words []string) error {
	for _, w := range words {
		name, value, _ := strings.Cut(w, "=")
		switch name {
		case "ro":
			c.readOnly = true
		case "req":
			c.required = true
		case "create":
			c.createOnly = true
		case "must":
			c.must = true
		case "nav":
			c.navs = strings.Split(value, ",")
		case "coll":
			c.relationships = strings.Split(value, ",")
		case "del":
			c.onDelete = value
		case "default":
			if c.kind == kindBool {
				c.def = value == "true"
				continue
			}
			if c.kind == kindManaged {
				c.def = managedFlag(value == "true")
				continue
			}
			n, err := strconv.ParseInt(value, 10, 64)
			if err != nil {
				return err
			}
			c.def = n
		default:
			return fmt.Errorf("flag %q is unknown", w)
		}
	}
	return nil
}

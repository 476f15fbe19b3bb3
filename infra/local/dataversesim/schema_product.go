package dataversesim

import "fmt"

// productSchema is the shape of infra/dataverse/schema.json, as far as the simulator needs it.
type productSchema struct {
	Choices []struct {
		Name, Label string
		Options     []struct {
			Value int64
			Label string
		}
	}
	Tables []struct {
		LogicalName, SchemaName, EntitySet, Label, Ownership, PrimaryID, PrimaryName string
		Standard, ChangeTracking                                                     bool
		Columns                                                                      []productColumn
	}
	Keys []struct {
		Table, SchemaName string
		Columns           []string
	}
	Endpoint struct{ Name string }
	Steps    []stepSpec
}

type productColumn struct {
	LogicalName, SchemaName, Type, Label, Description, Format, Choice string
	Target, Relationship, Collection, OnDelete                        string
	MaxLength, Precision                                              int
	Required                                                          bool
	Default                                                           any
}

type stepSpec struct {
	Message, Table   string
	Filter, PreImage []string
}

func (s *schema) addProduct(p *productSchema) error {
	for _, c := range p.Choices {
		n := &choice{name: c.Name, label: c.Label}
		for _, o := range c.Options {
			n.options = append(n.options, option{value: o.Value, label: o.Label})
		}
		s.choices[c.Name] = n
	}
	for _, pt := range p.Tables {
		t := s.tables[pt.LogicalName]
		if t == nil {
			t = &table{name: pt.LogicalName, schemaName: pt.SchemaName, set: pt.EntitySet, label: pt.Label,
				primaryID: pt.PrimaryID, primaryName: pt.PrimaryName, userOwned: pt.Ownership == "UserOwned", states: true}
			s.addTable(t)
			t.add(&column{name: t.primaryID, kind: kindGUID, createOnly: true})
		}
		t.tracking = pt.ChangeTracking
		for _, pc := range pt.Columns {
			c, err := s.productColumn(pc)
			if err != nil {
				return fmt.Errorf("table %s: %w", pt.LogicalName, err)
			}
			t.add(c)
		}
	}
	return nil
}

func (s *schema) productColumn(pc productColumn) (*column, error) {
	c := &column{name: pc.LogicalName, schemaName: pc.SchemaName, label: pc.Label, description: pc.Description,
		maxLength: pc.MaxLength, format: pc.Format, required: pc.Required, precision: pc.Precision, def: pc.Default}
	switch pc.Type {
	case "String":
		c.kind = kindString
	case "Memo":
		c.kind = kindMemo
	case "Boolean":
		c.kind = kindBool
		if c.def == nil {
			c.def = false
		}
	case "Integer":
		c.kind, c.min, c.max = kindInt, -2147483648, 2147483647
	case "Decimal":
		c.kind, c.min, c.max = kindDecimal, -100000000000, 100000000000
	case "Money":
		c.kind, c.precision, c.min, c.max = kindMoney, 2, -922337203685477, 922337203685477
	case "DateTime":
		c.kind = kindDateTime
		if pc.Format == "DateOnly" {
			c.kind = kindDate
		}
	case "Picklist":
		c.kind, c.choice = kindPicklist, pc.Choice
		if s.choices[pc.Choice] == nil {
			return nil, fmt.Errorf("column %s: there is no choice %s", pc.LogicalName, pc.Choice)
		}
		c.options = s.choices[pc.Choice].options
	case "Lookup":
		c.kind, c.targets, c.navs = kindLookup, []string{pc.Target}, []string{pc.SchemaName}
		c.relationships, c.onDelete = []string{pc.Collection}, pc.OnDelete
	default:
		return nil, fmt.Errorf("column %s: type %q is not simulated", pc.LogicalName, pc.Type)
	}
	if f, ok := c.def.(float64); ok {
		c.def = int64(f)
	}
	return c, nil
}

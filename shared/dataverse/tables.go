package dataverse

import (
	"context"
	"fmt"
)

// TableName is a table as its definition names it.
type TableName struct {
	Name    string // logical
	Set, ID string
	Labels  []string // of one and of several, in every language
}

// wireTable is what is read of a table's definition.
type wireTable struct {
	LogicalName, EntitySetName         string
	PrimaryID                          string `json:"PrimaryIdAttribute"`
	DisplayName, DisplayCollectionName struct {
		LocalizedLabels []struct{ Label string }
	}
}

const tableSelect = "?$select=LogicalName,EntitySetName,PrimaryIdAttribute,DisplayName,DisplayCollectionName"

// TableNames reads the names of all tables: one call, with a long answer.
func (c *Client) TableNames(ctx context.Context) ([]TableName, error) {
	var wire struct {
		Value []wireTable `json:"value"`
	}
	if err := c.definition(ctx, c.root+"/EntityDefinitions"+tableSelect, &wire); err != nil {
		return nil, fmt.Errorf("reading the names of the tables: %w", err)
	}
	out := make([]TableName, len(wire.Value))
	for i, t := range wire.Value {
		out[i] = t.name()
	}
	return out, nil
}

// TableName reads the names of one table. Refused of class Ours: there is none.
func (c *Client) TableName(ctx context.Context, table string) (TableName, error) {
	if !isName(table) {
		return TableName{}, badQuery("table", table)
	}
	var wire wireTable
	if err := c.definition(ctx, c.entity(table)+tableSelect, &wire); err != nil {
		return TableName{}, fmt.Errorf("reading the names of table %s: %w", table, err)
	}
	return wire.name(), nil
}

func (t wireTable) name() TableName {
	out := TableName{Name: t.LogicalName, Set: t.EntitySetName, ID: t.PrimaryID}
	for _, l := range append(t.DisplayName.LocalizedLabels, t.DisplayCollectionName.LocalizedLabels...) {
		if l.Label != "" {
			out.Labels = append(out.Labels, l.Label)
		}
	}
	return out
}

// Lookup is a lookup of a table: the property by which it is written, and the one by which the row that it leads to
// has all rows that lead to it.
type Lookup struct{ Column, Target, Property, Collection string }

// Lookups reads the lookups of a table, each with every table that it may lead to.
func (c *Client) Lookups(ctx context.Context, table string) ([]Lookup, error) {
	if !isName(table) {
		return nil, badQuery("table", table)
	}
	var wire struct {
		Value []struct {
			ReferencingAttribute, ReferencedEntity, ReferencingEntityNavigationPropertyName string
			Collection                                                                      string `json:"ReferencedEntityNavigationPropertyName"`
		} `json:"value"`
	}
	if err := c.definition(ctx, c.entity(table)+"/ManyToOneRelationships?$select=ReferencingAttribute,ReferencedEntity,ReferencingEntityNavigationPropertyName,ReferencedEntityNavigationPropertyName", &wire); err != nil {
		return nil, fmt.Errorf("reading the lookups of %s: %w", table, err)
	}
	out := make([]Lookup, len(wire.Value))
	for i, l := range wire.Value {
		out[i] = Lookup{Column: l.ReferencingAttribute, Target: l.ReferencedEntity, Property: l.ReferencingEntityNavigationPropertyName, Collection: l.Collection}
	}
	return out, nil
}

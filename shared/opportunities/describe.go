package opportunities

import (
	"context"
	"slices"

	"github.com/cosell-sync/cosell-sync/shared/dataverse"
	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/mapping"
)

// Describe reads what a field sheet has to know of the CRM's tables: those that people name by label or that are the
// organisation's own, and the standard ones where asked. What may not be read is left out. Broken, Later, Denied: the
// CRM cannot be asked now.
func Describe(ctx context.Context, crm *dataverse.Client, asks mapping.Asks) (mapping.Described, error) {
	d := describer{crm: crm, out: mapping.Described{}}
	if asks.Labels {
		for _, table := range []string{opportunityKind, accountKind, contactKind, "lead"} {
			if err := d.table(ctx, dataverse.TableName{Name: table}, false); err != nil {
				return nil, err
			}
		}
	}
	var all []dataverse.TableName
	for _, said := range asks.Tables {
		label, by := mapping.ByLabel(said)
		if !by {
			t, err := crm.TableName(ctx, said)
			if err = passing(err); err != nil {
				return nil, err
			}
			if t.Name != "" {
				if err := d.table(ctx, t, true); err != nil {
					return nil, err
				}
			}
			continue
		}
		if all == nil {
			var err error
			if all, err = crm.TableNames(ctx); passing(err) != nil {
				return nil, err
			}
		}
		for _, t := range all {
			if !slices.ContainsFunc(t.Labels, func(l string) bool { return mapping.FoldText(l) == mapping.FoldText(label) }) {
				continue
			}
			if err := d.table(ctx, t, true); err != nil {
				return nil, err
			}
		}
	}
	return d.out, nil
}

type describer struct {
	crm *dataverse.Client
	out mapping.Described
}

// table adds the columns of a table and, of one that rows are written in, its lookups.
func (d describer) table(ctx context.Context, t dataverse.TableName, lookups bool) error {
	columns, err := d.crm.Columns(ctx, t.Name)
	if err != nil {
		return passing(err)
	}
	out := mapping.DescribedTable{Labels: t.Labels, Set: t.Set, ID: t.ID, Columns: map[string][]string{}, Lookups: map[string]mapping.Lookup{}}
	for name, a := range columns {
		out.Columns[name] = a.Labels
	}
	if lookups {
		found, err := d.crm.Lookups(ctx, t.Name)
		if err != nil {
			return passing(err)
		}
		for _, l := range found {
			out.Lookups[l.Column+" "+l.Target] = mapping.Lookup{Property: l.Property, Collection: l.Collection}
		}
	}
	d.out[t.Name] = out
	return nil
}

// passing keeps only the errors that pass: what is not there, or not ours to read, is left out.
func passing(err error) error {
	if fault.Is(err, fault.Gone) || fault.Is(err, fault.Refused) {
		return nil
	}
	return err
}

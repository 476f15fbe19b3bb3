package setup

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/dataverse"
)

// The states of the index behind a key.
const (
	keyActive = "Active"
	keyFailed = "Failed"
)

// The wait for an index: it is built in the background.
const (
	firstKeyWait = time.Second
	keyWait      = 8 * time.Second
	keyPatience  = 10 * time.Minute
)

// keyState is an alternate key as it stands.
type keyState struct {
	SchemaName, LogicalName, EntityKeyIndexStatus string
	KeyAttributes                                 []string
}

func keysPath(table string) string {
	return tablePath(table) + "/Keys?$select=SchemaName,LogicalName,KeyAttributes,EntityKeyIndexStatus"
}

// lookKeys plans the alternate keys.
// https://learn.microsoft.com/power-apps/developer/data-platform/define-alternate-keys-entity
func (r *run) lookKeys(ctx context.Context) error {
	for _, k := range r.d.Keys {
		have, err := r.readKeys(ctx, k.Table)
		if err != nil {
			return err
		}
		r.key(k, have)
	}
	return nil
}

func (r *run) readKeys(ctx context.Context, table string) ([]keyState, error) {
	if t := r.found[table]; t != nil && (t.made || t.columns == nil) {
		return nil, nil
	}
	return list[keyState](ctx, r.w, keysPath(table))
}

func (r *run) key(k dataverse.Key, have []keyState) {
	item := &Item{Kind: "key", Name: k.Table + "/" + k.SchemaName, Do: Leave}
	named, same := findKey(have, k)
	switch {
	case named != nil && same != named:
		item.Do, item.Why = Stop, fmt.Sprintf("key %s of table %s is on %s, and %s is needed", k.SchemaName, k.Table, strings.Join(named.KeyAttributes, ","), strings.Join(k.Columns, ","))
		item.Mend = "delete that key"
	case same != nil:
		if same.SchemaName != k.SchemaName {
			item.Why = "the key " + same.SchemaName + " is on the same column"
		}
	case r.managed:
		r.imported(item)
	default:
		item.Do, item.Why, item.needs = Create, "no two rows with the same "+strings.Join(k.Columns, ","), []string{r.solutionItem(), "table " + k.Table}
		for _, c := range k.Columns {
			item.needs = append(item.needs, "column "+k.Table+"/"+c)
		}
		item.apply = func(ctx context.Context) error {
			_, err := r.w.post(ctx, tablePath(k.Table)+"/Keys", map[string]any{"@odata.type": crmType + "EntityKeyMetadata", "SchemaName": k.SchemaName,
				"DisplayName": label(dataverse.Text{Label: k.SchemaName}, r.languages), "KeyAttributes": k.Columns})
			return err
		}
	}
	r.plan.add(item)
}

// findKey finds the key of that name, and the one on the same columns.
func findKey(have []keyState, k dataverse.Key) (named, same *keyState) {
	for i := range have {
		columns := slices.Sorted(slices.Values(have[i].KeyAttributes))
		if slices.Equal(columns, slices.Sorted(slices.Values(k.Columns))) && (same == nil || have[i].SchemaName == k.SchemaName) {
			same = &have[i]
		}
		if strings.EqualFold(have[i].SchemaName, k.SchemaName) {
			named = &have[i]
		}
	}
	return named, same
}

// addKeysActive plans the wait for the indexes that are not active yet.
func (r *run) addKeysActive(ctx context.Context) error {
	for _, k := range r.d.Keys {
		have, err := r.readKeys(ctx, k.Table)
		if err != nil {
			return err
		}
		_, same := findKey(have, k)
		if same != nil && (same.EntityKeyIndexStatus == keyActive || same.EntityKeyIndexStatus == "") || same == nil && r.managed {
			continue
		}
		item := &Item{Kind: "index", Name: k.Table + "/" + k.SchemaName, Do: Change, Why: "the key is not active yet", needs: []string{"key " + k.Table + "/" + k.SchemaName}}
		if same == nil {
			item.Why = "the key is active once its index is built"
		} else if same.EntityKeyIndexStatus == keyFailed {
			if doubles := r.doubles(ctx, k); doubles != "" {
				item.Do, item.Why, item.Mend = Open, doubles, mendDoubles
				r.plan.add(item)
				continue
			}
			item.Why = "the index could not be built, and nothing is in its way any more"
		}
		item.apply = func(ctx context.Context) error { return r.activate(ctx, k) }
		r.plan.add(item)
	}
	return nil
}

const mendDoubles = "leave the value in one of them (cosellctl unlink, or empty the column) and run this again; until then everything else works, and no key keeps a person from typing a value twice"

// activate waits until the index of a key is built, and has it built again where that had failed before.
func (r *run) activate(ctx context.Context, k dataverse.Key) error {
	again := false
	wait := firstKeyWait
	for waited := time.Duration(0); ; waited, wait = waited+wait, min(2*wait, keyWait) {
		have, err := list[keyState](ctx, r.w, keysPath(k.Table))
		if err != nil {
			return err
		}
		_, same := findKey(have, k)
		switch {
		case same == nil:
			return &kept{"the key is gone", "run this again"}
		case same.EntityKeyIndexStatus == keyActive:
			return nil
		case same.EntityKeyIndexStatus == keyFailed:
			if doubles := r.doubles(ctx, k); doubles != "" {
				return &kept{doubles, mendDoubles}
			}
			if again {
				return &kept{"the index could not be built", "look at the system job of the key in the maker portal"}
			}
			again = true
			if err := r.w.act(ctx, "ReactivateEntityKey", map[string]any{"EntityLogicalName": k.Table, "EntityKeyLogicalName": strings.ToLower(same.SchemaName)}); err != nil {
				return err
			}
		case waited >= keyPatience:
			return &kept{"the index is still being built after " + keyPatience.String(), "run this again later: it goes on where it is"}
		}
		if r.w.Wait != nil {
			r.w.Wait("waiting for the index of " + k.SchemaName)
		}
		if err := r.w.Sleep(ctx, wait); err != nil {
			return fmt.Errorf("waiting for a key: %w", err)
		}
	}
}

// mostShown are as many duplicates as a sentence names.
const mostShown = 20

// doubles names the rows that have the same value; "" where none have. Keys compare without case and without blanks at
// the end, and never two empty values.
func (r *run) doubles(ctx context.Context, k dataverse.Key) string {
	t, err := r.readTable(ctx, k.Table)
	if err != nil {
		return "the rows cannot be read: " + err.Error()
	}
	set, id := t.EntitySetName, t.PrimaryIDAttribute
	if own, ok := r.d.Table(k.Table); ok && set == "" {
		set, id = own.EntitySet, own.PrimaryID
	}
	column := k.Columns[0]
	rows, err := list[map[string]any](ctx, r.w, where(set, id+","+column, column+" ne null"))
	if err != nil {
		return "the rows cannot be read: " + err.Error()
	}
	by := map[string][]string{}
	var order []string
	for _, row := range rows {
		value, _ := row[column].(string)
		value = strings.ToLower(strings.TrimRight(value, " "))
		if by[value] == nil {
			order = append(order, value)
		}
		by[value] = append(by[value], fmt.Sprint(row[id]))
	}
	var said []string
	for _, value := range order {
		if len(by[value]) > 1 {
			said = append(said, fmt.Sprintf("%s in %s", value, strings.Join(by[value], " and ")))
		}
	}
	if len(said) == 0 {
		return ""
	}
	more := ""
	if len(said) > mostShown {
		said, more = said[:mostShown], fmt.Sprintf(", and %d more", len(said)-mostShown)
	}
	return fmt.Sprintf("key %s cannot become active: %s of %s has the same value several times: %s%s", k.SchemaName, column, k.Table, strings.Join(said, "; "), more)
}

package referrals

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/mapping"
	"github.com/cosell-sync/cosell-sync/shared/partnercenter"
)

// registrationType is the one kind of deal registration that Microsoft's own connector knows.
const registrationType = "AzureIPCoSell"

// Register makes the deal registration of a won referral say what the values say: a new one, or the changes of one that
// is still open. state is what Partner Center says of it then; changed: something was written. Kinds as those of Put.
// https://learn.microsoft.com/partner-center/register-deals
func (s *Store) Register(ctx context.Context, r cosell.Referral, values cosell.Record) (state string, changed bool, err error) {
	d, ok := r.Source.(partnercenter.Document)
	if !ok {
		return "", false, fmt.Errorf("registering referral %s: %w", r.ID, cosell.ErrUnread)
	}
	wanted, err := s.registration(r, values)
	if err != nil {
		return "", false, err
	}
	have, _ := d.Value("/registrations").([]any)
	ops := s.newRegistration(d, wanted)
	if len(have) > 0 {
		if state = mapping.TextOf(d.Value("/registrationStatus")); !open(state) {
			return state, false, nil
		}
		ops = changesOf(d, wanted)
	}
	if len(ops) == 0 {
		return state, false, nil
	}
	written, err := s.api.Patch(ctx, r.ID, r.Version, ops)
	if err != nil {
		return "", false, s.sheet.NameByReferral(err)
	}
	return mapping.TextOf(written.Value("/registrationStatus")), true, nil
}

// open says whether a registration may still be changed.
func open(state string) bool {
	return !slices.ContainsFunc([]string{"Approved", "Passed", "Failed", "Closed"}, func(s string) bool { return strings.EqualFold(s, state) })
}

// registration are the values at their places in a registration, in the order of the sheet.
func (s *Store) registration(r cosell.Referral, values cosell.Record) (out []partnercenter.Operation, err error) {
	for _, row := range s.sheet.Rows() {
		text := values[row.Field]
		if !row.Registers() || text == "" || !row.Scalar() {
			continue
		}
		v, err := row.ToReferral(s.glossary, text)
		if err != nil {
			return nil, mapping.RefusedValue("registering referral "+r.ID, row.Field, err)
		}
		out = append(out, partnercenter.Operation{Op: "replace", Path: row.Referral, Value: v})
	}
	return out, nil
}

// changesOf are the values that a registration does not have yet. Currency of the contract and solution stay.
func changesOf(d partnercenter.Document, wanted []partnercenter.Operation) (ops []partnercenter.Operation) {
	for _, op := range wanted {
		at := strings.TrimPrefix(op.Path, mapping.Registration)
		if at == "contract/currency" || at == "solutionDetails/0/id" || sameValue(registered(d, at), op.Value) {
			continue
		}
		ops = append(ops, op)
	}
	return ops
}

// registered is what stands at a place in the first registration.
func registered(d partnercenter.Document, at string) any {
	list, _ := d.Value("/registrations").([]any)
	if len(list) == 0 {
		return nil
	}
	v := list[0]
	for _, name := range strings.Split(at, "/") {
		switch node := v.(type) {
		case map[string]any:
			v = node[name]
		case []any:
			if name != "0" || len(node) == 0 {
				return nil
			}
			v = node[0]
		default:
			return nil
		}
	}
	return v
}

// sameValue compares two values of a registration: numbers by what they are worth, times by their day and hour.
func sameValue(a, b any) bool {
	one, other := mapping.TextOf(a), mapping.TextOf(b)
	if x, errX := mapping.Decimal(one); errX == nil && x != "" {
		y, errY := mapping.Decimal(other)
		return errY == nil && x == y
	}
	const second = len("2026-03-02T09:00:00")
	if len(one) > second && len(other) > second && one[second] != ' ' && strings.HasSuffix(one, "Z") && strings.HasSuffix(other, "Z") {
		one, other = one[:second], other[:second]
	}
	return strings.EqualFold(one, other)
}

// newRegistration is one with what the deal itself says where the values say nothing: its value, its currency, its only
// solution.
func (s *Store) newRegistration(d partnercenter.Document, wanted []partnercenter.Operation) []partnercenter.Operation {
	contract, solution := map[string]any{}, map[string]any{}
	one := map[string]any{"type": registrationType, "contract": contract, "solutionDetails": []any{solution}}
	for _, op := range wanted {
		_ = put(map[string]any{"contract": contract, "solution": solution}, strings.Split(strings.Replace(strings.TrimPrefix(op.Path, mapping.Registration), "solutionDetails/0", "solution", 1), "/"), op.Value)
	}
	or(contract, "value", d.Value("/details/dealValue"))
	or(contract, "currency", d.Value("/details/currency"))
	or(solution, "value", contract["value"])
	or(solution, "currency", contract["currency"])
	if all, _ := d.Value("/details/requirements/solutions").([]any); len(all) == 1 {
		if only, is := all[0].(map[string]any); is {
			or(solution, "id", only["id"])
			or(solution, "name", only["name"])
		}
	}
	return []partnercenter.Operation{{Op: "add", Path: "/registrations/-", Value: one}}
}

// or fills a member that is not there.
func or(object map[string]any, name string, value any) {
	if object[name] == nil && value != nil {
		object[name] = value
	}
}

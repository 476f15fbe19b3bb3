package dataversesim

import (
	"fmt"
	"math/big"
	"strings"
)

// formula is what a calculated column shows: another column, or a multiple of it.
// https://learn.microsoft.com/power-apps/maker/data-platform/define-calculated-fields
type formula struct {
	column string
	factor *big.Rat // nil: the column as it is
	rollup bool     // said to be one; it is worked out at once all the same
}

// parseFormula reads "column" and "column * number".
func (t *table) parseFormula(text string) (*formula, error) {
	name, number, multiplied := strings.Cut(text, "*")
	f := &formula{column: strings.TrimSpace(name)}
	if t.columns[f.column] == nil {
		return nil, fmt.Errorf("formula %q: the table has no column %q", text, f.column)
	}
	if multiplied {
		var ok bool
		if f.factor, ok = new(big.Rat).SetString(strings.TrimSpace(number)); !ok {
			return nil, fmt.Errorf("formula %q: use a column, or a column * a number", text)
		}
	}
	return f, nil
}

// calculate fills the calculated columns of a row.
func (t *table) calculate(v map[string]any) {
	for _, c := range t.order {
		if c.formula == nil {
			continue
		}
		delete(v, c.name)
		from := v[c.formula.column]
		d, isNumber := from.(decimal)
		switch {
		case from == nil:
		case c.formula.factor == nil:
			v[c.name] = from
		case isNumber:
			v[c.name] = ratDecimal(new(big.Rat).Mul(d.rat(), c.formula.factor), c.precision)
		}
	}
}

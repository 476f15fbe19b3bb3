package mapping

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/ext"
	"github.com/cosell-sync/cosell-sync/shared/cosell"
)

// Formula computes a value of a new record: an expression in CEL over the referral and over the fields of the
// sheet, each by its own name. It has no clock and no randomness, and stops where it costs too much.
// https://github.com/google/cel-spec/blob/master/doc/langdef.md
type Formula struct {
	program cel.Program
	fields  map[cosell.Field]*cel.Type
	gives   types.Kind
}

// Fits says whether a column of a type of the CRM can hold what the expression gives, as far as its type is known
// before it is computed; gives is that type in CEL's words.
func (f *Formula) Fits(column string) (gives string, ok bool) {
	gives = kindNames([]types.Kind{f.gives})
	switch f.gives {
	case types.BoolKind:
		return gives, isOne(column, "Boolean, String, Memo")
	case types.DoubleKind:
		return gives, !isOne(column, "Boolean, DateTime, Picklist, Lookup, Owner, Customer")
	case types.IntKind, types.UintKind:
		return gives, !isOne(column, "Boolean, DateTime, Lookup, Owner, Customer")
	case types.StringKind:
		return gives, !isOne(column, "Boolean, Integer, BigInt, Decimal, Double, Money")
	}
	return gives, true
}

// What one evaluation may cost, in CEL's own units, and how long an expression may be.
const (
	formulaCost   = 100_000
	formulaLength = 4096
)

// Eval gives the value: text, number (as json.Number) or flag; nil where the expression gives null. fields are the
// record's values, referral is the decoded document, nil while there is none. The error says why there is no value:
// a member that the referral does not have, a cost that is too high.
func (f *Formula) Eval(fields cosell.Record, referral any) (any, error) {
	if referral == nil {
		referral = map[string]any{}
	}
	vars := map[string]any{"referral": plainJSON(referral)}
	for name, of := range f.fields {
		vars[string(name)] = fieldValue(fields, name, of)
	}
	out, _, err := f.program.Eval(vars)
	if err != nil {
		return nil, err
	}
	switch v := out.Value().(type) {
	case string:
		return Clean(v), nil
	case bool:
		return v, nil
	case int64:
		return json.Number(strconv.FormatInt(v, 10)), nil
	case uint64:
		return json.Number(strconv.FormatUint(v, 10)), nil
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, fmt.Errorf("the number has no end")
		}
		return json.Number(strconv.FormatFloat(v, 'f', -1, 64)), nil
	}
	if out.Type() == types.NullType {
		return nil, nil
	}
	return nil, fmt.Errorf("the value is of type %s, which no column holds", out.Type())
}

// fieldValue is a field as the expression sees it; what is not there is empty, 0, false or an empty list.
func fieldValue(r cosell.Record, f cosell.Field, of *cel.Type) any {
	switch of.Kind() {
	case types.DoubleKind:
		n, _ := strconv.ParseFloat(r[f], 64) // canonical text; empty is 0
		return n
	case types.BoolKind:
		return r[f] == cosell.True
	case types.ListKind:
		out := []any{}
		members := r.Members(f)
		for _, key := range slices.Sorted(maps.Keys(members)) {
			var one map[string]any
			if json.Unmarshal([]byte(members[key]), &one) == nil {
				one["key"] = key
				out = append(out, one)
			}
		}
		return out
	}
	return r[f]
}

// plainJSON is a decoded document with numbers that an expression can reckon with.
func plainJSON(v any) any {
	switch v := v.(type) {
	case json.Number:
		n, _ := v.Float64() // too large a number is as good as infinite
		return n
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, e := range v {
			out[k] = plainJSON(e)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = plainJSON(e)
		}
		return out
	}
	return v
}

// compileFormulas compiles the expressions of all rows, once every row's kind is known.
func (l *loader) compileFormulas() {
	if !slices.ContainsFunc(l.rows, func(r Row) bool { return r.Formula != "" && !r.Off }) {
		return
	}
	fields := map[cosell.Field]*cel.Type{}
	options := []cel.EnvOption{cel.Variable("referral", cel.DynType), cel.CrossTypeNumericComparisons(true), ext.Strings(), ext.Math(),
		cel.ParserExpressionSizeLimit(formulaLength)}
	for _, r := range l.rows {
		if t := r.celType(); t != nil && !r.Off && !isOne(string(r.Field), celWords) {
			fields[r.Field] = t
			options = append(options, cel.Variable(string(r.Field), t))
		}
	}
	env, err := cel.NewEnv(options...)
	if err != nil {
		l.mistake(l.rows[0].where, "", "the formulas cannot be compiled: %v", err)
		return
	}
	for i := range l.rows {
		if r := &l.rows[i]; r.Formula != "" && !r.Off && !l.spoilt[r.Field] {
			wrong := len(l.mistakes)
			l.compile(env, r, fields)
			l.passOverFormula(r, wrong)
		}
	}
}

// formulaPlace is where an expression stands: of one in a block of lines of its own each line has its own place.
type formulaPlace struct {
	file  string
	line  int
	block bool
}

// of is the file:line of a line of the expression, counted from 1.
func (p formulaPlace) of(line int) string {
	at := p.line
	if p.block {
		at += line
	}
	return p.file + ":" + strconv.Itoa(at)
}

// plainIssue says what the compiler says, without the words of its grammar.
func plainIssue(text string) string {
	text = strings.ReplaceAll(text, " (in container '')", "")
	text, _, _ = strings.Cut(text, " expecting {")
	return strings.NewReplacer("mismatched input '<EOF>'", "the expression ends too early",
		"mismatched input", "this does not belong here:", "extraneous input", "this does not belong here:",
		"token recognition error at:", "no character of an expression:").Replace(text)
}

func (l *loader) compile(env *cel.Env, r *Row, fields map[cosell.Field]*cel.Type) {
	ast, issues := env.Compile(r.Formula)
	if issues.Err() != nil {
		for _, e := range issues.Errors() {
			l.mistake(r.formulaAt.of(e.Location.Line()), "", "the formula of field %s, column %d: %s", r.Field, e.Location.Column()+1, plainIssue(e.Message))
		}
		return
	}
	gives := ast.OutputType()
	wants := l.formulaKinds(r)
	if !slices.Contains(wants, gives.Kind()) && gives.Kind() != types.DynKind && gives.Kind() != types.NullTypeKind {
		l.mistake(r.formulaAt.of(1), kindNames(wants), "the formula of field %s gives %s", r.Field, gives)
		return
	}
	program, err := env.Program(ast, cel.CostLimit(formulaCost))
	if err != nil {
		l.mistake(r.formulaAt.of(1), "", "the formula of field %s: %v", r.Field, err)
		return
	}
	used := map[cosell.Field]*cel.Type{}
	for _, ref := range ast.NativeRep().ReferenceMap() {
		if t, is := fields[cosell.Field(ref.Name)]; is {
			used[cosell.Field(ref.Name)] = t
		}
	}
	r.compiled = &Formula{program: program, fields: used, gives: gives.Kind()}
}

// formulaKinds are the types that a formula may give: any plain one for a column that only metadata knows.
func (l *loader) formulaKinds(r *Row) []types.Kind {
	p := placeOf(r.CRM)
	if c, known := l.schema.find(p.Table, p.Column); known && p.Key == "" && r.CRM != "" {
		switch c.kind {
		case "String", "Memo", "DateTime", "Lookup", "Owner", "Customer":
			return []types.Kind{types.StringKind}
		case "Money", "Decimal", "Double", "Integer":
			return []types.Kind{types.DoubleKind, types.IntKind, types.UintKind}
		case "Boolean":
			return []types.Kind{types.BoolKind}
		case "Picklist":
			return []types.Kind{types.StringKind, types.IntKind}
		}
	}
	return []types.Kind{types.StringKind, types.DoubleKind, types.IntKind, types.UintKind, types.BoolKind}
}

func kindNames(kinds []types.Kind) string {
	names := map[types.Kind]string{types.StringKind: "string", types.DoubleKind: "double", types.IntKind: "int", types.UintKind: "uint", types.BoolKind: "bool"}
	var out []string
	for _, k := range kinds {
		out = append(out, names[k])
	}
	return strings.Join(out, ", ")
}

// celType is what a field is in an expression; nil where it has no value of its own.
func (r Row) celType() *cel.Type {
	switch r.As {
	case "":
		return nil
	case AsMoney, AsNumber, AsWhole:
		if len(r.Values) == 0 {
			return cel.DoubleType
		}
	case AsFlag:
		if len(r.Values) == 0 {
			return cel.BoolType
		}
	case AsMembers, AsSolutions:
		return cel.ListType(cel.DynType)
	}
	return cel.StringType
}

// celWords cannot be names of variables.
const celWords = "referral, as, break, const, continue, else, for, function, if, import, in, let, loop, package, namespace, return, var, void, while, " +
	"true, false, null, bool, bytes, double, duration, dyn, int, list, map, null_type, string, timestamp, type, uint"

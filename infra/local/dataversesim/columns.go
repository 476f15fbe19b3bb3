package dataversesim

import (
	"cmp"
	"encoding/json"
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
)

// Values of columns as they are stored: string, bool, int64, decimal, date, time.Time, guid, ref; a column
// without a value is not in the row at all.
type (
	guid string
	date string // "2026-03-31"
	ref  struct {
		table string
		id    string
	}
	// decimal is an exact number; text keeps the zeros of the column's precision.
	decimal struct {
		text string
		num  float64 // for comparing
	}
	managedFlag bool
)

// Behaviours of DateTime columns whose values carry a time.
// https://learn.microsoft.com/power-apps/developer/data-platform/behavior-format-date-time-attribute
const (
	userLocal       = "UserLocal"
	dateOnly        = "DateOnly"
	zoneIndependent = "TimeZoneIndependent"
)

var (
	guidPattern = regexp.MustCompile(`^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$`)
	datePattern = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}$`)
)

// newDecimal rounds a number written in JSON to the given digits; false if it is not a sensible number.
func newDecimal(text string, precision int) (decimal, bool) {
	if len(text) > 60 {
		return decimal{}, false
	}
	if i := strings.IndexAny(text, "eE"); i >= 0 {
		if exp, err := strconv.Atoi(text[i+1:]); err != nil || exp > 40 || exp < -40 {
			return decimal{}, false
		}
	}
	r, ok := new(big.Rat).SetString(text)
	if !ok {
		return decimal{}, false
	}
	return ratDecimal(r, precision), true
}

func ratDecimal(r *big.Rat, precision int) decimal {
	f, _ := r.Float64()
	return decimal{text: r.FloatString(precision), num: f}
}

// short is the number as the Web API writes it: one digit after the point at least, no further zeros.
func (d decimal) short() string {
	if !strings.Contains(d.text, ".") {
		return d.text + ".0"
	}
	s := strings.TrimRight(d.text, "0")
	if strings.HasSuffix(s, ".") {
		s += "0"
	}
	return s
}

func (d decimal) rat() *big.Rat {
	r, _ := new(big.Rat).SetString(d.text)
	return r
}

func wrongType(c *column, v any, edm string) *apiError {
	text, _ := json.Marshal(v)
	return fail(400, codeWrongType, "Error identified in Payload provided by the user for Entity :'%s': Cannot convert the literal '%s' to the expected type '%s' of the property '%s'.",
		c.table.set, clip(string(text), 200), edm, c.name)
}

func clip(s string, n int) string {
	if len(s) > n {
		return s[:n]
	}
	return s
}

// parse turns a JSON value (decoded with UseNumber) into the stored form; nil clears.
func (c *column) parse(v any) (any, error) {
	if v == nil {
		return nil, nil
	}
	switch c.kind {
	case kindString, kindMemo, kindSecret:
		return c.parseString(v)
	case kindBool:
		if b, ok := v.(bool); ok {
			return b, nil
		}
		return nil, wrongType(c, v, "Edm.Boolean")
	case kindInt, kindBigInt, kindPicklist, kindState, kindStatus:
		return c.parseInt(v)
	case kindDecimal, kindDouble, kindMoney:
		return c.parseDecimal(v)
	case kindManaged:
		return c.parseManaged(v)
	case kindGUID:
		if s, ok := v.(string); ok && guidPattern.MatchString(s) {
			return guid(strings.ToLower(s)), nil
		}
		return nil, wrongType(c, v, "Edm.Guid")
	case kindDate, kindDateTime:
		return c.parseTime(v)
	case kindMulti:
		return c.parseChoices(v)
	}
	return nil, wrongType(c, v, "navigation property")
}

// parseManaged reads {"Value": true}; what else the complex type says is its own.
func (c *column) parseManaged(v any) (any, error) {
	d, _ := v.(map[string]any)
	b, ok := d["Value"].(bool)
	if !ok {
		return nil, wrongType(c, v, "Microsoft.Dynamics.CRM.BooleanManagedProperty")
	}
	return managedFlag(b), nil
}

func (c *column) parseString(v any) (any, error) {
	s, ok := v.(string)
	if !ok {
		return nil, wrongType(c, v, "Edm.String")
	}
	if n := utf16Length(s); c.maxLength > 0 && n > c.maxLength {
		return nil, fail(400, codeTooLong, "A validation error occurred. The length of the '%s' attribute of the '%s' entity exceeded the maximum allowed length of '%d'.",
			c.name, c.table.name, c.maxLength)
	}
	if s == "" {
		return nil, nil // an empty text is stored as no text
	}
	return s, nil
}

// utf16Length counts as .NET does.
func utf16Length(s string) int {
	n := 0
	for _, r := range s {
		n += max(utf16.RuneLen(r), 1)
	}
	return n
}

func (c *column) parseInt(v any) (any, error) {
	num, ok := v.(json.Number)
	if !ok {
		return nil, wrongType(c, v, "Edm.Int32")
	}
	n, err := strconv.ParseInt(string(num), 10, 64)
	if err != nil {
		if _, isNumber := newDecimal(string(num), 0); isNumber && !strings.ContainsAny(string(num), ".eE") {
			return nil, c.outOfRange(codeIntRange, string(num))
		}
		return nil, wrongType(c, v, "Edm.Int32")
	}
	if c.kind.isOption() {
		return n, c.checkOption(n)
	}
	if (c.kind == kindInt || c.kind == kindBigInt && c.max > c.min) && (float64(n) < c.min || float64(n) > c.max) {
		return nil, c.outOfRange(codeIntRange, string(num))
	}
	return n, nil
}

func (c *column) outOfRange(code, value string) *apiError {
	return fail(400, code, "A validation error occurred. The value %s of '%s' on record of type '%s' is outside the valid range (%s to %s).", value, c.name, c.table.name,
		strconv.FormatFloat(c.min, 'f', -1, 64), strconv.FormatFloat(c.max, 'f', -1, 64))
}

func (c *column) checkOption(n int64) error {
	accepted := make([]string, 0, len(c.options))
	for _, o := range c.options {
		if o.value == n {
			return nil
		}
		accepted = append(accepted, strconv.FormatInt(o.value, 10))
	}
	return fail(400, codeOption, "A validation error occurred. The value %d of '%s' on record of type '%s' is outside the valid range. Accepted Values: %s",
		n, c.name, c.table.name, strings.Join(accepted, ","))
}

func (c *column) parseDecimal(v any) (any, error) {
	num, ok := v.(json.Number)
	if !ok {
		return nil, wrongType(c, v, "Edm.Decimal")
	}
	d, ok := newDecimal(string(num), c.precision)
	if !ok {
		return nil, wrongType(c, v, "Edm.Decimal")
	}
	if c.max > c.min && (d.num < c.min || d.num > c.max) {
		return nil, c.outOfRange(codeDecimalRange, string(num))
	}
	return d, nil
}

func (c *column) parseTime(v any) (any, error) {
	s, ok := v.(string)
	edm := "Edm.DateTimeOffset"
	if c.kind == kindDate {
		edm = "Edm.Date"
	}
	if !ok {
		return nil, wrongType(c, v, edm)
	}
	var t time.Time
	var err error
	if datePattern.MatchString(s) {
		t, err = time.Parse(time.DateOnly, s)
	} else if c.kind == kindDate {
		return nil, wrongType(c, v, edm)
	} else {
		t, err = time.Parse(time.RFC3339, s)
	}
	if err != nil {
		return nil, wrongType(c, v, edm)
	}
	if t.Year() < 1753 {
		return nil, fail(400, codeMinDate, "DateTime is less than minimum value supported by CrmDateTime. Actual value: %s, Minimum value supported: 01/01/1753 00:00:00", s)
	}
	if c.kind == kindDate {
		return date(s), nil
	}
	if c.behavior == zoneIndependent {
		_, offset := t.Zone() // what the clock says is kept, wherever it hangs
		t = t.Add(time.Duration(offset) * time.Second)
	}
	return t.UTC().Truncate(time.Second), nil
}

// optionLabel is the text that people see for an option; empty for an unknown one.
func (c *column) optionLabel(n int64) string { return c.optionIn(n, english) }

// optionIn is that text in a language, English where there is none.
func (c *column) optionIn(n int64, language int) string {
	for _, o := range c.options {
		if o.value == n {
			return cmp.Or(o.labels[language], o.label)
		}
	}
	return ""
}

// truth is what people see for yes and no.
func (c *column) truth(yes bool, language int) string {
	n, usual := int64(0), map[int]string{english: "No", 1031: "Nein", 1036: "Non", 1041: "いいえ"}
	if yes {
		n, usual = 1, map[int]string{english: "Yes", 1031: "Ja", 1036: "Oui", 1041: "はい"}
	}
	return cmp.Or(c.optionIn(n, language), usual[language], usual[english])
}

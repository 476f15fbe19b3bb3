package partnercentersim

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/odata"
)

// documentedFields are the properties that Microsoft's pages filter by.
func documentedFields() []string {
	return []string{"engagementId", "status", "substatus", "qualification", "type", "direction", "createdDateTime",
		"updatedDateTime", "customerProfile/address/country", "team/email"}
}

// filter reads the part of OData's $filter that the referrals API is documented or presumed to know:
// eq ne gt ge lt le, and or not, parentheses, nested paths, collection/any(x:…). Functions are refused.
func (s *Sim) filter(text string) (keep func(document) bool, refused *refusal) {
	test, err := odata.Compile(text, s.filterNames(s.shape, ""))
	if err != nil {
		return nil, invalid("invalidFilter", "$filter: %v", err)
	}
	return func(d document) bool { return test(map[string]any(d)) }, nil
}

// filterNames says what a filter may name below a property; prefix is the path of the collection, with a
// slash, or empty for the referral itself.
func (s *Sim) filterNames(of *shape, prefix string) odata.Schema {
	return odata.Schema{
		Field: func(path string) (odata.Field, error) { return s.filterField(of, path, prefix+path) },
		Collection: func(path string) (odata.Collection, error) {
			c := of.find(path)
			if c == nil || c.kind != list {
				return odata.Collection{}, fmt.Errorf("%q is not a collection", path)
			}
			items := func(row any) []any { return rowOf(row).items(path) }
			return odata.Collection{Items: items, Of: s.filterNames(c.element, prefix+path+"/")}, nil
		},
	}
}

func (s *Sim) filterField(of *shape, path, full string) (odata.Field, error) {
	prop := of.find(path)
	switch {
	case prop == nil || prop.kind == object || prop.kind == list || prop.kind == opaque:
		return odata.Field{}, fmt.Errorf("%q is not a property that can be compared", path)
	case s.is("filterFields", "documented") && !slices.Contains(documentedFields(), full):
		return odata.Field{}, fmt.Errorf("%q cannot be filtered by", path)
	case full == "updatedDateTime" && s.is("listFilterUpdated", "refuse"):
		return odata.Field{}, fmt.Errorf("updatedDateTime cannot be filtered by")
	}
	f := odata.Field{Get: func(row any) any { return rowOf(row).at(path) }}
	switch prop.kind {
	case flag:
		f.Literal, f.Compare = flagLiteral, compareFlags
	case decimal:
		f.Literal, f.Compare = decimalLiteral, compareDecimals
	case moment:
		f.Literal, f.Compare = momentLiteral, compareMoments
	default:
		f.Literal, f.Compare = prop.textLiteral, compareTexts
	}
	return f, nil
}

func rowOf(row any) document {
	m, _ := row.(map[string]any)
	return m
}

var errUnfit = errors.New("does not fit the property")

func flagLiteral(l odata.Literal) (any, error) {
	if l.Kind != odata.Word || l.Text != "true" && l.Text != "false" {
		return nil, errUnfit
	}
	return l.Text == "true", nil
}

func compareFlags(have, want any) (int, bool) {
	if have == want {
		return 0, true
	}
	return 1, true
}

func decimalLiteral(l odata.Literal) (any, error) {
	n, ok := new(big.Rat).SetString(l.Text)
	if l.Kind != odata.Number || !ok {
		return nil, errUnfit
	}
	return n, nil
}

func compareDecimals(have, want any) (int, bool) {
	n, _ := have.(json.Number)
	v, ok := new(big.Rat).SetString(n.String())
	if !ok {
		return 0, false
	}
	return v.Cmp(want.(*big.Rat)), true
}

func momentLiteral(l odata.Literal) (any, error) {
	at, err := time.Parse(time.RFC3339, strings.ToUpper(l.Text))
	if l.Kind != odata.Moment || err != nil {
		return nil, errUnfit
	}
	return at, nil
}

func compareMoments(have, want any) (int, bool) {
	t, _ := have.(string)
	at, err := time.Parse(time.RFC3339, t)
	return at.Compare(want.(time.Time)), err == nil
}

// textLiteral takes a quoted string; a bare GUID is taken as well, since the service's own links hold one.
func (s *shape) textLiteral(l odata.Literal) (any, error) {
	if l.Kind != odata.Text && l.Kind != odata.GUID {
		return nil, errors.New("is not a quoted string")
	}
	if s.kind == enum && !slices.Contains(s.values, l.Text) {
		return nil, fmt.Errorf("is none of %s", strings.Join(s.values, ", "))
	}
	return l.Text, nil
}

func compareTexts(have, want any) (int, bool) {
	t, ok := have.(string)
	return strings.Compare(t, want.(string)), ok
}

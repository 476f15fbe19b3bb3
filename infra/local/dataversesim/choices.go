package dataversesim

import (
	"slices"
	"strconv"
	"strings"

	"github.com/cosell-sync/cosell-sync/infra/local/odata"
)

// choices are the values of a multi-choice column, ascending and parted by commas, as the Web API shows them.
// https://learn.microsoft.com/power-apps/developer/data-platform/multi-select-picklist
type choices string

// mostChoices is how many values one multi-choice column takes.
const mostChoices = 150

func (m choices) values() []int64 {
	var out []int64
	for _, part := range strings.Split(string(m), ",") {
		n, _ := strconv.ParseInt(part, 10, 64) // checked when it was stored
		out = append(out, n)
	}
	return out
}

// parseChoices reads "700010000,700010002"; an empty text clears.
func (c *column) parseChoices(v any) (any, error) {
	text, ok := v.(string)
	if !ok {
		return nil, wrongType(c, v, "Edm.String")
	}
	if text == "" {
		return nil, nil
	}
	var all []int64
	for _, part := range strings.Split(text, ",") {
		n, err := strconv.ParseInt(strings.TrimSpace(part), 10, 64)
		if err != nil {
			return nil, wrongType(c, v, "Edm.String")
		}
		if err := c.checkOption(n); err != nil {
			return nil, err
		}
		all = append(all, n)
	}
	slices.Sort(all)
	all = slices.Compact(all)
	if len(all) > mostChoices {
		return nil, fail(400, codeInvalidArgument, "The attribute '%s' of entity '%s' takes at most %d values.", c.name, c.table.name, mostChoices)
	}
	return joined(all), nil
}

func joined(values []int64) choices {
	texts := make([]string, len(values))
	for i, n := range values {
		texts[i] = strconv.FormatInt(n, 10)
	}
	return choices(strings.Join(texts, ","))
}

// queryFunction offers the query functions of Dataverse that are simulated, beside those of OData.
// https://learn.microsoft.com/power-apps/developer/data-platform/webapi/reference/queryfunctions
func queryFunction(s odata.Schema, c odata.Call) (func(any) bool, error) {
	name, own := strings.CutPrefix(c.Function, "Microsoft.Dynamics.CRM.")
	if !own {
		return odata.TextFunction(strings.ToLower)(s, c)
	}
	if name != "ContainValues" && name != "DoesNotContainValues" && name != "In" && name != "NotIn" {
		return nil, odata.NotOffered(c)
	}
	if len(c.Args) != 2 || c.Args[0].Name != "PropertyName" || c.Args[0].Literal.Kind != odata.Text || c.Args[1].Name != "PropertyValues" || !c.Args[1].IsList {
		return nil, odata.BadArguments(c)
	}
	field, err := s.Field(c.Args[0].Literal.Text)
	if err != nil {
		return nil, err
	}
	var wanted []string
	for _, l := range c.Args[1].List {
		wanted = append(wanted, strings.ToLower(l.Text))
	}
	negative := name == "DoesNotContainValues" || name == "NotIn"
	return func(row any) bool {
		have := field.Get(row)
		if have == nil {
			return name == "NotIn"
		}
		return holdsOne(have, wanted) != negative
	}, nil
}

// holdsOne says whether a stored value, or one of several choices, is among texts.
func holdsOne(have any, wanted []string) bool {
	if m, several := have.(choices); several {
		return slices.ContainsFunc(strings.Split(string(m), ","), func(one string) bool { return slices.Contains(wanted, one) })
	}
	return slices.Contains(wanted, strings.ToLower(textOf(have)))
}

// textOf is a value as people would write it into a filter.
func textOf(v any) string {
	switch x := v.(type) {
	case string:
		return x
	case int64:
		return strconv.FormatInt(x, 10)
	case guid:
		return string(x)
	case ref:
		return x.id
	case date:
		return string(x)
	case decimal:
		return x.text
	}
	return ""
}

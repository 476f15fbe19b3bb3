package dataverse

import (
	"context"
	"slices"
	"strconv"
	"strings"
)

// Variable is an environment variable of the environment.
// https://learn.microsoft.com/power-apps/maker/data-platform/environmentvariables
type Variable struct {
	Name       string // its schema name
	Type       string // "Text", "Number", "Yes/No", "JSON", "Data source", "Secret", else the number
	Default    string
	Current    string
	HasCurrent bool
	Several    []string // current values that contradict each other; then there is none
}

// Variables reads the environment variables whose schema names begin so: one call. Refused of class Ours: they are
// not ours to read.
func (c *Client) Variables(ctx context.Context, prefix string) ([]Variable, error) {
	rows, err := c.List(ctx, "environmentvariabledefinitions", Query{
		Select: []string{"schemaname", "type", "defaultvalue"}, Filter: StartsWith("schemaname", prefix),
		Expand: []Expand{{Nav: variableValues, Query: Query{Select: []string{"value"}}}}})
	if err != nil {
		return nil, err
	}
	out := make([]Variable, len(rows))
	for i, r := range rows {
		out[i] = Variable{Name: r.Text("schemaname"), Type: variableType(r.Text("type")), Default: r.Text("defaultvalue")}
		out[i].setCurrent(r.Rows(variableValues))
	}
	return out, nil
}

// setCurrent takes the current value; an empty one is none. There should be one row at most, but imports of solutions
// have left several.
func (v *Variable) setCurrent(rows []Row) {
	var values []string
	for _, r := range rows {
		if value := strings.TrimSpace(r.Text("value")); value != "" && !slices.Contains(values, value) {
			values = append(values, value)
		}
	}
	switch {
	case len(values) == 1:
		v.Current, v.HasCurrent = values[0], true
	case len(values) > 1:
		v.Several = values
	}
}

const variableValues = "environmentvariabledefinition_environmentvariablevalue"

// variableType is how the maker portal calls a type.
// https://learn.microsoft.com/power-apps/developer/data-platform/reference/entities/environmentvariabledefinition
func variableType(number string) string {
	n, _ := strconv.Atoi(number)
	if i := n - 100000000; i >= 0 && i < 6 {
		return []string{"Text", "Number", "Yes/No", "JSON", "Data source", "Secret"}[i]
	}
	return number
}

package dataverse

import (
	"context"
	"strconv"
)

// Variable is an environment variable of the environment.
// https://learn.microsoft.com/power-apps/maker/data-platform/environmentvariables
type Variable struct {
	Name       string // its schema name
	Type       string // "Text", "Number", "Yes/No", "JSON", "Data source", "Secret", else the number
	Default    string
	Current    string
	HasCurrent bool
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
		if values := r.Rows(variableValues); len(values) > 0 { // there is one at most
			out[i].Current, out[i].HasCurrent = values[0].Text("value"), true
		}
	}
	return out, nil
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

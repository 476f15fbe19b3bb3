package opportunities

import (
	"slices"
	"testing"

	"github.com/cosell-sync/cosell-sync/shared/mapping"
)

func TestTheQuerySelectsTheColumnsOfTheSheet(t *testing.T) {
	s, err := mapping.Load(mapping.Source{Name: "mapping.yaml", Text: []byte("- {field: dealValue, crm: new_dealvalue}\n")})
	if err != nil {
		t.Fatal(err)
	}
	selected := query(s).Select
	if !slices.Contains(selected, "new_dealvalue") || slices.Contains(selected, "estimatedvalue") {
		t.Errorf("the query selects %v", selected)
	}
}

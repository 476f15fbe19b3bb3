package mapping

import (
	"os"
	"testing"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
)

func TestR86_TheSheetForMicrosoftsColumnsIsWhole(t *testing.T) {
	text, err := os.ReadFile("../../infra/dataverse/msft.yaml")
	if err != nil {
		t.Fatal(err)
	}
	s, err := Load(Source{Name: "msft.yaml", Text: text})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range s.Rows() {
		if c := r.Place().Column; len(c) > 7 && c[:7] == "cosell_" && r.Field != cosell.Solutions {
			t.Errorf("field %s stands in %s, which the connector does not have: infra/dataverse/msft.yaml wants {field: %s, off: true}", r.Field, r.CRM, r.Field)
		}
	}
	asks, ok := s.Asks()
	if !ok || len(asks.Tables) != 2 {
		t.Errorf("%+v", asks)
	}
}

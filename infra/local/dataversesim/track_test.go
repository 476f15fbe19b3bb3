package dataversesim_test

import (
	"strings"
	"testing"
)

func TestChangeTrackingIsSwitchedByTheAdministrator(t *testing.T) {
	w := newWorld(t)
	for _, on := range []string{"false", "true"} {
		w.schema(`{"do":"track","table":"opportunity","tracking":` + on + `}`)
		if a := w.do("GET", "EntityDefinitions(LogicalName='opportunity')?$select=ChangeTrackingEnabled", ""); !strings.Contains(a.text, `"ChangeTrackingEnabled":`+on) {
			t.Error(a.text)
		}
	}
}

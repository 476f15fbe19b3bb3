package demo_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/cosell-sync/cosell-sync/infra/local/control"
	"github.com/cosell-sync/cosell-sync/infra/local/demo"
	"github.com/cosell-sync/cosell-sync/infra/local/world"
)

// In each of these steps somebody is faster once, in every store that the product writes to.
func TestStoryHoldsWhenSomebodyIsFaster(t *testing.T) {
	t.Parallel()
	w := open(t, world.Options{})
	var told bytes.Buffer
	story, err := demo.Open(t.Context(), w.Local(), &told)
	if err != nil {
		t.Fatal(err)
	}
	defer story.Close()
	bases := map[string]string{"Partner Center": w.Local().PartnerCenter.Control, "Dataverse": w.Local().Dataverse.Control, "tables": w.Local().Tables.Control}
	for _, step := range demo.Steps()[:6] {
		if step.ID == "D3" || step.ID == "D6" {
			for _, base := range bases {
				conflictOnce(t, base)
			}
		}
		told.Reset()
		if r := story.Tell(step); !r.OK {
			t.Fatalf("%s: %v\n%s", step.ID, r.Err(), told.String())
		}
	}
	for name, base := range bases {
		refused := 0
		for _, e := range historyOf(t, base) {
			if e.Status == http.StatusPreconditionFailed || strings.Contains(e.ResponseBody, "412 Precondition") {
				refused++
			}
		}
		if refused == 0 {
			t.Errorf("%s refused nothing: nobody was faster", name)
		}
	}
}

func conflictOnce(t *testing.T, base string) {
	t.Helper()
	body, err := json.Marshal(control.Fault{Do: "conflict", Times: 1})
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.Post(base+"/faults", "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s", base, resp.Status)
	}
}

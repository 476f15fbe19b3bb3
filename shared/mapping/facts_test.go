package mapping

import "testing"

func TestASheetThatIsUnlearntLearnsByItself(t *testing.T) {
	one, err := Default()
	if err != nil {
		t.Fatal(err)
	}
	one.Learn(Facts{Lengths: map[string]int{"name": 7}})
	other := one.Unlearnt()
	if n, known := other.known.length("name"); known {
		t.Errorf("it knows a length of %d already", n)
	}
	other.Leads().Learn(Facts{Lengths: map[string]int{"subject": 3}})
	if _, known := one.Leads().known.length("subject"); known {
		t.Error("what it learns of leads the first one knows")
	}
	for _, r := range other.rows {
		if r.known != other.known {
			t.Fatalf("row %s learns from another sheet", r.Field)
		}
	}
}

package decisions

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func acceptedOf(t *testing.T, text string) (Accepted, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "accepted.txt")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return ReadAccepted(file)
}

func TestWhatIsAcceptedIsNoDifference(t *testing.T) {
	a, err := acceptedOf(t, "# a remark\n\n7 | CRM gets name | names are cut at 200 now\n* | then held * solution.required | the step is named\n9 | nothing such | it was\n")
	if err != nil {
		t.Fatal(err)
	}
	all := []Difference{{"CRM gets name", "A", "B"}, {"then held referral solutions/SOL-1 solution.required", "", "x"}, {"says other", "", "y"}}
	if left := a.Leave(7, all); len(left) != 1 || left[0].Line != "says other" {
		t.Errorf("of 7: %v", left)
	}
	if left := a.Leave(8, all); len(left) != 2 {
		t.Errorf("of 8: %v", left)
	}
	if unused := a.Unused(); len(unused) != 1 || !strings.HasPrefix(unused[0], "9 |") {
		t.Errorf("%q", unused)
	}
}

func TestAnAcceptedDifferenceHasAReason(t *testing.T) {
	for _, text := range []string{"7 | CRM gets name |", "7 | CRM gets name", "seven | CRM gets name | why", " | x | y", "7 | [ | why"} {
		if _, err := acceptedOf(t, text); err == nil || !strings.Contains(err.Error(), "line 1") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

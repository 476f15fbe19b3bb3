package simulate

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// listed is a fault of the programme: where runs draw it, as the names under which the catalogue or the plan has it, and which
// tests hold it beside that, as folder and name.
type listed struct {
	id, what string
	drawn    []string
	held     []string
}

// faultList is the programme's list of faults, F1 to F42.
func faultList() []listed {
	return []listed{
		{"F1", "a process dies at any call", []string{"fault dies before", "fault dies after"}, nil},
		{"F2", "two deaths in one creation", []string{"fault dies before", "fault dies after"}, nil},
		{"F3", "killed at the host's time limit", []string{"fault slow", "operation crash"}, []string{"infra/local/hostsim TestFunctionTimeoutKillsTheProcessAndEveryRunningInvocation"}},
		{"F4", "two versions side by side", nil, []string{"infra/local/upgrade TestWhatIsDroppedOfARowIsSeen", "infra/local/upgrade TestWhatIsLostIsSeen"}},
		{"F5", "killed during reconcile", []string{"fault dies before", "operation crash"}, nil},
		{"F6", "messages delivered twice", []string{"queue copy"}, nil},
		{"F7", "a lock is lost while its message is worked on", []string{"queue lock lost"}, nil},
		{"F8", "reordered and delayed", []string{"delivery shuffle", "delivery delay"}, nil},
		{"F9", "a message is not taken, or late", []string{"fault cut", "fault answer lost", "fault slow"}, nil},
		{"F10", "the queues are away", []string{"operation outage"}, nil},
		{"F11", "a system is dead for six hours", []string{"operation outage"}, nil},
		{"F12", "one item of a batch fails", []string{"operation rule"}, nil},
		{"F13", "events are lost", []string{"delivery lose"}, nil},
		{"F14", "an event before its record can be read", []string{"switch eventBeforeReadable"}, nil},
		{"F15", "events that are older than the state", []string{"delivery shuffle", "operation redelivery"}, nil},
		{"F16", "one edit, several events", []string{"delivery duplicate"}, nil},
		{"F17", "a related event with either id", []string{"switch relatedEventId"}, nil},
		{"F18", "the registration is somebody else's", []string{"operation registration taken"}, nil},
		{"F19", "429 in all its forms", []string{"fault 429"}, nil},
		{"F20", "5xx and broken connections", []string{"fault 5xx", "fault cut", "fault answer lost"}, nil},
		{"F21", "slow, and bodies that are cut", []string{"fault slow", "fault half a body"}, nil},
		{"F22", "412 once and again", []string{"fault 412"}, nil},
		{"F23", "401, tokens that end", []string{"fault refused", "operation consent"}, nil},
		{"F24", "403 on one record, 404 on a mapped one", []string{"fault refused", "operation crm deletes"}, nil},
		{"F25", "200 with a page or nothing", []string{"fault html", "fault half a body"}, nil},
		{"F26", "lists in another order, short pages", []string{"switch listOrder", "switch listItems", "switch pageSize"}, nil},
		{"F27", "an older answer", []string{"fault stale", "switch readLagSeconds"}, nil},
		{"F28", "the server changes what is written", []string{"operation plugin", "switch trimText", "switch upperText", "switch roundMoney"}, nil},
		{"F29", "another automation answers our writes", []string{"operation plugin"}, nil},
		{"F30", "the tables are away, or their answer is lost", []string{"operation outage", "fault answer lost"}, nil},
		{"F31", "a row that is too big", nil, []string{"shared/ledger TestBoardShowsTheNewestRowOfEachFunctionAndProcess", "shared/ledger TestAuditIsNewestFirst"}},
		{"F32", "another schema: length, required, options", []string{"operation schema"}, nil},
		{"F33", "clocks that are off by ten minutes", []string{"clock off"}, nil},
		{"F34", "a record that fails for good among others", []string{"operation rule", "invariant I14"}, nil},
		{"F35", "refused by content", []string{"operation rule"}, nil},
		{"F36", "a privilege goes and comes back", []string{"operation privilege", "operation rights return"}, nil},
		{"F37", "columns change while running", []string{"operation schema", "operation sheet"}, nil},
		{"F38", "lists show a change late", []string{"switch listDelay", "switch listLagSeconds"}, nil},
		{"F39", "answer and event of a POST are lost", []string{"fault answer lost", "delivery lose"}, nil},
		{"F40", "several processes, each killed alone", []string{"operation crash"}, nil},
		{"F41", "second factor or consent is lost for hours", []string{"operation consent"}, nil},
		{"F42", "older tables, or a kind of row is missing", []string{"older copy", "invariant I20"}, nil},
	}
}

// TestEveryFaultOfTheProgrammeIsDrawnOrHeld: no fault of the list is without a place, and each place is there.
func TestEveryFaultOfTheProgrammeIsDrawnOrHeld(t *testing.T) {
	known, err := catalogue()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range append(crmPositions(), partnerPositions()...) {
		known = append(known, "switch "+p.name)
	}
	for _, d := range []string{"shuffle", "delay", "lose", "duplicate"} {
		known = append(known, "delivery "+d)
	}
	for n, f := range faultList() {
		if f.id != fmt.Sprint("F", n+1) {
			t.Errorf("after F%d comes %s", n, f.id)
		}
		if len(f.drawn)+len(f.held) == 0 {
			t.Errorf("%s, %s, is nowhere", f.id, f.what)
		}
		for _, place := range f.drawn {
			if !slices.Contains(known, place) {
				t.Errorf("%s, %s: runs draw no %q", f.id, f.what, place)
			}
		}
		for _, place := range f.held {
			folder, test, _ := strings.Cut(place, " ")
			if !declares(t, folder, test) {
				t.Errorf("%s, %s: %s declares no %s", f.id, f.what, folder, test)
			}
		}
	}
	if n := len(faultList()); n != 42 {
		t.Errorf("%d faults", n)
	}
}

// declares says whether a folder's tests declare one of that name.
func declares(t *testing.T, folder, test string) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", "..", folder, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "func "+test+"(") {
			return true
		}
	}
	return false
}

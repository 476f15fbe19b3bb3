package queue

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// The list of the members that are known is that of what is written.
func TestTheKnownMembersAreThoseOfThePointer(t *testing.T) {
	var written []string
	for f := range reflect.TypeFor[wire]().Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		written = append(written, name)
	}
	if diff := cmp.Diff(written, members[:]); diff != "" {
		t.Error(diff)
	}
	if fields := reflect.TypeFor[Pointer]().NumField(); fields != len(written)-1+1 { // reason stands in none; Rest is no member
		t.Errorf("a pointer has %d fields and %d members", fields, len(written))
	}
}

// object is a message's members, for whoever compares them.
func object(t *testing.T, body []byte) (out map[string]any) {
	t.Helper()
	if err := json.Unmarshal(body, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

const added = `{"later":{"n":[1,"two"]},"else":null,`

func TestACopyKeepsWhatALaterVersionHasAdded(t *testing.T) {
	p := pointer()
	p.Why, p.Parent = "Update", "opp"
	plain, _ := json.Marshal(p)
	got, err := Decode([]byte(added + string(plain[1:])))
	if err != nil {
		t.Fatal(err)
	}
	got.Attempt++
	copied, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	want := object(t, []byte(added+string(plain[1:])))
	want["attempt"] = float64(1)
	if diff := cmp.Diff(want, object(t, copied)); diff != "" {
		t.Error(diff)
	}
	got.Attempt, got.Rest = 0, ""
	if got != p {
		t.Errorf("%+v", got)
	}
}

// laterMessage is one of a format that has other members, and the same names for something else.
const laterMessage = `{"v":3,"tenant":"default","kind":["lead","opportunity"],"record":{"id":"1"},"retry":"twice","seen":"2026-11-22T12:00:00Z","attempt":2,"trace":"x"}`

func TestAMessageInALaterFormatWaits(t *testing.T) {
	p, err := Decode([]byte(laterMessage))
	if !p.Later() || fault.Of(err).Code != CodeLater || p.Tenant != "default" || p.Attempt != 2 || !p.Seen.Equal(noon) || p.Trace != "x" {
		t.Fatalf("%+v %v", p, err)
	}
	for _, attempt := range []int{0, 3, 40} {
		if d := fault.Decide(err, attempt, 0, 0); d.Verdict != fault.Repeat || !d.Alarm || !d.Counts {
			t.Errorf("%+v", d)
		}
	}
	p.Attempt++
	m := Message{Queue: OpportunityChanged, Session: "s", Pointer: p}
	if err := m.Check(); err != nil {
		t.Error(err)
	}
	copied, err := json.Marshal(p)
	want := object(t, []byte(laterMessage))
	want["attempt"] = float64(3)
	if diff := cmp.Diff(want, object(t, copied)); diff != "" || err != nil {
		t.Errorf("%v %s", err, diff)
	}
	m.Queue = "orders"
	if err := m.Check(); !fault.Is(err, fault.Invalid) {
		t.Error(err)
	}
	m = Message{Queue: OpportunityChanged, Pointer: Pointer{V: newest + 1, Tenant: "t", Kind: Opportunity, ID: "1", Seen: noon}}
	if m.Check() == nil {
		t.Error("a message in a format that this program does not know was made by it")
	}
}

func TestADeadMessageInALaterFormatComesBack(t *testing.T) {
	m, err := Dead{Queue: SolutionsChanged, Session: "s", Body: []byte(laterMessage)}.Revive()
	body, _ := json.Marshal(m.Pointer)
	want := object(t, []byte(laterMessage))
	want["revivals"] = float64(1)
	if diff := cmp.Diff(want, object(t, body)); diff != "" || err != nil || m.Check() != nil {
		t.Errorf("%v %s", err, diff)
	}
}

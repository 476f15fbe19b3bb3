package partnercentersim_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestListsShowNewReferralsAndChangesLate(t *testing.T) {
	p := newPlace(t)
	id := p.post(deal(set("name", "A"))).text("id")
	p.turn("listDelay", "60s")
	p.pass(time.Second)
	p.want(p.patch(id, []object{replace("/name", "A2")}), 204, "")
	p.post(deal(set("name", "B")))
	for range 2 {
		if got := found(p.ask()); got != "A" {
			t.Errorf("at once: %q", got)
		}
		if got := p.get(id).text("name"); got != "A2" {
			t.Errorf("by id: %q", got)
		}
		p.pass(29 * time.Second)
	}
	if got := found(p.ask("$filter", "updatedDateTime gt 2026-03-02T09:14:05.2Z")); got != "" {
		t.Errorf("a filter sees what the list does not show: %q", got)
	}
	p.pass(2 * time.Second)
	if got := found(p.ask("$orderby", "updatedDateTime desc")); got != "B A2" {
		t.Errorf("after 60 s: %q", got)
	}
	p.want(p.patch(id, []object{replace("/name", "A3")}), 204, "")
	p.turn("listDelay", "0s")
	p.want(p.patch(id, []object{replace("/name", "A4")}), 204, "")
	if got := found(p.ask()); got != "A4 B" {
		t.Errorf("without delay: %q", got)
	}
	p.pass(time.Minute)
	if got := found(p.ask()); got != "A4 B" {
		t.Errorf("an older version came back: %q", got)
	}
}

func TestListsMayShowChangesInAnotherOrderThanTheyWereMade(t *testing.T) {
	p := newPlace(t)
	p.turn("listOrder", "any")
	p.turn("listDelay", "60s")
	var made []string
	for i := range 20 {
		p.post(deal(set("name", fmt.Sprintf("D%02d", i))))
		made = append(made, fmt.Sprintf("D%02d", i))
		p.pass(time.Second)
	}
	outOfOrder := false
	seen := 0
	for range 60 {
		names := strings.Fields(found(p.ask("$orderby", "createdDateTime")))
		if len(names) < seen {
			t.Fatal("something vanished from the list")
		}
		seen = len(names)
		outOfOrder = outOfOrder || !slices.Equal(names, made[:len(names)]) // a later one is there, an earlier one is not
		p.pass(time.Second)
	}
	if !outOfOrder {
		t.Error("changes showed up in the order in which they were made")
	}
	p.pass(time.Minute)
	if names := strings.Fields(found(p.ask("$orderby", "createdDateTime"))); !slices.Equal(names, made) {
		t.Errorf("in the end %v", names)
	}
	if names := strings.Fields(found(p.ask())); slices.Equal(names, made) || len(names) != 20 {
		t.Errorf("without $orderby %v", names)
	}
}

func TestWithListOrderCommitEachChangeTakesTheWholeDelay(t *testing.T) {
	p := newPlace(t)
	p.turn("listDelay", "60s")
	for i := range 5 {
		p.post(deal(set("name", fmt.Sprint("D", i))))
		p.pass(time.Second)
	}
	p.pass(54 * time.Second)
	if got := found(p.ask()); got != "" {
		t.Errorf("too early: %q", got)
	}
	p.pass(time.Second)
	if got := found(p.ask()); got != "D0" {
		t.Errorf("after 60 s: %q", got)
	}
}

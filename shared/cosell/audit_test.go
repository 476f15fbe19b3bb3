package cosell

import (
	"strings"
	"testing"
	"time"
)

var nine = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

func TestF43_ALineIsWrittenOnceForOneEvent(t *testing.T) {
	first := AuditLine(nine, ToCRM, "updated Deal value", "abc")
	again := AuditLine(nine.Add(time.Minute), ToCRM, "updated Deal value", "abc")
	audit := Prepend("", first, AuditLine(nine, ToPartnerCenter, "shared", "abc"))
	if got := Prepend(audit, again); got != audit {
		t.Errorf("the second run of one event doubled its line:\n%s", got)
	}
	for name, line := range map[string]string{
		"another event": AuditLine(nine, ToCRM, "updated Deal value", "def"),
		"another text":  AuditLine(nine, ToCRM, "updated Name", "abc"),
		"no event":      AuditLine(nine, ToCRM, "updated Deal value", ""),
	} {
		if got := Prepend(audit, line); got != line+"\n"+audit {
			t.Errorf("%s is not told:\n%s", name, got)
		}
	}
	if got := Prepend("", first, again); got != first {
		t.Errorf("doubled in one write:\n%s", got)
	}
}

func TestF43_ALineWithoutAnEventMayStandTwice(t *testing.T) {
	line := AuditLine(nine, ToCRM, "updated Deal value", "")
	if got := Prepend(line, line); got != line+"\n"+line {
		t.Error(got)
	}
}

func TestF43_WhatLostCanBeRestoredFromAudit(t *testing.T) {
	lost := strings.Repeat("Zeile für Zeile, wie ein Mensch sie schrieb. ", 150)
	in := edit(Record{Name: lost}, Record{Name: "newer"})
	line := Words{Rules: rules, At: nine}.Say(Merge(in).Problems[0])
	if audit := Prepend("", line); !strings.Contains(audit, strings.TrimSpace(lost)) {
		t.Errorf("Audit has %d of %d bytes", len(audit), len(lost))
	}
	if got := quote("first\n\nsecond"); got != `"first ↵  ↵ second"` {
		t.Errorf("lines run together: %s", got)
	}
}

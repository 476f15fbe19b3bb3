package health

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// stateOf is the line as whoever watches the log reads it.
func stateOf(t *testing.T, r Report) map[string]any {
	t.Helper()
	var out bytes.Buffer
	slog.New(slog.NewJSONHandler(&out, nil)).LogAttrs(t.Context(), slog.LevelInfo, StateMessage, r.State()...)
	line := map[string]any{}
	if err := json.Unmarshal(out.Bytes(), &line); err != nil {
		t.Fatal(err)
	}
	if line["msg"] != "state" {
		t.Errorf("%v", line)
	}
	delete(line, "time")
	delete(line, "level")
	delete(line, "msg")
	return line
}

func TestTheStateSaysWhatAlarmsWaitFor(t *testing.T) {
	h := newHouse()
	r := h.process("p-1")
	r.Watch.GotToken("a", "digest")
	r.Watch.Answered(PartnerCenter)
	h.passes(t, time.Minute, r)
	r.Watch.Answered(CRM)
	h.ledger.parked = 2
	h.ledger.brakes = []cosell.Brake{{On: noon, Aside: 60}}
	h.ledger.registration = `{"registered":true,"ours":false,"url":"https://other"}`
	h.ledger.held = []Held{{Class: fault.Ours, Code: "privilege", Since: noon}, {Class: fault.Rule, Since: noon}, {Class: fault.Record, Since: noon}, {Class: fault.Record, Since: noon}}
	r.Watch.Ended("crmtopartnercenter", "opportunity|1", noon, consent)
	want := map[string]any{"ok": false, "problems": []any{"registration.other", "consent.expired", "parked", "privilege", "brake.on"}, "parked": 2.0, "braked": 60.0, "held_ours": 1.0, "held_record": 2.0,
		"held_rule": 1.0, "refused": 1.0, "registration": "somebody else's", "registration_lost": true, "token_since": "2026-11-22T12:00:00Z",
		"partner_center_read": "2026-11-22T12:00:00Z", "crm_read": "2026-11-22T12:01:00Z", "oldest_unfinished": "2026-11-22T12:00:00Z"}
	got := stateOf(t, r.Report(t.Context()))
	sorted := cmp.Transformer("set", func(in []any) map[any]bool {
		out := map[any]bool{}
		for _, v := range in {
			out[v] = true
		}
		return out
	})
	if d := cmp.Diff(want, got, sorted); d != "" {
		t.Error(d)
	}
}

// What nobody has seen yet is no alarm, and what another process has read counts.
func TestTheStateOfAFreshStart(t *testing.T) {
	h := newHouse()
	a, b := h.process("p-1"), h.process("p-2")
	b.Watch.Answered(CRM)
	h.passes(t, time.Second, a, b)
	want := map[string]any{"ok": true, "problems": []any{}, "parked": 0.0, "held_ours": 0.0, "held_record": 0.0, "held_rule": 0.0, "refused": 0.0, "braked": 0.0,
		"registration": "not looked at yet", "registration_lost": false, "crm_read": "2026-11-22T12:00:00Z"}
	if d := cmp.Diff(want, stateOf(t, a.Report(t.Context()))); d != "" {
		t.Error(d)
	}
}

package funchost

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// lines are what a server logs while a message ends as it is told, so many times.
func lines(end error, times int, now func() time.Time) string {
	var log strings.Builder
	h := NewServer([]Function{queueFunction(func(context.Context, Delivery) error { return end })}, &outcomes{},
		Options{Now: now, Log: slog.New(slog.NewTextHandler(&log, nil))})
	for range times {
		post(h, "/crmtopartnercenter", message)
	}
	return log.String()
}

func TestWaitThatARuleWantsIsNoWarning(t *testing.T) {
	now := func() time.Time { return noon }
	for name, c := range map[string]struct {
		end   error
		level string
	}{
		"a rule's wait":       {fault.Wait(71*time.Hour, "a win waits until it is time"), "INFO"},
		"another's wait":      {fault.Wait(time.Minute, "asked to wait").With("throttled", ""), "WARN"},
		"network":             {fault.New(fault.Broken, "cut"), "WARN"},
		"the record's":        {fault.New(fault.Refused, "closed"), "INFO"},
		"ours":                {fault.New(fault.Refused, "no right").OfClass(fault.Ours), "ERROR"},
		"no access":           {fault.New(fault.Denied, "no consent"), "ERROR"},
		"what can never work": {fault.New(fault.Invalid, "no id"), "ERROR"},
	} {
		if got := lines(c.end, 1, now); !strings.Contains(got, "level="+c.level) || strings.Count(got, "\n") != 1 {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestRepeatingTroubleIsSampled(t *testing.T) {
	clock := noon
	now := func() time.Time { return clock }
	if got := lines(fault.New(fault.Broken, "cut"), 500, now); strings.Count(got, "\n") != sampleMax {
		t.Errorf("%d lines for 500 times the same in one moment", strings.Count(got, "\n"))
	}
	var log strings.Builder
	turns := 0
	h := NewServer([]Function{queueFunction(func(context.Context, Delivery) error {
		if turns++; turns == 401 {
			return fault.New(fault.Denied, "no consent")
		}
		return fault.New(fault.Broken, "cut")
	})}, &outcomes{}, Options{Now: now, Log: slog.New(slog.NewTextHandler(&log, nil))})
	for range 401 {
		post(h, "/crmtopartnercenter", message)
	}
	if !strings.Contains(log.String(), "no consent") {
		t.Error("another sort of trouble was left out")
	}
	clock = clock.Add(time.Minute)
	post(h, "/crmtopartnercenter", message)
	if !strings.Contains(log.String(), "skipped=380") {
		t.Errorf("the next line does not say how many were left out: %s", log.String()[len(log.String())-300:])
	}
}

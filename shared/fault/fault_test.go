package fault

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"
)

var now = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

func TestDecide(t *testing.T) {
	day := 24 * time.Hour
	tests := map[string]struct {
		err     error
		attempt int
		age     time.Duration
		want    Decision
	}{
		"SuccessIsDone":                   {err: nil, want: Decision{Verdict: Done}},
		"UnknownErrorsAreTriedAgain":      {err: errors.New("x"), want: Decision{Verdict: Repeat, After: 5 * time.Second, Counts: true}},
		"BackOffDoubles":                  {err: errors.New("x"), attempt: 2, want: Decision{Verdict: Repeat, After: 20 * time.Second, Counts: true}},
		"BackOffEndsAtAQuarterOfAnHour":   {err: errors.New("x"), attempt: 60, want: Decision{Verdict: Repeat, After: 15 * time.Minute, Counts: true}},
		"InvalidIsParked":                 {err: New(Invalid, "x"), want: Decision{Verdict: Park}},
		"RefusedIsDone":                   {err: New(Refused, "x"), want: Decision{Verdict: Done}},
		"GoneMayNotBeReadableYet":         {err: New(Gone, "x"), age: time.Minute, want: Decision{Verdict: Repeat, After: 10 * time.Second}},
		"GoneAfterTwoMinutesIsDone":       {err: New(Gone, "x"), age: 2 * time.Minute, want: Decision{Verdict: Done}},
		"LaterWaitsAsAskedAndIsNoAttempt": {err: Wait(time.Hour, "x"), want: Decision{Verdict: Repeat, After: time.Hour}},
		"LaterIsNeverAtOnce":              {err: Wait(time.Millisecond, "x"), want: Decision{Verdict: Repeat, After: time.Second}},
		"ConflictIsTriedAgainSoon":        {err: New(Conflict, "x"), attempt: 9, want: Decision{Verdict: Repeat, After: 5 * time.Second, Counts: true}},
		"DeniedAlarms":                    {err: New(Denied, "x"), want: Decision{Verdict: Repeat, After: 5 * time.Second, Counts: true, Alarm: true}},
		"NothingExpiresInTheQueue":        {err: errors.New("x"), age: 14 * day, want: Decision{Verdict: Park, Alarm: true}},
		"AWrappedFaultKeepsItsKind":       {err: fmt.Errorf("reading: %w", New(Invalid, "x")), want: Decision{Verdict: Park}},
		"ACancelledCallIsTriedAgain":      {err: context.Canceled, want: Decision{Verdict: Repeat, After: 5 * time.Second, Counts: true}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := Decide(tt.err, tt.attempt, now.Add(-tt.age), now); got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

func TestWhatOthersAskIsClamped(t *testing.T) {
	for asked, want := range map[time.Duration]time.Duration{0: time.Second, -time.Hour: time.Second, time.Minute: time.Minute, 48 * time.Hour: 15 * time.Minute} {
		if got := ClampRetryAfter(asked); got != want {
			t.Errorf("asked for %s, waits %s", asked, got)
		}
	}
}

func TestKindsHaveNames(t *testing.T) {
	for kind, want := range map[Kind]string{Broken: "broken", Denied: "denied", Kind(99): "broken"} {
		if kind.String() != want {
			t.Errorf("%d is %q", kind, kind)
		}
	}
}

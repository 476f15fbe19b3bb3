package fault

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
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
		"ARefusalThatIsOursIsTriedAgain":  {err: New(Refused, "x").OfClass(Ours), attempt: 1, want: Decision{Verdict: Repeat, After: 10 * time.Second, Counts: true, Alarm: true}},
		"ARefusalThatIsOursIsParkedLast":  {err: New(Refused, "x").OfClass(Ours), age: 14 * day, want: Decision{Verdict: Park, Alarm: true}},
		"WhatWaitsForAPersonIsDone":       {err: New(Refused, "x").OfClass(Rule), age: 14 * day, want: Decision{Verdict: Done}},
		"AWrappedRefusalKeepsItsClass":    {err: fmt.Errorf("x: %w", New(Refused, "x").OfClass(Ours)), want: Decision{Verdict: Repeat, After: 5 * time.Second, Counts: true, Alarm: true}},
		"ALackingReferenceIsNotGone":      {err: Lacking(Ours, "owner", "x"), age: time.Hour, want: Decision{Verdict: Repeat, After: 5 * time.Second, Counts: true, Alarm: true}},
		"GoneMayNotBeReadableYet":         {err: New(Gone, "x"), age: 35 * time.Second, want: Decision{Verdict: Repeat, After: 40 * time.Second}},
		"GoneWaitsAMinuteAtMost":          {err: New(Gone, "x"), age: 100 * time.Second, want: Decision{Verdict: Repeat, After: time.Minute}},
		"GoneByAClockThatIsBehind":        {err: New(Gone, "x"), age: -time.Second, want: Decision{Verdict: Repeat, After: 5 * time.Second}},
		"GoneAfterTwoMinutesIsDone":       {err: New(Gone, "x"), age: 2 * time.Minute, want: Decision{Verdict: Done}},
		"LaterWaitsAsAskedAndIsNoAttempt": {err: Wait(time.Hour, "x"), want: Decision{Verdict: Repeat, After: time.Hour}},
		"LaterIsNeverAtOnce":              {err: Wait(time.Millisecond, "x"), want: Decision{Verdict: Repeat, After: time.Second}},
		"ConflictIsTriedAgainSoon":        {err: New(Conflict, "x"), attempt: 9, want: Decision{Verdict: Repeat, After: 5 * time.Second, Counts: true}},
		"ConflictThatLastsBacksOff":       {err: New(Conflict, "x"), attempt: 14, want: Decision{Verdict: Repeat, After: 20 * time.Second, Counts: true}},
		"ConflictForEverIsSeldomTried":    {err: New(Conflict, "x"), attempt: 3000, want: Decision{Verdict: Repeat, After: 15 * time.Minute, Counts: true}},
		"DeniedAlarms":                    {err: New(Denied, "x"), want: Decision{Verdict: Repeat, After: 5 * time.Second, Counts: true, Alarm: true}},
		"NothingExpiresInTheQueue":        {err: errors.New("x"), age: 14 * day, want: Decision{Verdict: Park, Alarm: true}},
		"AWrappedFaultKeepsItsKind":       {err: fmt.Errorf("reading: %w", New(Invalid, "x")), want: Decision{Verdict: Park}},
		"ACancelledCallIsTriedAgain":      {err: context.Canceled, want: Decision{Verdict: Repeat, After: 5 * time.Second, Counts: true}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := Decide(tt.err, tt.attempt, tt.age, tt.age); got != tt.want {
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

// TestWhatIsGoneIsReadSixTimes: an event for a row that never was must not cost a dozen calls.
func TestWhatIsGoneIsReadSixTimes(t *testing.T) {
	reads, at := 0, now
	for d := (Decision{Verdict: Repeat}); d.Verdict == Repeat && reads < 100; at = at.Add(d.After) {
		reads++
		d = Decide(New(Gone, "x"), 0, at.Sub(now), 0)
	}
	if reads != 6 || at.Sub(now) < unreadable {
		t.Errorf("%d reads in %s", reads, at.Sub(now))
	}
}

// TestWhatIsGoneIsReadSixTimesWhateverTheClocksSay: who accepted the event, who works on it and the broker have three clocks.
func TestWhatIsGoneIsReadSixTimesWhateverTheClocksSay(t *testing.T) {
	for _, skew := range []time.Duration{0, -20 * time.Minute, 20 * time.Minute} {
		reads, at, first := 0, now, time.Time{}
		for d := (Decision{Verdict: Repeat}); d.Verdict == Repeat && reads < 100; at = at.Add(d.After) {
			reads++
			ours := at.Add(skew)
			d = Decide(New(Gone, "x"), 0, Lasted(first, at, now, ours), ours.Sub(now))
			first = now
		}
		if reads != 6 {
			t.Errorf("%d reads by a clock that is %s ahead", reads, skew)
		}
	}
	if d := Lasted(time.Time{}, time.Time{}, now, now.Add(time.Minute)); d != time.Minute {
		t.Errorf("where the broker says nothing it lasts %s", d)
	}
}

func TestOnlyARefusalHasAClass(t *testing.T) {
	for _, c := range []struct {
		err  error
		want Class
	}{
		{nil, ""}, {errors.New("x"), ""}, {New(Denied, "x"), ""}, {New(Gone, "x").OfClass(Ours), ""},
		{New(Refused, "x"), Record}, {&Error{Kind: Refused}, Record}, {New(Refused, "x").OfClass(Rule), Rule},
		{fmt.Errorf("x: %w", New(Refused, "x").OfClass(Ours)), Ours},
	} {
		if got := ClassOf(c.err); got != c.want {
			t.Errorf("%v: %q", c.err, got)
		}
	}
}

// TestForeignWordsStayOutOfTextAndLog is the promise of Error: what the other side said may hold names and
// addresses of people.
func TestForeignWordsStayOutOfTextAndLog(t *testing.T) {
	e := New(Refused, "changing opportunities(1): Dataverse answered 400").With("0x1", "mend it").
		Saying("CRM refused it", "mend it").Quoting("CANARY\nJane Doe\u2028 said no").Naming("name").Answered(400).At("dealValue")
	if e.Theirs != "CANARY Jane Doe  said no" || e.Say == "" || e.Mend == "" {
		t.Errorf("%+v", e)
	}
	err := fmt.Errorf("creating: %w", e)
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Warn("x", "function", "f", Attr(err))
	for name, text := range map[string]string{"Error": err.Error(), "the log": log.String()} {
		if strings.Contains(text, "CANARY") {
			t.Errorf("%s holds it: %s", name, text)
		}
	}
	for _, member := range []string{`"fault":"refused"`, `"class":"record"`, `"code":"0x1"`, `"answered":400`, `"field":"dealValue"`, `"target":"name"`, `"error":"creating: changing`} {
		if !strings.Contains(log.String(), member) {
			t.Errorf("%s is not in %s", member, log.String())
		}
	}
	if long := New(Refused, "x").Quoting(strings.Repeat("ä", 500)).Theirs; len([]rune(long)) != 200 {
		t.Errorf("%d characters are kept", len([]rune(long)))
	}
}

func TestAnUnclassifiedErrorIsLoggedAsBroken(t *testing.T) {
	var log bytes.Buffer
	l := slog.New(slog.NewJSONHandler(&log, nil))
	l.Warn("x", Attr(errors.New("boom")))
	l.Warn("x", Attr(nil))
	lines := strings.Split(log.String(), "\n")
	if !strings.Contains(lines[0], `"fault":"broken","error":"boom"`) || strings.Contains(lines[1], "fault") {
		t.Errorf("%s", log.String())
	}
}

func TestStatusesAtDoors(t *testing.T) {
	for _, c := range []struct {
		err           error
		answer, relay int
	}{
		{nil, 202, 200}, {errors.New("x"), 503, 503}, {New(Invalid, "x"), 400, 502}, {New(Denied, "x"), 401, 502},
		{New(Refused, "x"), 503, 502}, {New(Gone, "x"), 503, 502}, {New(Conflict, "x"), 503, 409}, {Wait(time.Second, "x"), 503, 429},
	} {
		if a, r := Answer(c.err), Relay(c.err); a != c.answer || r != c.relay {
			t.Errorf("%v: %d, %d", c.err, a, r)
		}
	}
}

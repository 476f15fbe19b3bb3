package hostsim

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// schedule is a parsed NCRONTAB expression with six fields, in UTC:
// {second} {minute} {hour} {day} {month} {day of week}.
// https://learn.microsoft.com/azure/azure-functions/functions-bindings-timer#ncrontab-expressions
type schedule struct {
	fields [6]uint64
	// NCRONTAB joins day and day of week with "and", unlike cron.
}

var cronFields = [6]struct {
	name     string
	min, max int
	words    string
}{
	{"second", 0, 59, ""},
	{"minute", 0, 59, ""},
	{"hour", 0, 23, ""},
	{"day", 1, 31, ""},
	{"month", 1, 12, "jan feb mar apr may jun jul aug sep oct nov dec"},
	{"day of week", 0, 6, "sun mon tue wed thu fri sat"},
}

func parseSchedule(text string) (*schedule, error) {
	parts := strings.Fields(text)
	if len(parts) == 5 {
		parts = append([]string{"0"}, parts...)
	}
	if len(parts) != 6 {
		return nil, fmt.Errorf("%q has %d fields: write {second} {minute} {hour} {day} {month} {day of week}", text, len(parts))
	}
	s := &schedule{}
	for i, p := range parts {
		for item := range strings.SplitSeq(p, ",") {
			bits, err := cronItem(i, item)
			if err != nil {
				return nil, fmt.Errorf("%q: field %s: %w", text, cronFields[i].name, err)
			}
			s.fields[i] |= bits
		}
	}
	if s.next(time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)).IsZero() {
		return nil, fmt.Errorf("%q never occurs", text)
	}
	return s, nil
}

func cronItem(field int, item string) (uint64, error) {
	f := cronFields[field]
	body, stepText, stepped := strings.Cut(item, "/")
	from, to, step := f.min, f.max, 1
	var err error
	if body != "*" {
		lo, hi, ranged := strings.Cut(body, "-")
		if from, err = cronNumber(field, lo); err != nil {
			return 0, err
		}
		switch {
		case ranged:
			if to, err = cronNumber(field, hi); err != nil {
				return 0, err
			}
		case !stepped:
			to = from
		}
	}
	if stepped {
		if step, err = strconv.Atoi(stepText); err != nil || step < 1 {
			return 0, fmt.Errorf("step %q is not a number above 0", stepText)
		}
	}
	if to < from {
		return 0, fmt.Errorf("range %q runs backwards", body)
	}
	var bits uint64
	for n := from; n <= to; n += step {
		bits |= 1 << n
	}
	return bits, nil
}

func cronNumber(field int, text string) (int, error) {
	f := cronFields[field]
	for i, word := range strings.Fields(f.words) {
		if len(text) >= 3 && strings.HasPrefix(strings.ToLower(text), word) {
			return i + f.min, nil
		}
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < f.min || n > f.max {
		return 0, fmt.Errorf("%q is not between %d and %d", text, f.min, f.max)
	}
	return n, nil
}

func (s *schedule) has(field, n int) bool { return s.fields[field]&(1<<n) != 0 }

// next is the first occurrence after t; the zero time when there is none within five years.
func (s *schedule) next(t time.Time) time.Time {
	t = t.UTC().Truncate(time.Second).Add(time.Second)
	for end := t.AddDate(5, 0, 0); t.Before(end); {
		switch {
		case !s.has(4, int(t.Month())):
			t = time.Date(t.Year(), t.Month()+1, 1, 0, 0, 0, 0, time.UTC)
		case !s.has(3, t.Day()) || !s.has(5, int(t.Weekday())):
			t = time.Date(t.Year(), t.Month(), t.Day()+1, 0, 0, 0, 0, time.UTC)
		case !s.has(2, t.Hour()):
			t = t.Truncate(time.Hour).Add(time.Hour)
		case !s.has(1, t.Minute()):
			t = t.Truncate(time.Minute).Add(time.Minute)
		case !s.has(0, t.Second()):
			t = t.Add(time.Second)
		default:
			return t
		}
	}
	return time.Time{}
}

// subMinute says whether two occurrences can be less than a minute apart; the host then keeps no
// schedule status.
func (s *schedule) subMinute(from time.Time) bool {
	for range 3 {
		next := s.next(from)
		if after := s.next(next); after.Sub(next) < time.Minute {
			return true
		}
		from = next
	}
	return false
}

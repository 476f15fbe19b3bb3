package app

import (
	"slices"
	"strconv"
	"strings"
)

// scheduleField is what one field of an NCRONTAB expression may hold.
type scheduleField struct {
	name     string
	min, max int
	words    []string // in the order of their numbers, from min on
}

// misread names the first field of a schedule that the Functions host would not understand, "" where there is
// none. The host then runs no function at all, or never this one, and neither is seen from within.
// https://learn.microsoft.com/azure/azure-functions/functions-bindings-timer#ncrontab-expressions
func misread(schedule string) string {
	fields := []scheduleField{{"second", 0, 59, nil}, {"minute", 0, 59, nil}, {"hour", 0, 23, nil}, {"day", 1, 31, nil},
		{"month", 1, 12, []string{"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}},
		{"weekday", 0, 6, []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}}}
	parts := strings.Fields(schedule)
	if len(parts) != len(fields) {
		return "number of fields"
	}
	for i, f := range fields {
		for item := range strings.SplitSeq(parts[i], ",") {
			if !f.takes(item) {
				return f.name
			}
		}
	}
	return ""
}

// takes: *, a number, a range, and a step behind either.
func (f scheduleField) takes(item string) bool {
	span, step, stepped := strings.Cut(item, "/")
	if n, err := strconv.Atoi(step); stepped && (err != nil || n < 1) {
		return false
	}
	if span == "*" {
		return true
	}
	first, last, ranged := strings.Cut(span, "-")
	a, ok := f.number(first)
	if !ranged {
		return ok
	}
	b, okToo := f.number(last)
	return ok && okToo && a <= b
}

func (f scheduleField) number(text string) (int, bool) {
	if i := slices.Index(f.words, strings.ToLower(text)); i >= 0 {
		return f.min + i, true
	}
	n, err := strconv.Atoi(text)
	return n, err == nil && n >= f.min && n <= f.max
}

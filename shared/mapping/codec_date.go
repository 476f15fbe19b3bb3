package mapping

import (
	"strings"
	"time"
)

// The dates that both systems can hold; Dataverse begins in 1753.
const (
	firstYear = 1753
	lastYear  = 9998
)

// Days says how a DateTime column of the CRM holds a day, as its metadata names it.
// https://learn.microsoft.com/power-apps/developer/data-platform/behavior-format-date-time-attribute
type Days string

// The behaviours of DateTime columns. Where the behaviour is unknown, a value that carries a time counts as
// user local.
const (
	DateOnly        Days = "DateOnly"            // a day, 2006-01-02
	UserLocal       Days = "UserLocal"           // the instant of midnight in the user's zone
	ZoneIndependent Days = "TimeZoneIndependent" // midnight written as UTC whatever the zone
)

// localTime is a time that names no zone.
const localTime = "2006-01-02T15:04:05"

// dateFromReferral takes the day of a UTC time in the zone in which the partner's people work.
func dateFromReferral(g *glossary, v any) (string, error) {
	text, err := scalarText(v)
	if err != nil || text == "" {
		return "", err
	}
	return dayIn(text, g.zoneOrUTC())
}

// dateToReferral gives the first instant of the day in that zone.
func dateToReferral(g *glossary, text string) (any, error) {
	if text == "" {
		return nil, nil
	}
	return firstInstant(text, g.zoneOrUTC())
}

// dateFromCRM takes a date without time as it is, and the day of any other as the column's behaviour says.
func dateFromCRM(g *glossary, column, text string) (string, error) {
	if text == "" {
		return "", nil
	}
	if g.days(column) == ZoneIndependent {
		return dayIn(text, time.UTC)
	}
	return dayIn(text, g.crmZone())
}

func dateToCRM(g *glossary, column, text string) (any, error) {
	if text == "" {
		return nil, nil
	}
	switch g.days(column) {
	case UserLocal:
		return firstInstant(text, g.crmZone())
	case ZoneIndependent:
		return firstInstant(text, time.UTC)
	}
	return text, nil
}

// dayIn gives the day of an instant in the zone. A text that names no zone says its day itself.
func dayIn(text string, zone *time.Location) (string, error) {
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return day(t.In(zone), text)
	}
	for _, form := range []string{time.DateOnly, localTime} {
		if t, err := time.Parse(form, text); err == nil {
			return day(t, text)
		}
	}
	return "", NotA("a date", text)
}

func day(t time.Time, text string) (string, error) {
	if t.Year() < firstYear || t.Year() > lastYear {
		return "", NotA("a date that CRM can hold", text)
	}
	return t.Format(time.DateOnly), nil
}

// firstInstant is the first instant of a day in a zone, as UTC text: in some zones the clocks go forward at
// midnight, so that the day begins at half past twelve or at one.
func firstInstant(text string, zone *time.Location) (string, error) {
	wanted, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return "", NotA("a date", text)
	}
	t := time.Date(wanted.Year(), wanted.Month(), wanted.Day(), 0, 0, 0, 0, zone)
	for range longestGap / gapStep {
		if t.Format(time.DateOnly) >= text {
			break
		}
		t = t.Add(gapStep)
	}
	if t.Format(time.DateOnly) != text {
		return "", NotA("a date that "+zone.String()+" has", text)
	}
	return t.UTC().Format(time.RFC3339), nil
}

// Clocks go forward by whole quarters of an hour, by at most a day.
const (
	gapStep    = 15 * time.Minute
	longestGap = 48 * time.Hour
)

// timeFromReferral reads an instant: UTC, whole seconds, which is what the CRM keeps.
func timeFromReferral(g *glossary, v any) (string, error) {
	text, err := scalarText(v)
	if err != nil {
		return "", err
	}
	return timeFromCRM(g, "", text)
}

func timeFromCRM(_ *glossary, _, text string) (string, error) {
	if text == "" || strings.HasPrefix(text, "0001-01-01") {
		return "", nil // .NET's way to say that there is none
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return "", NotA("a time", text)
	}
	if _, err := day(t, text); err != nil {
		return "", err
	}
	return t.UTC().Truncate(time.Second).Format(time.RFC3339), nil
}

func (g *glossary) zoneOrUTC() *time.Location {
	if g == nil || g.zone == nil {
		return time.UTC
	}
	return g.zone
}

// crmZone is the zone of user-local columns: that of closing dates unless another is given.
func (g *glossary) crmZone() *time.Location {
	if g == nil || g.CRMZone == nil {
		return g.zoneOrUTC()
	}
	return g.CRMZone
}

func (g *glossary) days(column string) Days {
	if g == nil {
		return ""
	}
	return g.Days[column]
}

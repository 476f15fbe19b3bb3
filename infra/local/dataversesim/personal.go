package dataversesim

import (
	"encoding/json"
	"time"
)

// personal turns plain dates that a person writes into user-local columns into the midnight of that day in
// the person's time zone, as forms do. The Web API takes a plain date as midnight UTC.
func (s *Simulator) personal(tab *table, columns json.RawMessage) (json.RawMessage, error) {
	zone, err := time.LoadLocation(s.sw.text("userTimeZone"))
	if err != nil {
		return nil, fail(500, "", "userTimeZone: %v", err)
	}
	if zone == time.UTC {
		return columns, nil
	}
	var values map[string]json.RawMessage
	if err := json.Unmarshal(columns, &values); err != nil {
		return columns, nil // decoding says what is wrong with it
	}
	for name, raw := range values {
		c := tab.columns[name]
		text, isText := decodeValue(raw).(string)
		if c == nil || c.kind != kindDateTime || c.behavior == zoneIndependent || !isText || !datePattern.MatchString(text) {
			continue
		}
		if day, err := time.ParseInLocation(time.DateOnly, text, zone); err == nil {
			values[name], _ = json.Marshal(day.UTC().Format(time.RFC3339)) // a string: cannot fail
		}
	}
	return json.Marshal(values)
}

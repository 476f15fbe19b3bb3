package app

import "testing"

func TestScheduleIsReadAsTheHostReadsIt(t *testing.T) {
	for schedule, want := range map[string]string{
		"0 */5 * * * *": "", "0 0 2 * * 1-5": "", "0,30 * * * * *": "", "0 5-59/10 8-18 1,15 jan-MAR Mon": "", "59 59 23 31 12 6": "",
		"*/5 * * * *": "number of fields", "0 */5 * * * * *": "number of fields", "a b c d e f": "second", "60 * * * * *": "second",
		"0 */0 * * * *": "minute", "0 5/x * * * *": "minute", "0 0 24 * * *": "hour", "0 0 0 0 * *": "day", "0 0 0 1 13 *": "month", "0 0 0 1 1 7": "weekday",
		"0 30-10 * * * *": "minute", "0 1,,2 * * * *": "minute", "0 -5 * * * *": "minute",
	} {
		if got := misread(schedule); got != want {
			t.Errorf("%s: %q, want %q", schedule, got, want)
		}
	}
}

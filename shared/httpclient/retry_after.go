package httpclient

import (
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// unsaid is the wait after a 429 that names none.
const unsaid = 5 * time.Second

// RetryAfter is the wait that an answer asks for, in seconds or as a date (by the server's own clock),
// kept between 1 s and 15 min. Of several, as a proxy adds one, the longest counts. An answer that names none, or none that
// can be understood, means 5 s.
func RetryAfter(r *Response, now time.Time) time.Duration {
	if date := r.Date(); !date.IsZero() {
		now = date
	}
	longest, said := time.Duration(0), false
	for _, line := range r.Header.Values("Retry-After") {
		wait, ok := waitIn(line, now)
		if !ok { // a list; a date has a comma of its own
			for one := range strings.SplitSeq(line, ",") {
				if d, is := waitIn(one, now); is {
					wait, ok = max(wait, d), true
				}
			}
		}
		longest, said = max(longest, wait), said || ok
	}
	if !said {
		return unsaid
	}
	return fault.ClampRetryAfter(longest)
}

// waitIn reads seconds, or a date in one of the forms of HTTP or of JSON.
func waitIn(text string, now time.Time) (time.Duration, bool) {
	text = strings.TrimSpace(text)
	seconds, err := strconv.ParseFloat(text, 64)
	if (err == nil || errors.Is(err, strconv.ErrRange)) && !math.IsNaN(seconds) {
		return time.Duration(math.Ceil(min(max(seconds, 0), 1e6))) * time.Second, true
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(at.Sub(now), 0), true
	}
	for _, form := range []string{time.RFC1123Z, time.RFC3339} {
		if at, err := time.Parse(form, text); err == nil {
			return max(at.Sub(now), 0), true
		}
	}
	return 0, false
}

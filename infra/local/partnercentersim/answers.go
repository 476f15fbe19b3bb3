package partnercentersim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// refusal is why a call is refused: an HTTP status, the code of error shape A, and a text for people.
type refusal struct {
	status  int
	code    string
	message string
	inner   string // innerError.code, the more specific one
	path    string // of the property that is to blame; empty when none is
	ruled   bool   // a rule of POST rules refuses: it says itself whether the path is named
}

// about names the property that is to blame.
func (r *refusal) about(path string) *refusal {
	r.path = strings.Trim(path, "/")
	return r
}

func (r *refusal) Error() string { return r.message }

func refuse(status int, code, inner, format string, args ...any) *refusal {
	return &refusal{status: status, code: code, inner: inner, message: fmt.Sprintf(format, args...)}
}

// invalid is a 400 by a rule of the resource.
func invalid(inner, format string, args ...any) *refusal {
	return refuse(http.StatusBadRequest, "invalidRequest", inner, format, args...)
}

func notFound(what string) *refusal {
	return refuse(http.StatusNotFound, "itemNotFound", "", "%s was not found", what)
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	_ = e.Encode(v) // the caller has gone: nothing to tell
}

// writeRefusal answers in shape A, the referrals host's. How much it tells about the place is a switch.
func (s *Sim) writeRefusal(w http.ResponseWriter, r *refusal) {
	body := map[string]any{"code": r.code, "message": r.message}
	if r.inner != "" {
		body["innerError"] = map[string]any{"code": r.inner, "message": r.message}
	}
	switch {
	case r.path != "" && (r.ruled || s.is("errorTarget", "path")):
		body["target"] = "/" + r.path
	case s.is("errorTarget", "none"):
		if r.path != "" {
			body["message"] = "The request is not valid."
			delete(body, "innerError")
		}
	default:
		body["target"] = "referral"
	}
	if r.status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", "Bearer")
	}
	writeJSON(w, r.status, map[string]any{"error": body})
}

// writeShapeB answers as the webhooks host does.
func writeShapeB(w http.ResponseWriter, status int, code, format string, args ...any) {
	if status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", "OAuth realm=urn:cpsvc:cpid:webhooks")
	}
	writeJSON(w, status, map[string]any{"code": code, "description": fmt.Sprintf(format, args...),
		"data": []any{}, "source": "PartnerWebhooks"})
}

// writeShapeC answers as the gateway does when it throttles; wait is rounded up to whole seconds.
func writeShapeC(w http.ResponseWriter, wait time.Duration) {
	seconds := max(1, int((wait+time.Second-1)/time.Second))
	w.Header().Set("Retry-After", fmt.Sprint(seconds))
	writeJSON(w, http.StatusTooManyRequests, map[string]any{"statusCode": http.StatusTooManyRequests,
		"message": fmt.Sprintf("Rate limit is exceeded. Try again in %d seconds.", seconds)})
}

// withinMinute forgets what is older than a minute. When limit calls remain it says how long to wait,
// otherwise it counts one more.
func withinMinute(calls []time.Time, now time.Time, limit int) ([]time.Time, time.Duration) {
	for len(calls) > 0 && now.Sub(calls[0]) >= time.Minute {
		calls = calls[1:]
	}
	if len(calls) >= limit {
		return calls, time.Minute - now.Sub(calls[0])
	}
	return append(calls, now), 0
}

// throttled answers 429 when the switches say so. Both APIs of the partner share the limits; writes have one
// more of their own. https://learn.microsoft.com/partner-center/developer/api-throttling-guidance
func (s *Sim) throttled(w http.ResponseWriter, r *http.Request) bool {
	wait := s.count(&s.calls, s.number("requestsPerMinute"))
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		wait = max(wait, s.count(&s.writes, s.number("writesPerMinute")))
	}
	if wait > 0 {
		writeShapeC(w, wait)
	}
	return wait > 0
}

// count counts one call and says how long the caller has to wait, 0 when he need not.
func (s *Sim) count(calls *[]time.Time, limit int) (wait time.Duration) {
	if limit == 0 {
		return 0
	}
	now := s.opts.Now()
	*calls, wait = withinMinute(*calls, now, limit)
	if wait > 0 && s.is("refusedCallsCount", "true") {
		*calls = append((*calls)[1:], now) // as if this call had been the latest of those allowed
		wait = time.Minute - now.Sub((*calls)[0])
	}
	return wait
}

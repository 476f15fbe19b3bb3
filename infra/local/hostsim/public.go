package hostsim

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"strings"
	"unicode/utf8"
)

// serve answers one public call.
func (h *Host) serve(c *call, w reply) {
	path, ok := decodePath(c.path)
	valid := func(f field) bool { return utf8.ValidString(f.value) }
	for _, f := range c.header {
		ok = ok && valid(f)
	}
	if !ok || strings.ContainsFunc(c.path, func(r rune) bool { return r > 126 }) || c.method == http.MethodConnect {
		bare(w, c, http.StatusBadRequest, field{"Connection", "close"})
		return
	}
	switch state := h.Status().State; {
	case state == StateDown || state == StateStopped:
		bare(w, c, http.StatusServiceUnavailable)
		return
	case path == "/":
		page(w, c)
		return
	case strings.HasPrefix(strings.ToLower(path), "/admin/"):
		h.admin(c, w, strings.ToLower(path[len("/admin/"):]))
		return
	}
	f, params := h.app.find(c.method, path)
	if f == nil {
		bare(w, c, http.StatusNotFound)
		return
	}
	key, level := h.key(c)
	if !admits(f.trigger.AuthLevel, level) {
		bare(w, c, http.StatusUnauthorized)
		return
	}
	h.run(&web{call: c, reply: w, fn: f, path: path, params: params, level: level, key: key})
}

// web is a public call on its way to a function.
type web struct {
	*call
	reply
	fn     *function
	path   string // decoded
	params map[string]*string
	level  string // what the caller's key is worth
	key    string // the name of the key
	inv    *invocation
	cut    bool // the answer broke off: the caller must see that

	asked, answered captured
}

// key reads the caller's key from the header or the query, the header first.
func (h *Host) key(c *call) (name, level string) {
	given := c.header.get("x-functions-key")
	if given == "" {
		for _, p := range parseQuery(c.query) {
			if strings.EqualFold(p.name, "code") {
				given = p.values[0]
			}
		}
	}
	switch level = h.opt.Keys.level(given); level {
	case "Admin":
		return "master", level
	case "Function":
		return "default", level
	}
	return "", ""
}

// run makes the invocation, in the way that the mode and the function's bindings ask for.
func (h *Host) run(c *web) {
	ch := h.app.host.CustomHandler
	proxied := c.fn.raw() && ch.EnableProxyingHTTPRequest && h.opt.Mode == ModeProxy
	ctx := c.ctx
	if !proxied {
		ctx = context.WithoutCancel(ctx) // only the proxy notices that the caller has left
	}
	c.inv = h.begin(ctx, c.fn)
	var err error
	switch {
	case c.host == "":
		bare(c, c.call, http.StatusInternalServerError)
		err = errors.New("exception binding parameter 'req': the hostname could not be parsed")
	case proxied:
		err = h.proxy(c)
	case c.fn.raw() && ch.EnableForwardingHTTPRequest:
		err = h.forward(c)
	default:
		err = h.wrap(c)
	}
	h.finish(c.inv, "httpTrigger", c.asked.String(), c.answered.String(), err)
	if c.cut {
		c.broken()
	}
}

var errTooLarge = errors.New("exception binding parameter 'req': request body too large, the limit is 104857600 bytes")

// wholeBody reads a body of known length to its end; a caller who leaves half-way ends the invocation.
func (c *web) wholeBody() ([]byte, error) {
	if c.body == nil || c.length < 0 {
		return nil, nil
	}
	if c.length > bodyLimit {
		return nil, errTooLarge
	}
	data, err := io.ReadAll(tee{c.body, &c.asked})
	if err == nil && int64(len(data)) != c.length {
		err = io.ErrUnexpectedEOF
	}
	return data, err
}

// refuse answers 500 without a body and hands the reason on.
func (c *web) refuse(err error) error {
	if c.ctx.Err() != nil {
		return err
	}
	var more []field
	if errors.Is(err, errTooLarge) || errors.Is(err, errDown) {
		more = append(more, field{"Connection", "close"})
	}
	bare(c, c.call, http.StatusInternalServerError, more...)
	return err
}

// traceparent is what the handler gets: the caller's own without telemetry; with Application Insights
// the caller's or a new one; with OpenTelemetry a new span in the caller's trace.
func (h *Host) traceparent(callers string) string {
	parts := strings.Split(callers, "-")
	switch {
	case h.openTelemetry():
		trace, flags := randomHex(16), "01"
		if len(parts) == 4 {
			trace, flags = parts[1], parts[3]
		}
		return "00-" + trace + "-" + randomHex(8) + "-" + flags
	case callers == "" && h.insights():
		return "00-" + randomHex(16) + "-" + randomHex(8) + "-00"
	}
	return callers
}

func (h *Host) openTelemetry() bool {
	return strings.EqualFold(h.app.host.TelemetryMode, "OpenTelemetry") && h.opt.Settings["OTEL_EXPORTER_OTLP_ENDPOINT"] != ""
}

// telemetry says whether the host exports traces; only then envelope calls carry a trace.
func (h *Host) telemetry() bool { return h.openTelemetry() || h.insights() }

func (h *Host) insights() bool { return h.opt.Settings["APPLICATIONINSIGHTS_CONNECTION_STRING"] != "" }

func randomHex(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return hex.EncodeToString(b)
}

// page is the host's own start page.
func page(w reply, c *call) {
	const text = "<!DOCTYPE html>\n<html>\n<head>\n    <title>Your Azure Function App is up and running.</title>\n</head>\n<body></body>\n</html>\n"
	w.head(http.StatusOK, "OK", stamped(fields{{"Content-Length", itoa(len(text))}, {"Content-Type", "text/html"}}))
	if c.method != http.MethodHead {
		_, _ = io.WriteString(w, text)
	}
	w.flush()
}

// admin answers the few admin calls that are simulated: ping, and running a timer function.
func (h *Host) admin(c *call, w reply, what string) {
	_, level := h.key(c)
	name, isRun := strings.CutPrefix(what, "functions/")
	switch {
	case what == "host/ping":
		bare(w, c, http.StatusOK, field{"Cache-Control", "no-store,no-cache"}, field{"Pragma", "no-cache"})
	case level != "Admin":
		bare(w, c, http.StatusUnauthorized, field{"WWW-Authenticate", "Bearer"})
	case isRun && c.method == http.MethodPost:
		h.adminRun(c, w, name)
	default:
		bare(w, c, http.StatusNotFound)
	}
}

// adminRun starts a timer function and answers 202 at once; {"input": "…"} is handed to it.
func (h *Host) adminRun(c *call, w reply, name string) {
	f, err := h.timerNamed(name)
	if err != nil {
		h.logf("admin call: %v", err)
		bare(w, c, http.StatusNotFound)
		return
	}
	var input *string
	if c.body != nil {
		data, _ := io.ReadAll(io.LimitReader(c.body, captureLimit)) // an unreadable body is no input
		if v, err := parseLoose(data); err == nil {
			if o, ok := v.(*object); ok {
				if text, ok := o.values["input"].(string); ok {
					input = &text
				}
			}
		}
	}
	bare(w, c, http.StatusAccepted)
	h.all.Go(func() { _ = h.runTimer(h.ctx, f, input) }) // the failure is in the log and the history
}

package funchost

import (
	"bytes"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"

	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// Answer writes a JSON object with its content type. The host hangs for minutes, and then kills the
// process, when an envelope call is answered with an empty body, null or 204; so nothing else is written
// anywhere. v must encode as an object.
func Answer(w http.ResponseWriter, status int, v any) {
	if v == (struct{}{}) {
		w.Header()["Content-Type"] = []string{"application/json"}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, "{}\n") // the caller has gone: nothing to tell
		return
	}
	body, err := json.Marshal(v)
	if err != nil || len(body) == 0 || body[0] != '{' {
		status, body = http.StatusInternalServerError, []byte(`{"error":"the answer could not be written"}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n')) // the caller has gone: nothing to tell
}

// Refuse answers with one line that says what is wrong. An anonymous caller gets no more than that.
func Refuse(w http.ResponseWriter, status int, text string) {
	Answer(w, status, struct {
		Error string `json:"error"`
	}{text})
}

// Because tells why an answer to an operator refuses, for those who watch; the answer itself is the caller's.
func Because(w http.ResponseWriter, cause error) {
	if b, ok := w.(*buffer); ok {
		b.why = cause
	}
}

// RefuseFault answers a webhook that failed, with the status of fault.Answer. The caller learns no more
// than that; the cause goes into the log.
func RefuseFault(w http.ResponseWriter, cause error) {
	if b, ok := w.(*buffer); ok {
		b.cause = cause
	}
	status, text := fault.Answer(cause), "this cannot be decided now, try again"
	switch status {
	case http.StatusBadRequest:
		text = "the request is malformed"
	case http.StatusUnauthorized:
		text = "the request is not authentic"
	default:
		w.Header().Set("Retry-After", "5")
	}
	Refuse(w, status, text)
}

// Allowed says whether the method is one of those; if not, it has answered 405 with Allow and no body.
func Allowed(w http.ResponseWriter, r *http.Request, methods ...string) bool {
	if slices.Contains(methods, r.Method) {
		return true
	}
	w.Header().Set("Allow", strings.Join(methods, ", "))
	w.WriteHeader(http.StatusMethodNotAllowed)
	return false
}

// JSONBody gives the exact bytes of a JSON request; ok is false after it has answered 415 (another
// content type, charset or encoding) or 400 (no body). It does not parse: signatures cover the bytes.
func JSONBody(w http.ResponseWriter, r *http.Request) (body []byte, ok bool) {
	if !isJSON(r.Header) {
		Refuse(w, http.StatusUnsupportedMediaType, "the content type must be application/json, in UTF-8 and not compressed")
		return nil, false
	}
	body, err := bodyOf(r) // read and limited at the edge already
	if err != nil || len(body) == 0 {
		Refuse(w, http.StatusBadRequest, "a JSON body is needed")
		return nil, false
	}
	return body, true
}

func isJSON(h http.Header) bool {
	if given := h["Content-Type"]; len(given) == 1 && h.Get("Content-Encoding") == "" {
		switch given[0] { // as nearly all callers write it
		case "application/json", "application/json; charset=utf-8":
			return true
		}
	}
	media, params, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil || media != "application/json" || len(h.Values("Content-Type")) != 1 {
		return false
	}
	charset, encoding := params["charset"], h.Get("Content-Encoding")
	return (charset == "" || strings.EqualFold(charset, "utf-8")) && (encoding == "" || strings.EqualFold(encoding, "identity"))
}

// Strict decodes one JSON object into v; an unknown member, another kind of value or anything after the
// object is Invalid.
func Strict(body []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if trimmed := bytes.TrimLeft(body, " \t\r\n"); len(trimmed) == 0 || trimmed[0] != '{' {
		return fault.New(fault.Invalid, "the body must be a JSON object")
	}
	if err := d.Decode(v); err != nil {
		return fault.New(fault.Invalid, "the body is not as documented: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return fault.New(fault.Invalid, "something follows the JSON object")
	}
	return nil
}

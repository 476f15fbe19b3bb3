package funchost

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/jsonread"
)

// envelope is what the host posts to /<FunctionName> for everything but HTTP. It encodes most values
// twice: a string as a JSON string that holds a quoted string, a number as a string. Newer hosts may not,
// so both forms are accepted everywhere.
// https://learn.microsoft.com/azure/azure-functions/functions-custom-handlers#request-payload
type envelope struct {
	Data     map[string]json.RawMessage
	Metadata map[string]json.RawMessage
}

func parseEnvelope(body []byte) (envelope, error) {
	var e envelope
	r := jsonread.Of(string(body))
	members := func() map[string]json.RawMessage {
		out := map[string]json.RawMessage{}
		r.Object(func(name string) { out[name] = json.RawMessage(r.Raw()) })
		return out
	}
	r.Object(func(name string) {
		switch name {
		case "Data":
			e.Data = members()
		case "Metadata":
			e.Metadata = members()
		}
	})
	if err := r.End(); err != nil {
		return e, fmt.Errorf("the body is no envelope of the Functions host: %w", err)
	}
	if len(e.Data) != 1 {
		return e, fmt.Errorf("the envelope has %d entries in Data, one is needed", len(e.Data))
	}
	return e, nil
}

// trigger gives the only entry of Data.
func (e envelope) trigger() json.RawMessage {
	for _, v := range e.Data {
		return v
	}
	return nil
}

func (e envelope) delivery(invocation string) Delivery {
	value := e.trigger()
	return Delivery{
		Session:       text(e.Metadata["SessionId"]),
		MessageID:     text(e.Metadata["MessageId"]),
		DeliveryCount: number(e.Metadata["DeliveryCount"]),
		Body:          payload(value),
		Enqueued:      moment(e.Metadata["EnqueuedTimeUtc"]),
		InvocationID:  invocation,
	}
}

func (e envelope) tick(invocation string) Tick {
	value := e.trigger()
	if s, ok := unquote(value); ok { // an older host sent the object as a string
		value = json.RawMessage(s)
	}
	var t struct{ IsPastDue bool }
	// The times in here have been seen malformed; nothing of a tick may fail the run.
	_ = json.Unmarshal(value, &t)
	return Tick{PastDue: t.IsPastDue, InvocationID: invocation}
}

// payload gives the bytes of a message: a quoted string (twice encoded text), base64 (binary, what we ask
// for), text as it is, or JSON that was not wrapped at all.
func payload(raw json.RawMessage) []byte {
	s, ok := unquote(raw)
	if !ok {
		return raw
	}
	if inner, ok := unquote([]byte(s)); ok {
		return []byte(inner)
	}
	if b, err := base64.StdEncoding.DecodeString(s); err == nil {
		return b
	}
	return []byte(s)
}

// unquote decodes a JSON string; ok is false for everything else.
func unquote(raw []byte) (s string, ok bool) {
	if len(raw) == 0 || raw[0] != '"' {
		return "", false
	}
	r := jsonread.Of(string(raw))
	s = r.Text()
	return s, r.End() == nil
}

func text(raw json.RawMessage) string {
	s, ok := unquote(raw)
	if !ok {
		return strings.Trim(string(raw), " \t\r\n")
	}
	if inner, ok := unquote([]byte(s)); ok {
		return inner
	}
	return s
}

func number(raw json.RawMessage) int {
	n, _ := strconv.Atoi(text(raw)) // not a number: zero, which nobody decides by
	return n
}

// moment reads a time with or without offset; without means UTC. Zero when it cannot be read.
func moment(raw json.RawMessage) time.Time {
	s := text(raw)
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}

// invocationID takes the last value: a client may send one too, and the host appends its own or
// overwrites it. For logs only.
func invocationID(h http.Header) string {
	all := strings.Join(h.Values("X-Azure-Functions-Invocationid"), ",")
	id := strings.TrimSpace(all[strings.LastIndexByte(all, ',')+1:])
	return id[:min(len(id), 64)]
}

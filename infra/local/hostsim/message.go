package hostsim

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"time"
)

// message is a Service Bus message as the trigger sees it. A nil string is a property that is not set.
type message struct {
	body       []byte
	lockToken  [16]byte
	sequence   int64
	deliveries int
	enqueued   time.Time
	expires    time.Time // zero: never
	locked     time.Time // end of the lock, without sessions

	messageID                                                             string
	contentType, replyTo, to, subject, correlationID                      *string
	sessionID, replyToSessionID, partitionKey, transactionKey, deadSource *string
	properties                                                            map[string]any
	order                                                                 []string // names of properties, in the order to show

	handle any // what the source needs to settle it
}

// never is .NET's DateTimeOffset.MaxValue without its fraction.
var never = time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)

// encode builds the envelope of one message. lockedUntil is the session's lock, zero without sessions.
func (m *message) encode(f *function, namespace string, lockedUntil, now time.Time) []byte {
	meta := newBindingData()
	session := func() *object {
		o := newObject()
		if !lockedUntil.IsZero() {
			o.put("SessionLockedUntil", netOffset(lockedUntil))
		}
		return o
	}
	for _, name := range []string{"MessageReceiver", "MessageSession", "MessageActions", "SessionActions"} {
		meta.any(name, session())
	}
	meta.any("ReceiveActions", newObject())
	meta.any("Client", newObject().put("FullyQualifiedNamespace", namespace).put("IsClosed", false).
		put("TransportType", number("0")).put("Identifier", namespace+"-00000000-0000-0000-0000-000000000000"))
	meta.any("DeliveryCount", strconv.Itoa(m.deliveries))
	optional := func(name string, v *string) {
		if v != nil {
			meta.text(name, *v)
		}
	}
	optional("DeadLetterSource", m.deadSource)
	t := m.lockToken
	meta.text("LockToken", fmt.Sprintf("%x-%x-%x-%x-%x", t[:4], t[4:6], t[6:8], t[8:10], t[10:]))
	expires := m.expires
	if expires.IsZero() || expires.After(never) {
		expires = never
	}
	for _, at := range []struct {
		name string
		t    time.Time
	}{{"ExpiresAt", expires}, {"EnqueuedTime", m.enqueued}} {
		text := netTime(at.t.Truncate(time.Second))
		meta.any(at.name+"Utc", text)
		meta.any(at.name, text+"+00:00")
	}
	meta.text("MessageId", m.messageID)
	optional("ContentType", m.contentType)
	optional("ReplyTo", m.replyTo)
	meta.any("SequenceNumber", strconv.FormatInt(m.sequence, 10))
	optional("To", m.to)
	optional("Subject", m.subject)
	optional("Label", m.subject)
	optional("CorrelationId", m.correlationID)
	meta.any("ApplicationProperties", m.propertyObject())
	meta.any("UserProperties", m.propertyObject())
	optional("SessionId", m.sessionID)
	optional("ReplyToSessionId", m.replyToSessionID)
	optional("PartitionKey", m.partitionKey)
	optional("TransactionPartitionKey", m.transactionKey)
	return envelopeBody(f.trigger.Name, m.data(f, meta), meta.metadata(f, now))
}

// data is the trigger's value: base64 for dataType binary; else a string in a string, and a JSON object's
// members overwrite the metadata.
func (m *message) data(f *function, meta bindingData) value {
	if f.trigger.DataType == "binary" {
		return base64.StdEncoding.EncodeToString(m.body)
	}
	text := lossy(string(m.body))
	meta.fromJSON(text)
	return quoted(text)
}

func (m *message) propertyObject() *object {
	names := slices.Clone(m.order)
	if names == nil {
		for name := range m.properties {
			names = append(names, name)
		}
		slices.Sort(names)
	}
	o := newObject()
	for _, name := range names {
		o.put(name, propertyValue(m.properties[name]))
	}
	return o
}

// propertyValue keeps numbers and booleans native, unlike the metadata around it.
func propertyValue(v any) value {
	switch v := v.(type) {
	case nil, string, bool, number:
		return v
	case []byte:
		return base64.StdEncoding.EncodeToString(v)
	case time.Time:
		return netTime(v) + "Z"
	case float64:
		text := strconv.FormatFloat(v, 'g', -1, 64)
		if v == float64(int64(v)) {
			text = strconv.FormatFloat(v, 'f', 1, 64)
		}
		return number(text)
	case [16]byte:
		return fmt.Sprintf("%x-%x-%x-%x-%x", v[:4], v[4:6], v[6:8], v[8:10], v[10:])
	case fmt.Stringer:
		return v.String()
	}
	return number(fmt.Sprint(v))
}

package emulators

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
)

// Queue is one queue of the broker, with the settings of its real counterpart. Durations are ISO 8601.
// https://learn.microsoft.com/azure/templates/microsoft.servicebus/namespaces/queues
type Queue struct {
	Name                             string `json:"name"`
	RequiresSession                  bool   `json:"requiresSession"`
	LockDuration                     string `json:"lockDuration,omitempty"`     // "PT1M" when empty
	MaxDeliveryCount                 int    `json:"maxDeliveryCount,omitempty"` // 10 when 0
	TTL                              string `json:"ttl,omitempty"`              // for ever when empty
	DeadLetteringOnMessageExpiration bool   `json:"deadLetteringOnMessageExpiration,omitempty"`
}

// BrokerOptions say where and with what the broker runs. A zero value of any but Dir and Queues is fine.
type BrokerOptions struct {
	Dir         string    // the folder that Install was called for
	Queues      []Queue   // all queues of the namespace
	Port        int       // AMQP on 127.0.0.1; 0 takes a free one
	ControlPort int       // control interface on 127.0.0.1; 0 takes a free one
	Key         string    // shared access key that signatures are checked against; empty makes one up
	CertFile    string    // PEM file: TLS instead of plain TCP, which clients with token credentials demand
	KeyFile     string    // PEM file with the certificate's key
	Log         io.Writer // what the broker has to complain about; nil drops it
}

// Broker is a running broker.
type Broker struct {
	running
	options       BrokerOptions
	port, control int
	key           string
	secure        bool
}

// StartBroker starts the broker and waits until it answers. A taken port is a *PortTakenError.
func StartBroker(ctx context.Context, o BrokerOptions) (*Broker, error) {
	for part, port := range map[string]int{"Service Bus": o.Port, "Service Bus control": o.ControlPort} {
		if port == 0 {
			continue
		}
		if _, err := claimPort(part, port); err != nil {
			return nil, err
		}
	}
	queues, err := json.Marshal(append([]Queue{}, o.Queues...))
	if err != nil {
		return nil, fmt.Errorf("starting the Service Bus: %w", err)
	}
	b := &Broker{options: o, key: o.Key, secure: o.CertFile != ""}
	if b.key == "" {
		b.key = newKey()
	}
	args := []string{"broker/main.js", "--port", strconv.Itoa(o.Port), "--control", strconv.Itoa(o.ControlPort), "--queues", string(queues), "--key", b.key}
	if b.secure {
		args = append(args, "--cert", o.CertFile, "--cert-key", o.KeyFile)
	}
	if b.now, err = startNode("the Service Bus", o.Dir, o.Log, args...); err != nil {
		return nil, err
	}
	if err := b.awaitPorts(ctx); err != nil {
		b.Stop()
		return nil, err
	}
	return b, nil
}

// Restart kills the broker, and another one begins on its ports with the same queues, all of them empty, and with the
// machine's time.
func (b *Broker) Restart(ctx context.Context) error {
	b.program().Kill()
	o := b.options
	o.Port, o.ControlPort, o.Key = b.port, b.control, b.key
	next, err := StartBroker(ctx, o)
	if err != nil {
		return err
	}
	b.follow(next.now)
	return nil
}

// awaitPorts reads the line by which the broker says where it listens, then looks whether it answers.
func (b *Broker) awaitPorts(ctx context.Context) error {
	line := make(chan struct{ Port, Control int }, 1)
	read := make(chan struct{})
	go b.now.watch(read)
	go func() {
		defer close(read)
		out := bufio.NewReader(b.now.stdout)
		var ports struct{ Port, Control int }
		if json.NewDecoder(out).Decode(&ports) == nil {
			line <- ports
		}
		_, _ = io.Copy(io.Discard, out) // it says no more
	}()
	return b.now.ready(ctx, func(ctx context.Context) error {
		select {
		case ports := <-line:
			b.port, b.control = ports.Port, ports.Control
		default:
		}
		if b.control == 0 {
			return fmt.Errorf("it has not said where it listens")
		}
		return answers(ctx, &http.Transport{DisableKeepAlives: true}, b.ControlURL()+"/queues")
	})
}

// ConnectionString is for any Service Bus client, with the key that the broker checks.
func (b *Broker) ConnectionString() string {
	s := fmt.Sprintf("Endpoint=sb://127.0.0.1:%d;SharedAccessKeyName=RootManageSharedAccessKey;SharedAccessKey=%s", b.port, b.key)
	if b.secure {
		return s
	}
	return s + ";UseDevelopmentEmulator=true" // plain TCP
}

// Port is where the broker speaks AMQP on 127.0.0.1.
func (b *Broker) Port() int { return b.port }

// ControlURL is the base URL of the control interface, without a slash at its end:
// GET /history?since=n, GET /queues, GET /pending?within=30s, GET and POST /clock, POST and DELETE
// /faults, POST /reset.
func (b *Broker) ControlURL() string { return "http://127.0.0.1:" + strconv.Itoa(b.control) }

func newKey() string {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails
	return base64.StdEncoding.EncodeToString(key)
}

// answers says whether a URL is answered at all, whatever the status.
func answers(ctx context.Context, transport *http.Transport, url string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	resp, err := (&http.Client{Transport: transport}).Do(req)
	if err != nil {
		return err
	}
	return resp.Body.Close()
}

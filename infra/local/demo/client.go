package demo

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync/atomic"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/control"
)

// settleWithin is how long the world may take to come to rest after one thing that a person did.
const settleWithin = 60 * time.Second

// settleOnLambda is the same where a schedule looks into the queues: after a crash that nobody moves the clock over it
// does so within a minute, when the locks of the one that crashed have run out, too.
const settleOnLambda = 150 * time.Second

// Client speaks to a world through .build/local.json: the control interface, and the operator's routes of
// the product. It knows nothing else.
type Client struct {
	local  control.Local
	plain  *http.Client
	secure *http.Client
	offset atomic.Int64 // the world's clock minus ours, in nanoseconds
}

// NewClient reads the world's certificate and clock.
func NewClient(ctx context.Context, local control.Local) (*Client, error) {
	ca, err := os.ReadFile(local.CAFile)
	if err != nil {
		return nil, fmt.Errorf("reading the world's certificate authority: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(ca) {
		return nil, fmt.Errorf("%s holds no certificate", local.CAFile)
	}
	c := &Client{
		local: local,
		plain: &http.Client{Timeout: 2 * settleOnLambda, Transport: &http.Transport{MaxIdleConnsPerHost: 8}},
		secure: &http.Client{Timeout: settleWithin, Transport: &http.Transport{
			TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}},
	}
	return c, c.readClock(ctx)
}

// Close ends the idle connections.
func (c *Client) Close() {
	c.plain.CloseIdleConnections()
	c.secure.CloseIdleConnections()
}

// call sends one control call and decodes its answer into out, unless that is nil.
func (c *Client) call(ctx context.Context, method, base, path string, in, out any) error {
	status, body, err := c.send(ctx, c.plain, method, base+path, nil, in)
	if err != nil {
		return err
	}
	if status >= http.StatusBadRequest {
		return fmt.Errorf("%s %s%s: %d %s", method, base, path, status, shorten(string(body)))
	}
	if out == nil {
		return nil
	}
	if err := decode(body, out); err != nil {
		return fmt.Errorf("reading the answer of %s %s%s: %w", method, base, path, err)
	}
	return nil
}

// operator calls an operator's route of the product and returns whatever it answers.
func (c *Client) operator(ctx context.Context, method, path string, in any) (status int, answer string, err error) {
	header := http.Header{"X-Cosell-Key": {c.local.Product.OperatorKey}}
	status, body, err := c.send(ctx, c.secure, method, c.local.Product.URL+path, header, in)
	return status, string(body), err
}

func (c *Client) send(ctx context.Context, client *http.Client, method, url string, header http.Header, in any) (int, []byte, error) {
	var reader io.Reader
	if in != nil {
		body, err := json.Marshal(in)
		if err != nil {
			return 0, nil, fmt.Errorf("%s %s: %w", method, url, err)
		}
		reader = bytes.NewReader(body)
	}
	req, err := http.NewRequestWithContext(ctx, method, url, reader)
	if err != nil {
		return 0, nil, fmt.Errorf("%s %s: %w", method, url, err)
	}
	if header != nil {
		req.Header = header
	}
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := client.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, nil, fmt.Errorf("reading the answer of %s %s: %w", method, url, err)
	}
	return resp.StatusCode, body, nil
}

// decode keeps numbers as they are written.
func decode(body []byte, out any) error {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	return d.Decode(out)
}

// settle waits until nothing in the whole world is queued, in flight or due soon.
func (c *Client) settle(ctx context.Context) error {
	path := fmt.Sprintf("/idle?wait=%d", c.patience().Milliseconds())
	if err := c.call(ctx, http.MethodGet, c.local.Host.Control, path, nil, nil); err != nil {
		return fmt.Errorf("waiting for the world to come to rest: %w", err)
	}
	return nil
}

func (c *Client) patience() time.Duration {
	if c.onLambda() {
		return settleOnLambda
	}
	return settleWithin
}

func (c *Client) onLambda() bool { return c.local.Host.Kind == "lambda" }

// advance moves the world's clock.
func (c *Client) advance(ctx context.Context, by time.Duration) error {
	if err := c.call(ctx, http.MethodPost, c.local.Host.Control, "/clock", control.Clock{Advance: by.String()}, nil); err != nil {
		return err
	}
	return c.readClock(ctx)
}

func (c *Client) readClock(ctx context.Context) error {
	var answer struct {
		Now time.Time `json:"now"`
	}
	before := time.Now()
	if err := c.call(ctx, http.MethodGet, c.local.Host.Control, "/clock", nil, &answer); err != nil {
		return fmt.Errorf("reading the world's clock: %w", err)
	}
	middle := before.Add(time.Since(before) / 2)
	c.offset.Store(int64(answer.Now.Sub(middle)))
	return nil
}

// now is the world's time.
func (c *Client) now() time.Time { return time.Now().Add(time.Duration(c.offset.Load())).UTC() }

// history gives the calls to one system after entry number since.
func (c *Client) history(ctx context.Context, base string, since int64) ([]control.Entry, error) {
	var out []control.Entry
	err := c.call(ctx, http.MethodGet, base, fmt.Sprintf("/history?since=%d", since), nil, &out)
	return out, err
}

// kill arms a kill of the handler.
func (c *Client) kill(ctx context.Context, after control.KillAfter) error {
	return c.call(ctx, http.MethodPost, c.local.Host.Control, "/kill", control.Kill{After: &after}, nil)
}

// hostStatus is the answer to GET status of the Functions host.
type hostStatus struct {
	State    string `json:"state"`
	Restarts int    `json:"restarts"`
	Running  int    `json:"running"`

	Processes []struct {
		Name string `json:"name"`
	} `json:"processes"`
}

func (c *Client) status(ctx context.Context) (hostStatus, error) {
	var out hostStatus
	err := c.call(ctx, http.MethodGet, c.local.Host.Control, "/status", nil, &out)
	return out, err
}

func shorten(s string) string {
	if len(s) > 300 {
		return s[:300] + " …"
	}
	return s
}

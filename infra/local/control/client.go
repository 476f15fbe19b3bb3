package control

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"
)

// Client speaks to a world: the control interface, and the operator's routes of the product. It knows nothing else.
type Client struct {
	Local  Local
	plain  *http.Client
	secure *http.Client
}

// NewClient reads the world's certificate. A control call, which may wait until the world is at rest, takes so long at most,
// a call of the product as long as the second time says.
func NewClient(local Local, control, product time.Duration) (*Client, error) {
	ca, err := os.ReadFile(local.CAFile)
	if err != nil {
		return nil, fmt.Errorf("reading the world's certificate authority: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(ca) {
		return nil, fmt.Errorf("%s holds no certificate", local.CAFile)
	}
	return &Client{
		Local: local,
		plain: &http.Client{Timeout: control, Transport: &http.Transport{MaxIdleConnsPerHost: 8}},
		secure: &http.Client{Timeout: product, Transport: &http.Transport{
			TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}},
	}, nil
}

// Close ends the idle connections.
func (c *Client) Close() {
	c.plain.CloseIdleConnections()
	c.secure.CloseIdleConnections()
}

// refusal is an answer that a system, or the product, gives to somebody who asks for what cannot be.
type refusal struct {
	status int
	text   string
}

func (r *refusal) Error() string { return fmt.Sprintf("%d %.300s", r.status, r.text) }

// Refused says whether an error is a refusal, and no trouble with the call itself.
func Refused(err error) bool {
	var r *refusal
	return errors.As(err, &r)
}

// Call sends one control call and decodes its answer into out, numbers as they are written, unless that is nil.
func (c *Client) Call(ctx context.Context, method, base, path string, in, out any) error {
	status, body, err := send(ctx, c.plain, method, base+path, nil, in)
	if err != nil {
		return err
	}
	return decode(method, base+path, status, body, out)
}

// Operator calls an operator's route of the product and gives whatever it answers.
func (c *Client) Operator(ctx context.Context, method, path string, in any) (status int, answer string, err error) {
	status, body, err := send(ctx, c.secure, method, c.Local.Product.URL+path, http.Header{"X-Cosell-Key": {c.Local.Product.OperatorKey}}, in)
	return status, string(body), err
}

// Operate is Call for an operator's route of the product.
func (c *Client) Operate(ctx context.Context, method, path string, in, out any) error {
	status, answer, err := c.Operator(ctx, method, path, in)
	if err != nil {
		return err
	}
	return decode(method, c.Local.Product.URL+path, status, []byte(answer), out)
}

// Rest waits until nothing in the whole world is queued, in flight or due soon; what still waits is the error.
func (c *Client) Rest(ctx context.Context, within time.Duration) error {
	if err := c.Call(ctx, http.MethodGet, c.Local.Host.Control, fmt.Sprintf("/idle?wait=%d", within.Milliseconds()), nil, nil); err != nil {
		return fmt.Errorf("waiting for the world to come to rest: %w", err)
	}
	return nil
}

// Clock is the world's time.
func (c *Client) Clock(ctx context.Context) (time.Time, error) {
	var answer struct {
		Now time.Time `json:"now"`
	}
	if err := c.Call(ctx, http.MethodGet, c.Local.Host.Control, "/clock", nil, &answer); err != nil {
		return time.Time{}, fmt.Errorf("reading the world's clock: %w", err)
	}
	return answer.Now, nil
}

// Advance moves the world's clock.
func (c *Client) Advance(ctx context.Context, by time.Duration) error {
	return c.Call(ctx, http.MethodPost, c.Local.Host.Control, "/clock", Clock{Advance: by.String()}, nil)
}

// History gives the calls to one system, named by its control interface, after entry number since.
func (c *Client) History(ctx context.Context, base string, since int64) ([]Entry, error) {
	var out []Entry
	err := c.Call(ctx, http.MethodGet, base, fmt.Sprintf("/history?since=%d", since), nil, &out)
	return out, err
}

func send(ctx context.Context, with *http.Client, method, to string, header http.Header, in any) (status int, answer []byte, err error) {
	var body io.Reader
	if in != nil {
		text, err := json.Marshal(in)
		if err != nil {
			return 0, nil, fmt.Errorf("%s %s: %w", method, to, err)
		}
		body = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, method, to, body)
	if err != nil {
		return 0, nil, fmt.Errorf("%s %s: %w", method, to, err)
	}
	if header != nil {
		req.Header = header
	}
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := with.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	if answer, err = io.ReadAll(resp.Body); err != nil {
		return 0, nil, fmt.Errorf("reading the answer of %s %s: %w", method, to, err)
	}
	return resp.StatusCode, answer, nil
}

func decode(method, to string, status int, answer []byte, out any) error {
	if status >= http.StatusBadRequest {
		return fmt.Errorf("%s %s: %w", method, to, &refusal{status, string(answer)})
	}
	if out == nil {
		return nil
	}
	if err := Decode(answer, out); err != nil {
		return fmt.Errorf("reading the answer of %s %s: %w", method, to, err)
	}
	return nil
}

// Decode reads JSON with numbers as they are written.
func Decode(text []byte, out any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	return d.Decode(out)
}

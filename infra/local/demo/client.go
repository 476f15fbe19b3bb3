package demo

import (
	"context"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/control"
)

// settleWithin is how long the world may take to come to rest after one thing that a person did.
const settleWithin = 60 * time.Second

// settleOnLambda is the same where a schedule looks into the queues: after a crash that nobody moves the clock over it
// does so within a minute, when the locks of the one that crashed have run out, too.
const settleOnLambda = 150 * time.Second

// Client is one of a world, and knows its clock without asking each time.
type Client struct {
	*control.Client
	offset atomic.Int64 // the world's clock minus ours, in nanoseconds
}

// NewClient reads the world's certificate and clock.
func NewClient(ctx context.Context, local control.Local) (*Client, error) {
	plain, err := control.NewClient(local, 2*settleOnLambda, settleWithin)
	if err != nil {
		return nil, err
	}
	c := &Client{Client: plain}
	return c, c.readClock(ctx)
}

// settle waits until the whole world is at rest.
func (c *Client) settle(ctx context.Context) error { return c.Rest(ctx, c.patience()) }

func (c *Client) patience() time.Duration {
	if c.onLambda() {
		return settleOnLambda
	}
	return settleWithin
}

func (c *Client) onLambda() bool { return c.Local.Host.Kind == "lambda" }

// advance moves the world's clock.
func (c *Client) advance(ctx context.Context, by time.Duration) error {
	if err := c.Advance(ctx, by); err != nil {
		return err
	}
	return c.readClock(ctx)
}

func (c *Client) readClock(ctx context.Context) error {
	before := time.Now()
	now, err := c.Clock(ctx)
	if err != nil {
		return err
	}
	middle := before.Add(time.Since(before) / 2)
	c.offset.Store(int64(now.Sub(middle)))
	return nil
}

// now is the world's time.
func (c *Client) now() time.Time { return time.Now().Add(time.Duration(c.offset.Load())).UTC() }

// kill arms a kill of the handler.
func (c *Client) kill(ctx context.Context, after control.KillAfter) error {
	return c.Call(ctx, http.MethodPost, c.Local.Host.Control, "/kill", control.Kill{After: &after}, nil)
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
	err := c.Call(ctx, http.MethodGet, c.Local.Host.Control, "/status", nil, &out)
	return out, err
}

func shorten(s string) string {
	if len(s) > 300 {
		return s[:300] + " …"
	}
	return s
}

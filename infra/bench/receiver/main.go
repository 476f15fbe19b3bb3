// Command receiver is the product's intake as the Functions host starts it, with one thing of its own: what it sends is
// encoded and forgotten, so that its figures are those of our code and not of a broker.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"

	"github.com/cosell-sync/cosell-sync/functions"
	"github.com/cosell-sync/cosell-sync/shared/app"
	"github.com/cosell-sync/cosell-sync/shared/queue"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run serves the intake; the certificate of the events is in the file that the only argument names.
func run(ctx context.Context) error {
	if len(os.Args) != 2 {
		return fmt.Errorf("usage: receiver CERTIFICATE-FILE")
	}
	certificate, err := os.ReadFile(os.Args[1])
	if err != nil {
		return err
	}
	a, err := app.Of(os.Environ(), os.Stdout, app.Parts{
		Queues:       &sink{},
		Certificates: func(context.Context, string) ([]byte, error) { return certificate, nil },
	})
	if err != nil {
		return err
	}
	return a.Serve(ctx, functions.List(a))
}

// sink takes every message that a broker would take.
type sink struct{ bytes atomic.Int64 }

func (s *sink) Send(_ context.Context, messages ...queue.Message) error {
	for _, m := range messages {
		if err := m.Check(); err != nil {
			return err
		}
		body, err := m.Pointer.Encode()
		if err != nil {
			return err
		}
		s.bytes.Add(int64(len(body) + len(m.SessionID())))
	}
	return nil
}

func (*sink) Dead(context.Context, func(context.Context, queue.Dead) error) error { return nil }

func (*sink) Look(context.Context, queue.Name) (queue.State, error) { return queue.State{}, nil }

func (*sink) Close(context.Context) error { return nil }

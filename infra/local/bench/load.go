package bench

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"sync"
	"time"
)

// connections is how many callers wait for their answers at once.
const connections = 16

// load is what callers met: how many calls were answered in how long, and how long each took.
type load struct {
	answered int
	took     time.Duration
	waits    []time.Duration // sorted
}

// within gives the time within which that part of the calls was answered.
func (l load) within(part float64) time.Duration {
	return l.waits[min(int(float64(len(l.waits))*part), len(l.waits)-1)]
}

// drive calls a server for a time, each caller again as soon as it has its answer. The requests are sent as they are, in
// turn; another answer than 202 is an error.
func drive(ctx context.Context, address string, requests [][]byte, callers int, lasts time.Duration) (load, error) {
	all := make([]caller, callers)
	errs := make([]error, callers)
	began := time.Now()
	var done sync.WaitGroup
	for i := range all {
		done.Go(func() { errs[i] = all[i].work(ctx, address, requests, i, began.Add(lasts)) })
	}
	done.Wait()
	out := load{took: time.Since(began)}
	for _, c := range all {
		out.waits = append(out.waits, c.waits...)
	}
	out.answered = len(out.waits)
	if err := errors.Join(errs...); err != nil {
		return out, err
	}
	if out.answered == 0 {
		return out, fmt.Errorf("%s answered nothing in %s", address, lasts)
	}
	slices.Sort(out.waits)
	return out, nil
}

// caller is one connection that is kept open.
type caller struct{ waits []time.Duration }

func (c *caller) work(ctx context.Context, address string, requests [][]byte, first int, until time.Time) error {
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp4", address)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(until.Add(startPatience))
	from := bufio.NewReaderSize(conn, 4<<10)
	for i := first; ; i++ {
		began := time.Now()
		if !began.Before(until) || ctx.Err() != nil {
			return ctx.Err()
		}
		if _, err := conn.Write(requests[i%len(requests)]); err != nil {
			return fmt.Errorf("calling %s: %w", address, err)
		}
		status, err := answered(from)
		if err != nil {
			return fmt.Errorf("reading the answer of %s: %w", address, err)
		}
		if status != 202 {
			return fmt.Errorf("%s answered %d", address, status)
		}
		c.waits = append(c.waits, time.Since(began))
	}
}

// answered reads one answer with a length or in chunks and gives its status. It reads no more than it has to: what the
// caller costs is taken from what the server gets on a small machine.
func answered(from *bufio.Reader) (status int, err error) {
	line, err := from.ReadSlice('\n')
	if err != nil {
		return 0, err
	}
	if len(line) < 12 {
		return 0, fmt.Errorf("%q is no HTTP", line)
	}
	if status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return 0, fmt.Errorf("%q is no HTTP", line)
	}
	length, chunked := 0, false
	for {
		line, err := from.ReadSlice('\n')
		if err != nil {
			return 0, err
		}
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			break
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		switch {
		case bytes.EqualFold(name, []byte("content-length")):
			if length, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil {
				return 0, err
			}
		case bytes.EqualFold(name, []byte("transfer-encoding")):
			chunked = true
		}
	}
	if !chunked {
		_, err = from.Discard(length)
		return status, err
	}
	for {
		line, err := from.ReadSlice('\n')
		if err != nil {
			return 0, err
		}
		size, err := strconv.ParseInt(string(bytes.TrimSpace(line)), 16, 32)
		if err != nil {
			return 0, err
		}
		if _, err := from.Discard(int(size) + len("\r\n")); err != nil || size == 0 {
			return status, err
		}
	}
}

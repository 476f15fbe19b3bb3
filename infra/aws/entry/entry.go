// Package entry is what a Lambda function does when it is invoked: it answers a call of its Function URL, or does what
// a schedule asks for.
package entry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"github.com/cosell-sync/cosell-sync/infra/aws/drain"
	"github.com/cosell-sync/cosell-sync/shared/app"
	"github.com/cosell-sync/cosell-sync/shared/funchost"
	"github.com/cosell-sync/cosell-sync/shared/queue"
)

// Entry serves the invocations of one process, which come one at a time. Between them the process stands still.
type Entry struct {
	functions []funchost.Function
	server    Server
	http      urlHandler
	next      func(ctx context.Context, name queue.Name, wait time.Duration) (drain.Session, error) // nil: no queues to read
	reconnect func(ctx context.Context)
	flush     func(ctx context.Context)
	beside    []func(ctx context.Context)                       // what goes on while a schedule's work is done
	ended     func(function string, began time.Time, err error) // hears how reading a queue went
	log       *slog.Logger

	failed map[string]bool // functions whose queue could not be read the last time
	slept  atomic.Int64    // when the last invocation was over, ns since 1970
}

// Server is what carries calls out; *funchost.Server is one.
type Server interface {
	http.Handler
	Deliver(ctx context.Context, function string, d funchost.Delivery) error
	Tick(ctx context.Context, function string, t funchost.Tick) error
}

// New makes the entry of an app that serves those functions.
func New(a *app.App, functions []funchost.Function) *Entry {
	server := a.Handler(functions)
	e := &Entry{functions: functions, server: server, flush: a.Flush, beside: []func(context.Context){a.Note, a.Compare}, log: a.Log, failed: map[string]bool{},
		reconnect: func(context.Context) {},
		ended: func(function string, began time.Time, err error) {
			a.Watch.Ended(function, "queue", began, err)
		}}
	if s := a.Sessions; s != nil {
		e.next = func(ctx context.Context, name queue.Name, wait time.Duration) (drain.Session, error) {
			session, err := s.NextSession(ctx, name, wait)
			if session == nil {
				return nil, err // not a pointer to nothing in an interface
			}
			return session, err
		}
		e.reconnect = func(ctx context.Context) {
			if err := s.Reconnect(ctx); err != nil {
				a.Log.Warn("no new connection to Service Bus", "error", err.Error())
			}
		}
	}
	e.http = wrap(server)
	return e
}

// restTime is after how long a stand-still connections count as dead: what they were told meanwhile was not heard.
const restTime = time.Minute

// Invoke handles one event. What it returns is for the runtime client of AWS: a stream for a call of the Function URL,
// JSON for a schedule. An error is a failed invocation, which an alarm counts.
func (e *Entry) Invoke(ctx context.Context, event json.RawMessage) (any, error) {
	if slept := e.slept.Load(); slept != 0 && time.Since(time.Unix(0, slept)) > restTime {
		e.reconnect(ctx)
	}
	kind, err := read(event)
	if err != nil {
		return nil, err
	}
	if kind.call != nil {
		return e.answer(ctx, kind.call)
	}
	defer e.rest(ctx)
	return e.scheduled(ctx, *kind.schedule)
}

// rest writes what was noted, and marks the beginning of the stand-still.
func (e *Entry) rest(ctx context.Context) {
	const flushTime = 2 * time.Second
	flushing, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushTime)
	defer cancel()
	e.flush(flushing)
	e.slept.Store(time.Now().UnixNano())
}

// Reserve is what is kept of an invocation for its end: messages are settled, sessions given back, and notes written
// before Lambda ends the process.
const Reserve = 10 * time.Second

// scheduled does the functions that a schedule names, side by side.
func (e *Entry) scheduled(ctx context.Context, s Schedule) (drain.Result, error) {
	queues, timers, err := e.sorted(s.Functions)
	if err != nil {
		return drain.Result{}, err
	}
	if end, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, end.Add(-Reserve))
		defer cancel()
	}
	going, stop := context.WithCancel(ctx)
	var beside sync.WaitGroup
	for _, f := range e.beside {
		beside.Go(func() { f(going) })
	}
	defer beside.Wait()
	defer stop()

	ticked := make(chan error, len(timers))
	for _, name := range timers {
		go func() { ticked <- e.server.Tick(ctx, name, funchost.Tick{InvocationID: invocation(ctx)}) }()
	}
	result, err := e.drained(ctx, queues, s.stay)
	failed := []error{err}
	for range timers {
		failed = append(failed, <-ticked)
	}
	return result, errors.Join(failed...)
}

// drained empties the queues, and tells health which of them could not be read.
func (e *Entry) drained(ctx context.Context, jobs []drain.Job, stay time.Duration) (drain.Result, error) {
	if len(jobs) == 0 {
		return drain.Result{}, nil
	}
	if e.next == nil {
		return drain.Result{}, errors.New("this process cannot read queues")
	}
	began := time.Now()
	result, err := drain.Drain{Jobs: jobs, Next: e.next, Deliver: e.server.Deliver, Stay: stay, Invocation: invocation(ctx), Log: e.log}.Run(ctx)
	for _, j := range jobs {
		failure := result.Failed[j.Function]
		if failure != nil || e.failed[j.Function] {
			e.ended(j.Function, began, failure)
		}
		e.failed[j.Function] = failure != nil
	}
	return result, err
}

// sorted tells queue functions from timers, and refuses what this process does not serve.
func (e *Entry) sorted(names []string) (jobs []drain.Job, timers []string, err error) {
	served := map[string]funchost.Function{}
	for _, f := range e.functions {
		served[f.Name] = f
	}
	for _, name := range names {
		switch f := served[name]; {
		case f.Queue != nil:
			jobs = append(jobs, drain.Job{Function: name, Queue: queue.Name(f.QueueName)})
		case f.Timer != nil:
			timers = append(timers, name)
		default:
			return nil, nil, fmt.Errorf("the schedule names %q, which is no function with a queue or a timer of this role (SYNC_ROLE)", name)
		}
	}
	return jobs, timers, nil
}

// invocation is Lambda's own id of the invocation, as its log has it.
func invocation(ctx context.Context) string {
	if c, ok := lambdacontext.FromContext(ctx); ok {
		return c.AwsRequestID
	}
	return ""
}

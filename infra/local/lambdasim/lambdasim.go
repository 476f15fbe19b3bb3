// Package lambdasim is AWS Lambda as far as the vendor's documents tell: execution environments that are started,
// frozen and thawed, the runtime API that a custom runtime speaks, Function URLs whose answers are streamed, and
// schedules that invoke functions. One environment works on one invocation at a time.
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
// https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
package lambdasim

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/control"
)

// Function is the configuration of one function.
type Function struct {
	Name        string
	Environment map[string]string
	Memory      int           // MB
	Timeout     time.Duration // whole seconds
	Reserved    int           // reserved concurrency; 0: none, the account's limit counts
	Role        Role          // whose keys it gets
	URL         bool          // has a Function URL, AuthType NONE, InvokeMode RESPONSE_STREAM
	Schedules   []Schedule
	// Retries and MaxAge are EventInvokeConfig: what becomes of schedules whose invocation fails, or finds no room.
	Retries int
	MaxAge  time.Duration
}

// Schedule is a rule of EventBridge Scheduler with the function as its target.
type Schedule struct {
	Name       string
	Expression string // rate(1 minute), cron(0/5 * * * ? *)
	Input      string // JSON
	// Waits says that the function stays on purpose until something comes: such an invocation alone is no work.
	Waits bool
}

// Options say what runs, and where.
type Options struct {
	Bootstrap string // the executable of the package
	Functions []Function
	Region    string // default eu-west-1
	Now       func() time.Time
	Log       io.Writer // lines of the functions and of the platform; nil drops them
	Switches  map[string]string
	// Account is how many environments there may be in all, default 20: the real limit is 1,000.
	Account int
	// InitLimit is how long a start may take, default the documented 10 s.
	InitLimit time.Duration
}

// Role are the keys of an execution role.
type Role struct{ AccessKey, SecretKey, SessionToken string }

// Platform is a running Lambda. All methods may be called from several goroutines.
type Platform struct {
	opt       Options
	functions []*function
	ctx       context.Context
	cancel    context.CancelFunc
	all       sync.WaitGroup
	log       sync.Mutex

	mu      sync.Mutex
	changed chan struct{} // closed and replaced at every change
	woken   chan struct{} // closed and replaced by Wake
	entries []control.Entry
	starts  int
	number  int // of the last request
}

// function is a function with its environments.
type function struct {
	Function
	schedules []*rule
	envs      []*environment
	made      int // environments so far
	busy      int // calls and schedules that count as work, from the moment at which they are due
	running   int // all invocations
	initTimes []time.Duration
}

// Start checks the configuration as CreateFunction does, and starts the schedules. Processes start with the first
// invocation of each function.
func Start(ctx context.Context, opt Options) (*Platform, error) {
	if opt.Region == "" {
		opt.Region = "eu-west-1"
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.Account == 0 {
		opt.Account = 20
	}
	if opt.InitLimit == 0 {
		opt.InitLimit = 10 * time.Second
	}
	if err := CheckSwitches(opt.Switches); err != nil {
		return nil, err
	}
	p := &Platform{opt: opt, changed: make(chan struct{}), woken: make(chan struct{})}
	var problems []error
	for _, f := range opt.Functions {
		made := &function{Function: f}
		problems = append(problems, f.Check())
		for _, s := range f.Schedules {
			now := opt.Now
			if s.Waits {
				now = time.Now
			}
			r, err := newRule(s, now())
			if err != nil {
				problems = append(problems, fmt.Errorf("%s: schedule %s: %w", f.Name, s.Name, err))
			}
			made.schedules = append(made.schedules, r)
		}
		p.functions = append(p.functions, made)
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	p.ctx, p.cancel = context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, p.Stop)
	context.AfterFunc(p.ctx, func() { stop() })
	for _, f := range p.functions {
		for _, r := range f.schedules {
			p.all.Go(func() { p.keep(f, r) })
		}
	}
	return p, nil
}

// Stop ends everything, processes hard.
func (p *Platform) Stop() {
	p.cancel()
	p.Kill("")
	p.all.Wait()
}

// Wake lets schedules look at the clock, which has been moved.
func (p *Platform) Wake() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.wake()
}

// wake is Wake; the lock is held.
func (p *Platform) wake() {
	close(p.woken)
	p.woken = make(chan struct{})
}

// note announces a change; the lock is held.
func (p *Platform) note() {
	close(p.changed)
	p.changed = make(chan struct{})
}

var errThrottled = errors.New("TooManyRequestsException: Rate Exceeded.")

// acquire gives a warm environment, or starts one. Reserved and account concurrency are kept.
func (p *Platform) acquire(f *function) (*environment, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, e := range f.envs {
		if e.idle {
			e.idle = false
			return e, nil
		}
	}
	total := 0
	for _, other := range p.functions {
		total += len(other.envs)
	}
	if f.Reserved > 0 && len(f.envs) >= f.Reserved || total >= p.opt.Account {
		return nil, errThrottled
	}
	f.made++
	e := &environment{p: p, f: f, name: fmt.Sprintf("%s#%d", f.Name, f.made)}
	if err := e.start(); err != nil {
		return nil, err
	}
	f.envs = append(f.envs, e)
	p.starts++
	p.note()
	return e, nil
}

// release gives an environment back: frozen until the next invocation, or gone with its process. One that comes back
// after the end of the platform is gone, too: nobody else would end it.
func (p *Platform) release(e *environment, alive bool) {
	if alive {
		e.freeze()
	} else {
		e.end()
	}
	p.mu.Lock()
	over := alive && p.ctx.Err() != nil
	if e.idle = alive && !over; !e.idle {
		e.f.envs = slices.DeleteFunc(e.f.envs, func(other *environment) bool { return other == e })
	}
	p.note()
	p.mu.Unlock()
	if over {
		e.end()
	}
}

// invoke runs one invocation to its end. take is called when the answer begins; its error ends the reading of it.
func (p *Platform) invoke(f *function, event []byte, take func(answer) error) error {
	e, err := p.acquire(f)
	if err != nil {
		return err
	}
	p.count(&f.running, 1)
	defer p.count(&f.running, -1)
	p.mu.Lock()
	p.number++
	inv := newInvocation(p.number, event, take)
	p.mu.Unlock()
	alive, err := e.run(inv)
	p.release(e, alive)
	return err
}

// count changes one of a function's numbers.
func (p *Platform) count(number *int, by int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	*number += by
	p.note()
}

func (p *Platform) record(kind, name, id, request, response string, status int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.entries = append(p.entries, control.Entry{N: int64(len(p.entries) + 1), At: p.opt.Now(), Identity: id, Method: kind, URL: "/" + name,
		Status: status, RequestHeaders: map[string]string{}, RequestBody: request, ResponseBody: response})
}

func (p *Platform) logf(who, format string, args ...any) {
	if p.opt.Log == nil {
		return
	}
	p.log.Lock()
	defer p.log.Unlock()
	_, _ = fmt.Fprintf(p.opt.Log, "[%s] %s\n", who, fmt.Sprintf(format, args...))
}

package bench

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/world"
)

// mostInit is how long a cold start on Lambda may take until the runtime asks for its first invocation, in ms.
const mostInit = 50

// runtimeSetting is where a runtime finds the API that it asks.
const runtimeSetting = "AWS_LAMBDA_RUNTIME_API"

// MeasureLambda takes the figures of a world on Lambda: how long the functions' processes take to start. The roles
// take turns, so that what else the machine does hits both.
func (r *Report) MeasureLambda(ctx context.Context, w *world.World, out io.Writer) error {
	r.Layout = w.Local().Host.Kind
	for _, path := range []string{"/api/health", "/api/crmwebhook"} { // starts a process of each role
		if _, err := w.Ask(ctx, http.MethodGet, path, struct{}{}); err != nil && path == "/api/health" {
			return err // the webhook takes no GET, but its process is there
		}
	}
	fmt.Fprintf(out, "%d starts of the functions of each role, in turn …\n", rounds)
	programs, times := map[string]starter{}, map[string][]time.Duration{}
	for role, name := range map[string]string{"intake": "intake#1", "sync": "sync#1"} {
		p, err := w.Host().Process(name)
		if err != nil {
			return err
		}
		if programs[role], err = running(p.PID); err != nil {
			return err
		}
	}
	for range rounds {
		for role, s := range programs { // in any order
			took, err := s.asks(ctx)
			if err != nil {
				return err
			}
			times[role] = append(times[role], took)
		}
	}
	for _, role := range []string{"intake", "sync"} {
		r.most("init."+role, fmt.Sprintf("cold start of %s on Lambda until it asks for its first invocation, median of %d", role, rounds),
			milliseconds(middle(times[role])), mostInit, "ms")
	}
	return nil
}

// asks starts the program as Lambda does, waits for its first question for an invocation, and kills it.
func (s *starter) asks(ctx context.Context) (time.Duration, error) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("opening a runtime API: %w", err)
	}
	asked := make(chan time.Time, 1)
	ctx, cancel := context.WithTimeout(ctx, startPatience)
	api := &http.Server{Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/invocation/next") {
			select {
			case asked <- time.Now():
			default:
			}
		}
		<-ctx.Done() // there is none
	})}
	var serving sync.WaitGroup
	serving.Go(func() { _ = api.Serve(l) }) // ends when it is closed
	defer func() {
		cancel()
		_ = api.Close()
		serving.Wait()
	}()
	cmd := exec.CommandContext(ctx, s.path)
	cmd.Dir = s.dir
	cmd.Env = append(slices.DeleteFunc(slices.Clone(s.env), func(pair string) bool { return strings.HasPrefix(pair, runtimeSetting+"=") }), runtimeSetting+"="+l.Addr().String())
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return 0, fmt.Errorf("starting %s: %w", s.path, err)
	}
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // it was killed
	}()
	select {
	case at := <-asked:
		return at.Sub(began), nil
	case <-ctx.Done():
		return 0, fmt.Errorf("%s does not ask for an invocation within %s", s.path, startPatience)
	}
}

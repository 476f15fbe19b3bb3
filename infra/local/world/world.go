// Package world is the whole laptop world: both simulated systems, the vault, the emulators and the
// Functions host with the packaged product in it, wired together over TLS with the real host names.
package world

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/control"
	"github.com/cosell-sync/cosell-sync/infra/local/emulators"
	"github.com/cosell-sync/cosell-sync/infra/local/hostsim"
	"github.com/cosell-sync/cosell-sync/infra/local/partnercentersim"
	"github.com/cosell-sync/cosell-sync/infra/local/stssim"
)

// readyWithin is how long the handler may take to answer for the first time: a second, on a busy machine many.
const readyWithin = time.Minute

// Options say which world to start.
type Options struct {
	Emulators string    // the folder that emulators.Install was called for
	App       string    // the packaged folder
	State     string    // folder for certificates and the clock, made if missing; empty: one below Build, gone at Close
	Build     string    // folder for output, where the world without a State has <first port>/world
	Mode      string    // hostsim.ModeProxy (default) or hostsim.ModeForward
	Host      string    // HostAzure (default) or HostLambda, which runs Bootstrap
	Bootstrap string    // the executable for Lambda
	Layout    string    // in how many processes the functions run: LayoutOne (default), LayoutFlex or LayoutFlex2
	BasePort  int       // first port; 0 takes free ones
	Log       io.Writer // lines of the host and the handler; nil drops them
	// Durable keeps the tables in a file of the State, so that they can be started again.
	Durable bool
	// Tokens lets queues and tables be reached as in a real deployment: under their real names, over TLS, by
	// the tokens of an identity. Without it they are reached by connection strings.
	Tokens bool
	// Positions are how the systems behave where their documents leave it open.
	Positions Positions
	// Settings are laid over the handler's settings; an empty value takes a setting away.
	Settings map[string]string
}

// World is a running world. Close it, or cancel the context it was started with.
type World struct {
	opt       Options
	clock     clock
	authority *authority
	ports     *ports
	secrets   secrets
	killer    killer
	frozen    frozen
	links     links
	client    *http.Client // carries events out

	systems      []*system             // Partner Center, Dataverse, Key Vault, and the Partner Centers of further tenants
	first        *partnercentersim.Sim // of the first partner
	tenants      []*tenant
	tables       *tablesProxy
	azurite      *emulators.Azurite
	broker       *emulators.Broker
	brokerClient *http.Client
	host         Host
	sts          *stssim.Sim // of a world on Lambda
	stsAddress   string
	queues       []emulators.Queue // that the broker has
	publishing   sync.Mutex
	restarting   sync.Mutex
	restarts     atomic.Int64 // of emulators
	lost         string       // why one that came at a call did not succeed
	local        control.Local
	last         *lastLines

	mu       sync.Mutex
	closed   bool
	closers  []func()
	finished sync.WaitGroup
}

// Start starts everything and waits until the handler answers. The error of a taken port says which it is
// and how to choose another; that of a handler that does not start holds its last words.
func Start(ctx context.Context, opt Options) (*World, error) {
	opt.Tokens = opt.Tokens || opt.Host == HostLambda // an identity is all that a function there has
	w := &World{opt: opt, secrets: newSecrets(), last: &lastLines{next: opt.Log}}
	stop := context.AfterFunc(ctx, w.Close)
	w.onClose(func() { stop() })
	for _, step := range []func(context.Context) error{
		w.openPorts, w.certify, w.startEmulators, w.startSystems, w.serveSystems, w.startHost, w.serveProduct, w.awaitHandler,
	} {
		if err := step(ctx); err != nil {
			w.Close()
			return nil, errors.Join(err, ctx.Err())
		}
	}
	return w, nil
}

// Local tells where everything is.
func (w *World) Local() control.Local { return w.local }

// Port is the first of its ports, which the product answers at. It names the world.
func (w *World) Port() int { return w.ports.number[portProduct] }

// Host is the Functions host, with all processes of its layout.
func (w *World) Host() Host { return w.host }

// Close stops everything, last started first, and waits until it is gone. It may be called twice.
func (w *World) Close() {
	w.mu.Lock()
	closers := w.closers
	w.closers, w.closed = nil, true
	w.mu.Unlock()
	for _, f := range slices.Backward(closers) {
		f()
	}
	w.finished.Wait()
}

// onClose remembers what Close has to do; if the world was closed meanwhile, it is done now.
func (w *World) onClose(f func()) {
	w.mu.Lock()
	closed := w.closed
	if !closed {
		w.closers = append(w.closers, f)
	}
	w.mu.Unlock()
	if closed {
		f()
	}
}

func (w *World) openPorts(context.Context) error {
	ports, err := openPorts(w.opt.BasePort)
	if err != nil {
		return err
	}
	w.ports = ports
	w.onClose(ports.close)
	w.openLinks()
	if w.opt.State == "" {
		w.opt.State = filepath.Join(w.opt.Build, strconv.Itoa(w.Port()), "world")
		w.onClose(func() {
			_ = os.RemoveAll(w.opt.State)
			_ = os.Remove(filepath.Dir(w.opt.State)) // only when nothing else is in it
		})
	}
	return nil
}

// certify makes the certificate authority and writes down what clients need of it, and the clock.
func (w *World) certify(context.Context) error {
	var err error
	if w.authority, err = newAuthority(); err != nil {
		return err
	}
	if err := os.MkdirAll(w.opt.State, 0o755); err != nil {
		return fmt.Errorf("making the folder for certificates: %w", err)
	}
	if err := os.WriteFile(w.caFile(), w.authority.pem(), 0o644); err != nil {
		return fmt.Errorf("writing the world's certificate: %w", err)
	}
	w.clock.file = w.absolute("clock")
	if err := w.clock.advance(0); err != nil {
		return err
	}
	transport := &http.Transport{
		TLSClientConfig:     w.trust(),
		MaxIdleConnsPerHost: 2 * parallelDeliveries,
	}
	w.client = &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse // senders of webhooks follow no redirect
	}}
	w.onClose(transport.CloseIdleConnections)
	return nil
}

func (w *World) caFile() string     { return w.absolute("ca.pem") }
func (w *World) signerFile() string { return w.absolute("signing-root.pem") }
func (w *World) middleFile() string { return w.absolute("signing-intermediate.pem") }

func (w *World) absolute(name string) string {
	abs, err := filepath.Abs(filepath.Join(w.opt.State, name))
	if err != nil {
		return filepath.Join(w.opt.State, name) // only when the working folder is gone
	}
	return abs
}

// startEmulators starts Azurite and the broker side by side: each takes about half a second.
func (w *World) startEmulators(ctx context.Context) error {
	certFile, keyFile, err := w.emulatorCertificate()
	if err != nil {
		return err
	}
	if w.queues, err = queues(w.opt.App); err != nil {
		return err
	}
	var failed [2]error
	var both sync.WaitGroup
	both.Go(func() {
		w.azurite, failed[0] = emulators.StartAzurite(ctx, emulators.AzuriteOptions{
			Dir: w.opt.Emulators, Port: w.ports.number[portAzurite], CertFile: certFile, KeyFile: keyFile, Location: w.tablesFolder(), Log: w.last})
	})
	both.Go(func() {
		w.broker, failed[1] = emulators.StartBroker(ctx, emulators.BrokerOptions{
			Dir: w.opt.Emulators, ControlPort: w.ports.number[portBroker],
			Queues: w.queues, CertFile: certFile, KeyFile: keyFile, Log: w.last})
	})
	both.Wait()
	if w.azurite != nil {
		w.onClose(w.azurite.Stop)
	}
	if w.broker != nil {
		w.brokerClient = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 4}, Timeout: 30 * time.Second}
		w.onClose(w.broker.Stop)
		w.forwardBroker()
		w.onClose(w.brokerClient.CloseIdleConnections)
	}
	if err := errors.Join(failed[:]...); err != nil {
		return err
	}
	azurite, err := url.Parse(w.azurite.URL())
	if err != nil {
		return fmt.Errorf("address of Azurite: %w", err)
	}
	w.tables = newTablesProxy(azurite, w.trust(), quiet(), &w.clock)
	w.tables.wire.Watch(w.killer.watch)
	w.onClose(w.tables.close)
	return nil
}

func (w *World) startHost(ctx context.Context) error {
	if w.opt.Host == HostLambda {
		return w.startLambda(ctx)
	}
	members, err := w.members(w.opt.App)
	if err == nil {
		var fleet *hostsim.Fleet
		fleet, err = hostsim.StartFleet(context.WithoutCancel(ctx), hostsim.Options{
			Dir: w.opt.App, Mode: w.opt.Mode, Now: w.clock.now, Log: w.last, ServiceBus: w.triggers()}, members...)
		w.host = fleet
	}
	if err != nil {
		return fmt.Errorf("starting the Functions host: %w", err)
	}
	w.killer.fleet = w.host
	w.onClose(w.host.Stop)
	return nil
}

// errNotUp is a handler that cannot be called.
var errNotUp = errors.New("the handler")

// awaitHandler waits until the handler can be called.
func (w *World) awaitHandler(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		status := w.host.Status()
		switch status.State {
		case hostsim.StateRunning:
			return nil
		case hostsim.StateBroken, hostsim.StateExited, hostsim.StateDown:
			return fmt.Errorf("%w: it does not run: %s\n%s", errNotUp, status.Problem, w.last)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("%w: it is not ready: %s\n%s", errNotUp, status.Problem, w.last)
		}
	}
}

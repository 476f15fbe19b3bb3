// Package app builds everything from the environment.
package app

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/cosell-sync/cosell-sync/shared/dataverse"
	"github.com/cosell-sync/cosell-sync/shared/funchost"
	"github.com/cosell-sync/cosell-sync/shared/health"
	"github.com/cosell-sync/cosell-sync/shared/httpclient"
	"github.com/cosell-sync/cosell-sync/shared/ledger"
	"github.com/cosell-sync/cosell-sync/shared/mapping"
	"github.com/cosell-sync/cosell-sync/shared/office"
	"github.com/cosell-sync/cosell-sync/shared/opportunities"
	"github.com/cosell-sync/cosell-sync/shared/partnercenter"
	"github.com/cosell-sync/cosell-sync/shared/post"
	"github.com/cosell-sync/cosell-sync/shared/queue"
)

// App is what the functions are made of, for one tenant: the first, which has the further ones. What a role does not
// serve is nil.
type App struct {
	Role    string
	Tenant  string // alias
	Further []*App // of the further tenants; they have in common what is about the process
	Version string
	Now     func() time.Time
	NewID   func() string
	Log     *slog.Logger

	Sender              queue.Sender
	Sessions            Sessions // nil where the caller has brought queues of its own that cannot be read so
	PartnerCenterEvents *partnercenter.Verifier
	CRMEvents           *dataverse.Verifier
	Operators           funchost.Operators

	Post          *post.Post
	PartnerCenter *partnercenter.Client
	Ledger        *ledger.Ledger
	Forward       func(ctx context.Context, header http.Header, body []byte) error // hands events on in shadow mode; nil: nobody does
	WebhookURL    string                                                           // ours, as Partner Center shall call it
	Register      string                                                           // what we do about its registration by ourselves
	Shadow        bool                                                             // nothing is written: SYNC_MODE

	Watch  *health.Watch
	Board  *ledger.Board // this role's; nil in an intake without tables
	Health *health.Room
	Office *office.Office

	consent     func(ctx context.Context) error // checks it
	generations *generations
	comparing   *opportunities.Comparing
	connector   *connector // Microsoft's, as far as its flows are on
	rights      rights     // of the application user, as they were seen last

	tables *tables        // of the tenant; nil in the intake
	limits *ledger.Limits // of the hosts that count our calls; nil in the intake

	mark        string      // sets what a further tenant tells of itself apart; "" of the first
	first       *App        // of a further tenant; nil of the first
	owners      owners      // of the first, where there are further ones
	awaitsStart atomic.Bool // nothing is created yet, as far as this process knows

	queues Queues // reached by an identity; nil: by a connection string
	jitter func(most time.Duration) time.Duration
	define func(opportunities.Definitions) opportunities.Definitions
	sleep  func(ctx context.Context, d time.Duration) error

	port  string
	close func(context.Context) error
}

// New reads the settings from "NAME=value" pairs, checks them all, and builds the parts that the role
// needs. Nothing is called: credentials and connections come with the first use. Log lines go to out, as
// JSON: the host takes standard output for information.
func New(environ []string, out io.Writer) (*App, error) { return Of(environ, out, Parts{}) }

// Of is New with parts of the caller's own.
func Of(environ []string, out io.Writer, own Parts) (*App, error) {
	s, err := Read(environ)
	if err != nil {
		return nil, err
	}
	return s.App(out, own)
}

// Settings are the settings of a process, read and checked. Several processes in one address space may be built of the same.
type Settings struct {
	environ []string
	loaded  loaded
}

// Read reads the settings from "NAME=value" pairs, and names every mistake at once.
func Read(environ []string) (*Settings, error) {
	c, err := load(environ)
	if err != nil {
		return nil, err
	}
	return &Settings{environ, c}, nil
}

// App builds the parts that the role needs, as Of does.
func (s *Settings) App(out io.Writer, own Parts) (*App, error) {
	environ, c := s.environ, s.loaded
	transport, err := httpclient.NewTransport(c.dialer, c.CAFile)
	if err != nil {
		return nil, fmt.Errorf("SYNC_CA_FILE: %w", err)
	}
	now := own.Now
	if now == nil {
		if now, err = clockOf(c.ClockFile); err != nil {
			return nil, err
		}
	}
	a := &App{
		Role: c.Role, Tenant: c.TenantAlias, Version: version(), Now: now, NewID: uuid.NewString,
		Log: slog.New(slog.NewJSONHandler(out, nil)), port: portOf(environ),
	}
	if own.NewID != nil {
		a.NewID = own.NewID
	}
	a.jitter, a.sleep, a.define = own.Jitter, own.Sleep, own.Definitions
	a.Watch = health.NewWatch(a.Role, a.NewID()[:8], a.Version, a.Now)
	az := azure{config: c.Config, dialer: c.dialer, roots: transport.TLSClientConfig.RootCAs, transport: transport, now: now, own: own, signIn: a.signIn}
	if own.Transport != nil {
		az.transport = own.Transport
	}
	bus, err := az.queues()
	if err != nil {
		return nil, err
	}
	a.Sender, a.close = a.Watch.Sender(bus), bus.Close
	if c.ServiceBus.text == "" { // whoever has a connection string may do everything
		a.queues = bus
	}
	a.Sessions, _ = bus.(Sessions)
	a.Operators = funchost.Operators{Keys: c.operators, Log: a.Log, Watch: a.Watch.Asked}
	if err := a.room(c, az); err != nil {
		return nil, err
	}
	a.unread(unknown(environ, c.Tenants))
	a.Forward = a.forward(c, az.transport)
	if c.Role != Sync {
		if err := a.events(c, az.certificates()); err != nil {
			return nil, err
		}
	}
	for _, t := range c.tenants {
		a.Further = append(a.Further, a.beside(t))
	}
	if c.Role == Intake {
		return a, nil
	}
	if err := a.work(c, az, bus); err != nil {
		return nil, err
	}
	return a, a.workFurther(c, az, bus)
}

// work builds what the sync app has beside the intake.
func (a *App) work(c loaded, az azure, bus Queues) (err error) {
	a.Register, a.Shadow = c.Register, c.Mode == Shadow
	a.WebhookURL = c.PublicURL + "/api/partnercenterwebhook/" + c.TenantAlias
	secrets, err := az.secrets()
	if err != nil {
		return err
	}
	if a.Ledger, err = az.tables(newSeal(secrets, a.Now, a.unsealed)); err != nil {
		return err
	}
	a.tables = newTables(tables{state: a.Ledger, board: a.Board, name: c.TenantAlias, now: a.Now})
	if a.Health.Ledger == nil {
		a.Health.Ledger = health.LedgerRows{Ledger: a.Ledger}
	}
	if a.PartnerCenter, err = a.partnerCenter(c.Config, az.transport, secrets); err != nil {
		return err
	}
	crm, err := a.dataverse(c.Config, az)
	if err != nil {
		return err
	}
	a.unwatchedByFile(c.sheet)
	a.unstarted(c)
	a.comparing = a.comparison()
	a.connector = newConnector(crm, c.Mode == Live)
	a.rights.crm = crm
	var dead func(context.Context, func(context.Context, queue.Dead) error) error
	if a.first == nil { // those of all tenants
		dead = bus.Dead
	}
	a.Post = &post.Post{Tenant: a.Tenant, Sender: a.Sender, Parked: a.Ledger, Dead: dead, Watch: jobWatch{a.Watch, a.comparing, a.mark}, Now: a.Now, NewID: a.NewID, Log: a.Log}
	a.generations = newGenerations(generations{
		pushed: a.Ledger, layers: c.layers, ask: func(ctx context.Context, asks mapping.Asks) (mapping.Described, error) {
			return opportunities.Describe(ctx, crm, asks)
		}, now: a.Now, log: a.Log, taken: a.taken,
		stand:         func(problems []health.Problem) { a.stand("field sheet", problems) },
		read:          func(ctx context.Context) (variables, error) { return readVariables(ctx, crm, c.variables) },
		toldVariables: func(problems []health.Problem) { a.stand("environment variables", problems) },
		build: func(number int, sheet *mapping.Sheet, v variables, before *Generation) (*Generation, error) {
			return a.generation(c, v, number, sheet, crm, a.mismatched, before)
		},
		shipped: az.shipped(),
	})
	trial := func(sheet *mapping.Sheet, before *Generation) (*Generation, error) {
		return a.generation(c, before.variables, 0, sheet, crm, nil, before)
	}
	flows := office.Flows{Ledger: a.Ledger, Flow: a.flow}
	a.Office = &office.Office{Ledger: a.Ledger, Book: flows, Desk: flows, Post: a.Post, Waiting: a.Health, Now: a.Now, Log: a.Log,
		Sheets: sheets{a, trial}, SheetTable: a.Ledger, Catalogue: catalogue{a}, ReferralLink: c.ReferralLink, Shadow: c.Mode == Shadow,
		Doctor: a.doctor(c, crm, bus, trial), Intake: c.PublicURL, OldFlows: oldFlows{crm}}
	return nil
}

// Handler serves the functions to whoever speaks as the Functions host does.
func (a *App) Handler(functions []funchost.Function) *funchost.Server {
	return funchost.NewServer(functions, a.Post, funchost.Options{Now: a.Now, Log: a.Log})
}

// Compare holds the field sheet against the CRM's metadata, as jobs are done, until the context ends.
func (a *App) Compare(ctx context.Context) {
	var all sync.WaitGroup
	for _, t := range a.All() {
		if t.comparing != nil {
			all.Go(func() { t.comparing.Run(ctx) })
		}
	}
	all.Wait()
}

// memory is where the collector begins to work harder, so that a burst stays within 64 MiB: about 21 MiB more of what
// is resident are pages of the program itself, which the collector does not count.
const memory = 40 << 20

// LimitMemory is for a process that is ours alone; Serve does it.
func LimitMemory() { debug.SetMemoryLimit(memory) }

// Serve serves the functions to the Functions host until ctx ends or the host is gone. The process is ours alone.
func (a *App) Serve(ctx context.Context, functions []funchost.Function) error {
	LimitMemory()
	server := a.Handler(functions)
	a.Watch.Stamp(a.Version)
	noting, stopNoting := context.WithCancel(ctx)
	var notes sync.WaitGroup
	notes.Go(func() { a.Note(noting) })
	notes.Go(func() { a.Compare(noting) })
	notes.Go(func() { a.Narrow(noting) })
	err := funchost.Serve(ctx, server, a.port, a.readAhead)
	stopNoting()
	notes.Wait()
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	_ = a.close(stop) // whatever is left goes with the process
	return err
}

// portOf is where the host wants to find us; 8080 is for trying by hand.
// https://learn.microsoft.com/azure/azure-functions/functions-custom-handlers
func portOf(environ []string) string {
	for _, pair := range environ {
		if port, ok := strings.CutPrefix(pair, "FUNCTIONS_CUSTOMHANDLER_PORT="); ok && port != "" {
			return port
		}
	}
	return "8080"
}

// version is the module's where the build information has one.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" || info.Main.Version == "(devel)" {
		return "devel"
	}
	return info.Main.Version
}

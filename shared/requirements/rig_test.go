package requirements

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cosell-sync/cosell-sync/functions"
	"github.com/cosell-sync/cosell-sync/infra/local/control"
	"github.com/cosell-sync/cosell-sync/infra/local/dataversesim"
	"github.com/cosell-sync/cosell-sync/infra/local/partnercentersim"
	"github.com/cosell-sync/cosell-sync/infra/local/vaultsim"
	"github.com/cosell-sync/cosell-sync/shared/app"
	"github.com/cosell-sync/cosell-sync/shared/ledger"
)

// firstDay is when every story begins: a Monday morning.
var firstDay = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// The names by which product and systems know each other.
const (
	crmHost         = "cosell.crm4.dynamics.com"
	certificateHost = "3psostorageacct.blob.core.windows.net"
	vaultHost       = "cosell-vault.vault.azure.net"
	flowsHost       = "flows.example" // of other automation
	partnerTenant   = "5f0c4a1e-9d63-4b1a-8a51-2f1d6c7e8b90"
	crmTenant       = "8b2d7f60-3c15-4e9a-b7d4-60a1e5c9f213"
	organization    = "6e1f0b9a-7d34-4c58-9b02-c3d4e5f60718"
	productURL      = "https://cosell-sync.example"
	crmHeader       = "x-cosell-crm-key"
	crmSecret       = "the-secret-of-the-event-steps"
	operatorKey     = "the-key-of-the-operator"
	refreshToken    = "refresh-token-of-the-referrals-admin"
	partnerSecret   = "secret-of-the-partner-app"
	vaultSecret     = "secret-of-the-vault-app"
	crmAppSecret    = "secret-of-the-crm-app"
)

// rig is the product among its systems.
type rig struct {
	t  *testing.T
	pc *system // Partner Center
	dv *system // the CRM
	kv *system // the key vault

	more   map[string]*system        // Partner Centers of further tenants, by alias
	others map[string]*ledger.Ledger // and their tables

	own     []string // the story's settings
	bus     *bus
	tables  *ledger.Ledger
	boards  map[string]*ledger.Board
	product *process
	twin    *process // a second process that works at the same time; nil: there is none
	log     *syncBuffer
	next    time.Time // when the timer is due
	folder  string
	tokens  sync.Map // that the product has sent
	shown   sync.Map // which system saw which of them

	uploaded  map[string][]byte       // certificates of others on the host of Microsoft's, by address
	elsewhere map[string]http.Handler // who else answers, by host: flowsHost

	deaf bool  // events reach nobody
	doom *doom // how the product is about to be killed; nil: not at all
}

// system is one of the simulators behind its wire, which writes the history.
type system struct {
	t       *testing.T
	sim     control.Simulator
	wire    *control.Wire
	control *http.ServeMux
}

// signingKey is Microsoft's, for all stories: it takes long to make.
var signingKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

// originalCRM is what the CRMs of all stories have in common: it takes long to make, and so do answers about its definitions.
var originalCRM = sync.OnceValues(func() (*dataversesim.Simulator, error) {
	dv, err := dataversesim.New(crmOptions(func() time.Time { return firstDay }, nil))
	if err != nil {
		return nil, err
	}
	return dv.Original(), nil
})

func crmOptions(now func() time.Time, like *dataversesim.Simulator) dataversesim.Options {
	return dataversesim.Options{Now: now, Like: like, Seed: 1, Host: crmHost, Tenant: crmTenant, ClientID: "d0c9b8a7-2222-4333-8444-a55566667777",
		ClientSecret: crmAppSecret, OrganizationID: organization, Administrator: administrator, WebhookURL: productURL + "/api/crmwebhook", SecretHeader: crmHeader, Secret: crmSecret}
}

// play tells one story in a world of its own: the seed data of both systems, the product registered with Partner
// Center in place of Microsoft's connector, nothing else. settings are laid over those of the laptop world, as NAME=value; NAME= takes one away.
// unregistered leaves Microsoft's connector registered, as SYNC_REGISTER=never does. "sheet: …" is the text of a field sheet of the customer's own. The story's time is the bubble's: sleeping is
// instant, and t.Run is not allowed in it.
func play(t *testing.T, story func(r *rig), settings ...string) {
	t.Helper()
	t.Parallel()
	key, err := signingKey()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := originalCRM(); err != nil { // outside of the bubble: those of other stories use it
		t.Fatal(err)
	}
	folder := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(firstDay))
		r := build(t, key, folder, settings)
		defer r.stop()
		if !slices.Contains(settings, unregistered) && !slices.Contains(settings, "SYNC_REGISTER=never") {
			r.register()
		}
		story(r)
	})
}

// unregistered, among the settings of a story, is none.
const unregistered = "UNREGISTERED="

func build(t *testing.T, key *rsa.PrivateKey, folder string, settings []string) *rig {
	t.Helper()
	pc, err := partnercentersim.New(partnercentersim.Options{Now: time.Now, Seed: 1, SigningKey: key, Intermediate: true,
		Tenant: partnerTenant, ClientSecret: partnerSecret, RefreshToken: refreshToken, SigningHost: certificateHost,
		Apps: []partnercentersim.App{{Tenant: partnerTenant, ClientID: "e1f2a3b4-3333-4444-8555-b66677778888", Secret: vaultSecret, ObjectID: "e1f2a3b4-3333-4444-8555-b66677778888"}}})
	must(t, err)
	like, err := originalCRM()
	must(t, err)
	dv, err := dataversesim.New(crmOptions(time.Now, like))
	must(t, err)
	more, secrets := furtherPartners(t, pc, settings)
	secrets["partner-center-refresh-token"] = refreshToken
	kv, err := vaultsim.New(vaultsim.Options{Now: time.Now, Tenant: partnerTenant, CheckToken: pc.CheckToken, Secrets: secrets})
	must(t, err)
	must(t, os.WriteFile(filepath.Join(folder, "root.pem"), pc.RootPEM(), 0o600))
	must(t, os.WriteFile(filepath.Join(folder, "middle.pem"), pc.IntermediatesPEM(), 0o600))
	r := &rig{t: t, pc: behindWire(t, pc), dv: behindWire(t, dv), kv: behindWire(t, kv), folder: folder,
		bus: &bus{}, boards: map[string]*ledger.Board{}, tables: ledger.InMemory(time.Now), log: &syncBuffer{}, next: time.Now().Add(timerEvery)}
	r.own, r.more, r.others = settings, more, map[string]*ledger.Ledger{}
	r.start()
	return r
}

func behindWire(t *testing.T, sim control.Simulator) *system {
	s := &system{t: t, sim: sim, wire: control.NewWire(time.Now, time.Sleep, sim), control: http.NewServeMux()}
	sim.MountControl(s.control)
	s.wire.MountControl(s.control)
	return s
}

// overlaid are the settings of a real deployment with those of the story; the last of a name counts.
func overlaid(t *testing.T, folder string, own []string) []string {
	t.Helper()
	var simulated []string
	for _, host := range []string{partnercentersim.ReferralsHost, partnercentersim.WebhooksHost, partnercentersim.LoginHost, certificateHost, crmHost, vaultHost, flowsHost} {
		simulated = append(simulated, host+"=127.0.0.1:1") // never dialled: the rig is the transport
	}
	all := []string{
		"SYNC_SIMULATED=" + strings.Join(simulated, ","), "SYNC_OPERATOR_KEY=" + operatorKey, "SYNC_PUBLIC_URL=" + productURL,
		"SYNC_CONTACT_CONSENT=always", "SYNC_STARTED=2026-01-01", "SYNC_DEFAULT_OWNER=sam@northwind.example", "SYNC_RECONCILE_SCHEDULE=0 */5 * * * *",
		"PARTNER_CENTER_TENANT=" + partnerTenant, "PARTNER_CENTER_CLIENT_ID=c0a1b2c3-1111-4222-8333-944455556666", "PARTNER_CENTER_CLIENT_SECRET=" + partnerSecret,
		"PARTNER_CENTER_VAULT_URL=https://" + vaultHost, "PARTNER_CENTER_REFRESH_TOKEN_SECRET=partner-center-refresh-token",
		"PARTNER_CENTER_EXTRA_ROOTS_FILE=" + filepath.Join(folder, "root.pem"), "PARTNER_CENTER_INTERMEDIATES_FILE=" + filepath.Join(folder, "middle.pem"),
		"DATAVERSE_URL=https://" + crmHost, "DATAVERSE_TENANT=" + crmTenant, "DATAVERSE_CLIENT_ID=d0c9b8a7-2222-4333-8444-a55566667777",
		"DATAVERSE_CLIENT_SECRET=" + crmAppSecret, "DATAVERSE_ORGANIZATION_ID=" + organization, "DATAVERSE_WEBHOOK_HEADER=" + crmHeader, "DATAVERSE_WEBHOOK_SECRET=" + crmSecret,
		"AZURE_TENANT_ID=" + partnerTenant, "AZURE_CLIENT_ID=e1f2a3b4-3333-4444-8555-b66677778888", "AZURE_CLIENT_SECRET=" + vaultSecret,
		"ServiceBus=Endpoint=sb://127.0.0.1:5672;SharedAccessKeyName=k;SharedAccessKey=eA==;UseDevelopmentEmulator=true",
		"TABLES_CONNECTION_STRING=DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey=eA==;TableEndpoint=http://127.0.0.1:10002/devstoreaccount1;",
	}
	for _, one := range own {
		if sheet, ok := strings.CutPrefix(one, "sheet:"); ok {
			file := filepath.Join(folder, "mapping.yaml")
			must(t, os.WriteFile(file, []byte(sheet), 0o600))
			one = "SYNC_MAPPING_FILE=" + file
		}
		name, _, _ := strings.Cut(one, "=")
		all = append(slices.DeleteFunc(all, func(had string) bool { return strings.HasPrefix(had, name+"=") }), one)
	}
	return all
}

// process is one life of the product.
type process struct {
	app     *app.App
	handler http.Handler
	end     context.CancelFunc
	ended   sync.WaitGroup
	dead    chan struct{} // closed when it was killed
}

// start starts the product.
func (r *rig) start() { r.t.Helper(); r.product = r.life() }

// life is a process of the product.
func (r *rig) life() *process {
	r.t.Helper()
	p := &process{dead: make(chan struct{})}
	a, err := app.Of(overlaid(r.t, r.folder, r.own), r.log, app.Parts{
		Transport:    network{r, p},
		Certificates: r.certificate,
		Queues:       doorOf{r.bus, p},
		Ledger:       r.tablesOf,
		Board:        r.board,
	})
	if err != nil {
		r.t.Fatalf("the product does not start: %v", err)
	}
	p.app, p.handler = a, a.Handler(functions.List(a))
	ctx, cancel := context.WithCancel(context.Background())
	p.end = cancel
	p.ended.Go(func() { a.Compare(ctx) })
	return p
}

// stop ends the product, so that no goroutine of the story is left. What remains of one that was killed waits for
// its own limit of an invocation.
func (r *rig) stop() {
	for _, p := range []*process{r.product, r.twin} {
		if p != nil {
			p.end()
			p.ended.Wait()
		}
	}
	if r.doom != nil {
		time.Sleep(longestInvocation)
	}
}

// longestInvocation is longer than the product's own limits together.
const longestInvocation = 10 * time.Minute

func (r *rig) board(table string) *ledger.Board {
	if r.boards[table] == nil {
		r.boards[table] = ledger.InMemoryBoard(time.Now)
	}
	return r.boards[table]
}

// register is what an operator does on the first day.
func (r *rig) register() {
	r.t.Helper()
	if status, answer := r.operator(http.MethodPost, "webhookregistration", doc{"overwrite": true}); status != http.StatusOK {
		r.t.Fatalf("registering: %d %s", status, answer)
	}
	for alias := range r.more {
		if status, answer := r.operator(http.MethodPost, "webhookregistration?tenant="+alias, doc{"overwrite": true}); status != http.StatusOK {
			r.t.Fatalf("registering %s: %d %s", alias, status, answer)
		}
	}
}

// operator calls a route of the product with the operator's key.
func (r *rig) operator(method, route string, body doc) (status int, answer string) {
	r.t.Helper()
	header := http.Header{"X-Cosell-Key": {operatorKey}}
	var text []byte
	if body != nil {
		header.Set("Content-Type", "application/json")
		text = encoded(r.t, body)
	}
	return r.ask(method, "/api/"+route, header, text)
}

// ask calls the product as the Functions host does.
func (r *rig) ask(method, path string, header http.Header, body []byte) (status int, answer string) {
	if r.dead() {
		r.product.end()
		r.start()
	}
	return r.product.ask(method, path, header, body)
}

func (p *process) ask(method, path string, header http.Header, body []byte) (status int, answer string) {
	req := httptest.NewRequestWithContext(context.Background(), method, path, bytes.NewReader(body))
	req.Header = header.Clone()
	rec := httptest.NewRecorder()
	done := make(chan struct{})
	go func() {
		defer close(done)
		p.handler.ServeHTTP(rec, req)
	}()
	select {
	case <-done:
		return rec.Code, rec.Body.String()
	case <-p.dead: // what is left of it ends at the next thing that it touches
		return 0, ""
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// syncBuffer is a buffer that several goroutines may write to.
type syncBuffer struct {
	mu  sync.Mutex
	all bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.all.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.all.String()
}

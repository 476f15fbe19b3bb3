package simulate

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/cosell-sync/cosell-sync/functions"
	"github.com/cosell-sync/cosell-sync/functions/partnercenterwebhook"
	"github.com/cosell-sync/cosell-sync/shared/app"
	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/funchost"
	"github.com/cosell-sync/cosell-sync/shared/ledger"
	"github.com/cosell-sync/cosell-sync/shared/mapping"
	"github.com/cosell-sync/cosell-sync/shared/opportunities"
	"github.com/cosell-sync/cosell-sync/shared/partnercenter"
)

// process is one life of a handler process.
type process struct {
	run    *run
	name   string // as in GET status of the laptop world
	life   int
	app    *app.App
	server http.Handler
	end    context.CancelFunc
	ctx    context.Context
	dead   bool
	lanes  int
	beside *lane // what works beside the invocations
	ids    uint64
	flying map[string]*lane // records that are being written, by whom

	connections []context.Context // that nobody calls through
	shown       time.Time         // when its row was written
	unheard     time.Time         // when it gave up to ask the tables what the others were told: they took too long
}

// shipped is our own sheet, read once for all runs.
var shipped = sync.OnceValues(mapping.Default)

// unlearnt is our own sheet as a process that has just started has it: it learns from the metadata by itself.
func unlearnt() (*mapping.Sheet, error) {
	s, err := shipped()
	if err != nil {
		return nil, err
	}
	return s.Unlearnt(), nil
}

// start starts a process.
func (r *run) start(s slot) *process {
	r.lives[s.name]++
	p := &process{run: r, name: s.name, life: r.lives[s.name]}
	p.ctx, p.end = context.WithCancel(r.t.Context())
	p.beside = &lane{p: p, key: "beside", n: mix(r.seed, hashOf(s.name), uint64(p.life))}
	a, err := r.settingsOf(s).App(r.logTo(), app.Parts{
		Transport:    network{p},
		Certificates: func(context.Context, string) ([]byte, error) { return nil, io.ErrUnexpectedEOF },
		Queues:       busDoor{p},
		Ledger:       func(string, ledger.Sealer) *ledger.Ledger { return r.tables.Ledger(p.tablesDoor, p.newID) },
		Board:        func(table string) *ledger.Board { return r.tables.Board(table, p.tablesDoor) },
		Credential:   p.credential,
		Secrets:      secrets{p},
		Shipped:      unlearnt,
		Definitions:  func(read opportunities.Definitions) opportunities.Definitions { return known{p, read} },
		NewID:        p.newID,
		Now:          r.clockOf(s.name),
		Sleep:        p.sleep,
		Jitter:       func(most time.Duration) time.Duration { return most / 2 },
	})
	if err != nil {
		panic(fmt.Sprintf("the product does not start: %v", err))
	}
	list := functions.List(a)
	for i, f := range list {
		if f.Name == "partnercenterwebhook" {
			list[i].HTTP = &partnercenterwebhook.Handler{Verifier: opener{}, Sender: a.Sender, Tenant: a.Tenant, Now: a.Now, NewID: a.NewID, Log: a.Log, Watch: a.Watch}
		}
	}
	p.app, p.server = a, a.Handler(list)
	p.shows()
	return p
}

// shows writes the process's row, as every process does first and each minute: by that row it knows where its clock stands.
func (p *process) shows() {
	if p.shown.IsZero() || time.Since(p.shown) >= time.Minute {
		p.shown = time.Now()
		p.run.must(p.app.Watch.Post(p.ctx, p.app.Board))
	}
}

// newID makes ids that are the same in every run of the seed.
func (p *process) newID() string {
	p.ids++
	a := mix(p.run.seed, hashOf(p.name), uint64(p.life), p.ids)
	b := mix(a, p.ids)
	return fmt.Sprintf("%08x-%04x-4%03x-8%03x-%012x", a>>32, a>>16&0xffff, a&0xfff, b>>48&0xfff, b&0xffffffffffff)
}

// ask calls the process as the Functions host does; 0: it died meanwhile.
func (p *process) ask(l *lane, method, path string, header http.Header, body []byte) (status int, answer []byte) {
	c := p.connection()
	defer func() { p.connections = append(p.connections, c) }()
	req, err := http.NewRequestWithContext(context.WithValue(c, laneKey{}, l), method, path, bytes.NewReader(body))
	if err != nil {
		return http.StatusBadRequest, []byte(err.Error())
	}
	req.Header = header
	rec := &recorder{header: http.Header{}, status: http.StatusOK}
	p.server.ServeHTTP(rec, req)
	if p.dead {
		return 0, nil
	}
	return rec.status, rec.body
}

// connection is one of those to the host.
func (p *process) connection() context.Context {
	if n := len(p.connections); n > 0 {
		c := p.connections[n-1]
		p.connections = p.connections[:n-1]
		return c
	}
	return funchost.Connected(p.ctx)
}

// askOperator asks as somebody with the operator's key does.
func (p *process) askOperator(l *lane, method, path string, body []byte) (status int, answer []byte) {
	header := jsonHeader()
	header.Set("X-Cosell-Key", operatorKey)
	return p.ask(l, method, "/api/"+path, header, body)
}

// opener reads Partner Center's events. Signatures have tests of their own and would take most of the time of a run:
// here the signature is the one that signature makes.
type opener struct{}

func signature(body []byte) (string, error) { return fmt.Sprintf("%x", hashOf(string(body))), nil }

func (opener) Open(r *http.Request, body []byte) (partnercenter.Event, error) {
	want, _ := signature(body) // cannot fail
	if !strings.HasSuffix(r.Header.Get("Authorization")+r.Header.Get("X-Ms-Signature"), want) {
		return partnercenter.Event{}, fault.New(fault.Denied, "forged").With("signature", "")
	}
	var e struct {
		EventName             string
		ResourceURI           string `json:"ResourceUri"`
		ResourceChangeUtcDate string
	}
	if err := json.Unmarshal(body, &e); err != nil {
		return partnercenter.Event{}, fault.New(fault.Invalid, "no event: %w", err)
	}
	at, _ := time.Parse(time.RFC3339, e.ResourceChangeUtcDate)
	out := partnercenter.Event{Name: e.EventName, ChangedAt: at}
	if strings.Contains(e.EventName, "referral-") {
		out.Referral, out.ReferralID = true, strings.ToLower(e.ResourceURI[strings.LastIndexByte(e.ResourceURI, '/')+1:])
	}
	return out, nil
}

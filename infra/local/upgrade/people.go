package upgrade

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/control"
	"github.com/cosell-sync/cosell-sync/infra/local/world"
)

type fields = map[string]any

const (
	// atWork is how many people work at the same time, and hand how long one takes for one thing; unhurried, where two
	// versions run side by side for long.
	atWork    = 4
	hand      = 50 * time.Millisecond
	unhurried = 500 * time.Millisecond
)

// salesTeam is the category of roles in it.
const salesTeam = 1001

// deal is one that a person made, and what people have written on either side last.
type deal struct {
	name  string
	inCRM bool   // made there
	id    string // where it was made
	value int    // the last one, of whoever made it
}

// people work in both systems' own screens. Whoever makes a deal changes it; so the last value is known.
type people struct {
	w      *world.World
	local  control.Local
	client *http.Client
	euro   string
	// colleague and role are whom they take into a sales team, and as what.
	colleague, role string
	hand            time.Duration
	team            bool // they also make leads, and join sales teams

	mu    sync.Mutex
	deals []*deal
	acts  int
}

func newPeople(w *world.World) *people {
	return &people{w: w, hand: hand, local: w.Local(), client: &http.Client{Timeout: patience + time.Minute, Transport: &http.Transport{MaxIdleConnsPerHost: atWork}}}
}

func (p *people) close() { p.client.CloseIdleConnections() }

func (p *people) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.acts
}

// begin takes over the registration, takes the limits of the CRM away, which would only make the play longer, and
// looks up its currency.
func (p *people) begin(ctx context.Context) error {
	limits := fields{"limitRequests": 0, "limitExecutionSeconds": 0, "limitConcurrent": 0}
	if err := p.call(ctx, http.MethodPost, p.local.Dataverse.Control, "/switches", limits, nil); err != nil {
		return err
	}
	if err := p.w.Operate(ctx, http.MethodPost, "/api/webhookregistration", fields{"overwrite": true}); err != nil {
		return err
	}
	var records struct {
		Currencies map[string]struct {
			Code string `json:"isocurrencycode"`
		} `json:"transactioncurrency"`
		Users map[string]struct {
			Disabled bool   `json:"isdisabled"`
			Mail     string `json:"internalemailaddress"`
		} `json:"systemuser"`
		Roles map[string]struct {
			Category int `json:"category"`
		} `json:"connectionrole"`
	}
	if err := p.call(ctx, http.MethodGet, p.local.Dataverse.Control, "/records", nil, &records); err != nil {
		return err
	}
	for id, u := range records.Users {
		if !u.Disabled && u.Mail != "" && (p.colleague == "" || id < p.colleague) {
			p.colleague = id
		}
	}
	for id, r := range records.Roles {
		if r.Category == salesTeam && (p.role == "" || id < p.role) {
			p.role = id
		}
	}
	for id, c := range records.Currencies {
		if c.Code == "EUR" {
			p.euro = id
			return nil
		}
	}
	return errors.New("the CRM of this world has no euro")
}

// work lets people do so many acts, and go on until over is closed, but not without end. After each, progress is told
// how many are done.
func (p *people) work(ctx context.Context, acts int, over <-chan struct{}, progress func(int)) error {
	var all sync.WaitGroup
	var mu sync.Mutex
	var failed error
	next := 0
	take := func() (n int, more bool) {
		mu.Lock()
		defer mu.Unlock()
		n, next = next, next+1
		return n, failed == nil && n < 10*acts && (n < acts || !closed(over))
	}
	for person := range atWork {
		all.Go(func() {
			tick := time.NewTicker(p.hand)
			defer tick.Stop()
			for n, more := take(); more; n, more = take() {
				if err := p.act(ctx, person, n); err != nil {
					mu.Lock()
					failed = errors.Join(failed, err)
					mu.Unlock()
				}
				progress(n + 1)
				select {
				case <-tick.C:
				case <-ctx.Done():
				}
			}
		})
	}
	all.Wait()
	return errors.Join(failed, ctx.Err())
}

func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// act is one thing that a person does: every fifth makes a deal, on either side in turn, the others change one of
// their own.
func (p *people) act(ctx context.Context, person, n int) error {
	p.mu.Lock()
	p.acts++
	number := p.acts
	var mine []*deal
	for i, d := range p.deals {
		if i%atWork == person {
			mine = append(mine, d)
		}
	}
	p.mu.Unlock()
	if n%5 == 0 || len(mine) == 0 {
		return p.make(ctx, number)
	}
	return p.change(ctx, mine[number%len(mine)], 100000+number)
}

// make makes a deal in one of the systems.
func (p *people) make(ctx context.Context, number int) error {
	d := &deal{name: fmt.Sprintf("Upgrade %04d", number), inCRM: number%2 == 0, value: 100000 + number}
	customer := fmt.Sprintf("Customer%04d Trading", number)
	var err error
	if d.inCRM {
		d.id, err = p.inCRM(ctx, d, customer)
	} else {
		d.id, err = p.person(ctx, p.local.PartnerCenter.Control, fields{"do": "create", "referral": fields{"name": d.name, "customerProfile": fields{"name": customer},
			"details": fields{"dealValue": d.value}}})
	}
	if err != nil {
		return err
	}
	p.mu.Lock()
	p.deals = append(p.deals, d)
	p.mu.Unlock()
	return nil
}

// inCRM makes an account, and an opportunity with a solution that is to be shared.
func (p *people) inCRM(ctx context.Context, d *deal, customer string) (string, error) {
	account, err := p.person(ctx, p.local.Dataverse.Control, fields{"do": "create", "table": "account", "columns": fields{"name": customer,
		"address1_line1": "Musterweg 1", "address1_city": "Hamburg", "address1_postalcode": "20095", "address1_country": "DE"}})
	if err != nil {
		return "", err
	}
	id, err := p.person(ctx, p.local.Dataverse.Control, fields{"do": "create", "table": "opportunity", "columns": fields{
		"name": d.name, "estimatedvalue": d.value, "estimatedclosedate": time.Now().UTC().AddDate(0, 0, 90).Format(time.DateOnly), "cosell_sync": false,
		"transactioncurrencyid@odata.bind": "/transactioncurrencies(" + p.euro + ")", "parentaccountid@odata.bind": "/accounts(" + account + ")"}})
	if err != nil {
		return "", err
	}
	if p.team {
		if err := p.beyond(ctx, d.name, id); err != nil {
			return "", err
		}
	}
	if _, err := p.person(ctx, p.local.Dataverse.Control, fields{"do": "create", "table": "cosell_solution", "columns": fields{
		"cosell_name": "Northwind Forecast", "cosell_identifier": "SOL-12345-ABC", "cosell_OpportunityId@odata.bind": "/opportunities(" + id + ")"}}); err != nil {
		return "", err
	}
	_, err = p.person(ctx, p.local.Dataverse.Control, fields{"do": "update", "table": "opportunity", "id": id, "columns": fields{"cosell_sync": true}})
	return id, err
}

// beyond is what people do besides, in tables of which an older version may know nothing: a lead that nobody shares, and
// a colleague who joins the sales team.
func (p *people) beyond(ctx context.Context, name, opportunity string) error {
	if _, err := p.person(ctx, p.local.Dataverse.Control, fields{"do": "create", "table": "lead", "columns": fields{"subject": "Lead beside " + name, "lastname": "Example",
		"companyname": "Beside Trading"}}); err != nil {
		return err
	}
	_, err := p.person(ctx, p.local.Dataverse.Control, fields{"do": "create", "table": "connection", "columns": fields{
		"record1id_opportunity@odata.bind": "/opportunities(" + opportunity + ")", "record2id_systemuser@odata.bind": "/systemusers(" + p.colleague + ")",
		"record2roleid@odata.bind": "/connectionroles(" + p.role + ")"}})
	return err
}

// change writes a new value where the deal was made.
func (p *people) change(ctx context.Context, d *deal, value int) error {
	var err error
	if d.inCRM {
		_, err = p.person(ctx, p.local.Dataverse.Control, fields{"do": "update", "table": "opportunity", "id": d.id, "columns": fields{"estimatedvalue": value}})
	} else {
		_, err = p.person(ctx, p.local.PartnerCenter.Control, fields{"do": "update", "id": d.id, "changes": fields{"/details/dealValue": value}})
	}
	d.value = value
	return err
}

// person is one act by control, with the id of what it made.
func (p *people) person(ctx context.Context, base string, act fields) (string, error) {
	var made struct {
		ID string `json:"id"`
	}
	err := p.call(ctx, http.MethodPost, base, "/user", act, &made)
	return made.ID, err
}

func (p *people) call(ctx context.Context, method, base, path string, in, out any) error {
	var body io.Reader
	if in != nil {
		text, err := json.Marshal(in)
		if err != nil {
			return fmt.Errorf("%s %s: %w", method, path, err)
		}
		body = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, method, base+path, body)
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := p.client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return fmt.Errorf("%s %s%s: %w", method, base, path, err)
	}
	if resp.StatusCode >= http.StatusBadRequest {
		return fmt.Errorf("%s %s%s: %d %.300s", method, base, path, resp.StatusCode, answer)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(answer, out)
}

package chaos

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/control"
)

type fields = map[string]any

// restWithin is how long the world may take to come to rest, by the machine's clock.
const restWithin = 2 * time.Minute

// client is one of a world whose parts have the names that they have in the control interface.
type client struct{ *control.Client }

func newClient(local control.Local) (*client, error) {
	c, err := control.NewClient(local, 2*restWithin, restWithin)
	return &client{c}, err
}

// post is Call of what changes something.
func (c *client) post(ctx context.Context, base, path string, in any) error {
	return c.Call(ctx, http.MethodPost, base, path, in, nil)
}

// part is the address of a part by the name that it has in the control interface.
func (c *client) part(name string) string {
	return map[string]string{"partnercenter": c.Local.PartnerCenter.Control, "dataverse": c.Local.Dataverse.Control, "servicebus": c.Local.ServiceBus.Control,
		"tables": c.Local.Tables.Control, "vault": c.Local.Vault.Control, "host": c.Local.Host.Control}[name]
}

// rest waits until the whole world is at rest. Where it does not come, the error has what lies in the queues, and who is there
// to take it.
func (c *client) rest(ctx context.Context) error {
	err := c.Rest(ctx, restWithin)
	if err == nil {
		return nil
	}
	for _, of := range [][2]string{{"servicebus", "/queues"}, {"host", "/status"}, {"host", "/link"}} {
		var answer json.RawMessage
		if asked := c.Call(ctx, http.MethodGet, c.part(of[0]), of[1], nil, &answer); asked != nil {
			answer = []byte(asked.Error())
		}
		err = fmt.Errorf("%w\n%s%s: %s", err, of[0], of[1], answer)
	}
	return err
}

// history gives the calls to a part after entry number since.
func (c *client) history(ctx context.Context, part string, since int64) ([]control.Entry, error) {
	return c.History(ctx, c.part(part), since)
}

// board is everything that both systems hold.
type board struct {
	referrals map[string]fields
	tables    map[string]map[string]fields // rows of the CRM, by table and id
}

func (c *client) board(ctx context.Context) (board, error) {
	var b board
	var pc struct{ Referrals map[string]fields }
	if err := c.Call(ctx, http.MethodGet, c.part("partnercenter"), "/records", nil, &pc); err != nil {
		return b, err
	}
	b.referrals = pc.Referrals
	var all map[string]json.RawMessage
	if err := c.Call(ctx, http.MethodGet, c.part("dataverse"), "/records", nil, &all); err != nil {
		return b, err
	}
	b.tables = map[string]map[string]fields{}
	for _, table := range []string{"opportunity", "lead", "account", "contact", "cosell_solution"} {
		rows := map[string]fields{}
		if len(all[table]) > 0 {
			if err := control.Decode(all[table], &rows); err != nil {
				return b, fmt.Errorf("the rows of %s: %w", table, err)
			}
		}
		b.tables[table] = rows
	}
	return b, nil
}

// process is a handler process, as the Functions host tells it.
type process struct {
	Name string `json:"name"`
}

func (c *client) processes(ctx context.Context) ([]process, error) {
	var status struct{ Processes []process }
	err := c.Call(ctx, http.MethodGet, c.part("host"), "/status", nil, &status)
	return status.Processes, err
}

// preview is what the product would do about a pair, as far as it matters here.
type preview struct {
	Opportunity string   `json:"opportunity"`
	Referral    string   `json:"referral"`
	Does        string   `json:"does"`
	Writes      []fields `json:"writes"`
	Differences []fields `json:"differences"`
	Failed      string   `json:"failed"`
}

// drift previews the pairs of the ids, or every pair without any.
func (c *client) drift(ctx context.Context, ids ...string) (all []preview, err error) {
	query := ""
	if len(ids) > 0 {
		query = "?ids=" + url.QueryEscape(strings.Join(ids, ","))
	}
	for {
		var page struct {
			Previews []preview `json:"previews"`
			Next     string    `json:"next"`
		}
		if err := c.Operate(ctx, http.MethodGet, "/api/operator/preview"+query, nil, &page); err != nil {
			return nil, err
		}
		all = append(all, page.Previews...)
		if page.Next == "" {
			return all, nil
		}
		if query = "?after=" + url.QueryEscape(page.Next); len(ids) > 0 {
			query = "?ids=" + url.QueryEscape(page.Next)
		}
	}
}

// held is a row of what waits.
type held struct {
	Opportunity string `json:"opportunity"`
	Referral    string `json:"referral"`
	Place       string `json:"place"`
	Field       string `json:"field"`
	Class       string `json:"class"`
	Code        string `json:"code"`
	Text        string `json:"text"`
}

func (c *client) held(ctx context.Context) ([]held, error) {
	var answer struct{ Held []held }
	err := c.Operate(ctx, http.MethodGet, "/api/operator/held", nil, &answer)
	return answer.Held, err
}

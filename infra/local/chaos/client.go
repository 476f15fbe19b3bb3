package chaos

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/control"
)

type fields = map[string]any

// restWithin is how long the world may take to come to rest, by the machine's clock.
const restWithin = 2 * time.Minute

// client speaks to a world: the control interface, and the operator's routes of the product. It knows nothing else.
type client struct {
	local  control.Local
	plain  *http.Client
	secure *http.Client
}

func newClient(local control.Local) (*client, error) {
	ca, err := os.ReadFile(local.CAFile)
	if err != nil {
		return nil, fmt.Errorf("reading the world's certificate authority: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(ca) {
		return nil, fmt.Errorf("%s holds no certificate", local.CAFile)
	}
	return &client{
		local: local,
		plain: &http.Client{Timeout: 2 * restWithin, Transport: &http.Transport{MaxIdleConnsPerHost: 8}},
		secure: &http.Client{Timeout: restWithin, Transport: &http.Transport{
			TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}},
	}, nil
}

func (c *client) close() {
	c.plain.CloseIdleConnections()
	c.secure.CloseIdleConnections()
}

// refusal is an answer that a system, or the product, gives to somebody who asks for what cannot be.
type refusal struct {
	status int
	text   string
}

func (r *refusal) Error() string { return fmt.Sprintf("%d %.300s", r.status, r.text) }

// refused says whether an error is a refusal, and no trouble of the play itself.
func refused(err error) bool {
	var r *refusal
	return errors.As(err, &r)
}

// call sends one control call and decodes its answer into out, unless that is nil.
func (c *client) call(ctx context.Context, method, base, path string, in, out any) error {
	return send(ctx, c.plain, method, base+path, nil, in, out)
}

// post is call of what changes something.
func (c *client) post(ctx context.Context, base, path string, in any) error {
	return c.call(ctx, http.MethodPost, base, path, in, nil)
}

// operator calls an operator's route of the product.
func (c *client) operator(ctx context.Context, method, path string, in, out any) error {
	return send(ctx, c.secure, method, c.local.Product.URL+path, http.Header{"X-Cosell-Key": {c.local.Product.OperatorKey}}, in, out)
}

func send(ctx context.Context, with *http.Client, method, to string, header http.Header, in, out any) error {
	var body io.Reader
	if in != nil {
		text, err := json.Marshal(in)
		if err != nil {
			return fmt.Errorf("%s %s: %w", method, to, err)
		}
		body = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, method, to, body)
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, to, err)
	}
	if header != nil {
		req.Header = header
	}
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := with.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return fmt.Errorf("reading the answer of %s %s: %w", method, to, err)
	}
	if resp.StatusCode >= http.StatusBadRequest {
		return fmt.Errorf("%s %s: %w", method, to, &refusal{resp.StatusCode, string(answer)})
	}
	if out == nil {
		return nil
	}
	d := json.NewDecoder(bytes.NewReader(answer))
	d.UseNumber()
	if err := d.Decode(out); err != nil {
		return fmt.Errorf("reading the answer of %s %s: %w", method, to, err)
	}
	return nil
}

// part is the address of a part by the name that it has in the control interface.
func (c *client) part(name string) string {
	return map[string]string{"partnercenter": c.local.PartnerCenter.Control, "dataverse": c.local.Dataverse.Control, "servicebus": c.local.ServiceBus.Control,
		"tables": c.local.Tables.Control, "vault": c.local.Vault.Control, "host": c.local.Host.Control}[name]
}

// rest waits until nothing in the whole world is queued, in flight or due soon; what still waits is the error.
func (c *client) rest(ctx context.Context) error {
	err := c.call(ctx, http.MethodGet, c.local.Host.Control, fmt.Sprintf("/idle?wait=%d", restWithin.Milliseconds()), nil, nil)
	if err != nil {
		return fmt.Errorf("the world does not come to rest: %w", err)
	}
	return nil
}

// advance moves the world's clock.
func (c *client) advance(ctx context.Context, by time.Duration) error {
	return c.post(ctx, c.local.Host.Control, "/clock", control.Clock{Advance: by.String()})
}

// now is the world's time.
func (c *client) now(ctx context.Context) (time.Time, error) {
	var answer struct {
		Now time.Time `json:"now"`
	}
	err := c.call(ctx, http.MethodGet, c.local.Host.Control, "/clock", nil, &answer)
	return answer.Now, err
}

// history gives the calls to a part after entry number since.
func (c *client) history(ctx context.Context, part string, since int64) ([]control.Entry, error) {
	var out []control.Entry
	err := c.call(ctx, http.MethodGet, c.part(part), fmt.Sprintf("/history?since=%d", since), nil, &out)
	return out, err
}

// board is everything that both systems hold.
type board struct {
	referrals map[string]fields
	tables    map[string]map[string]fields // rows of the CRM, by table and id
}

func (c *client) board(ctx context.Context) (board, error) {
	var b board
	var pc struct{ Referrals map[string]fields }
	if err := c.call(ctx, http.MethodGet, c.part("partnercenter"), "/records", nil, &pc); err != nil {
		return b, err
	}
	b.referrals = pc.Referrals
	var all map[string]json.RawMessage
	if err := c.call(ctx, http.MethodGet, c.part("dataverse"), "/records", nil, &all); err != nil {
		return b, err
	}
	b.tables = map[string]map[string]fields{}
	for _, table := range []string{"opportunity", "lead", "account", "contact", "cosell_solution"} {
		rows := map[string]fields{}
		d := json.NewDecoder(bytes.NewReader(all[table]))
		d.UseNumber()
		if len(all[table]) > 0 {
			if err := d.Decode(&rows); err != nil {
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
	err := c.call(ctx, http.MethodGet, c.part("host"), "/status", nil, &status)
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
		if err := c.operator(ctx, http.MethodGet, "/api/operator/preview"+query, nil, &page); err != nil {
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
	err := c.operator(ctx, http.MethodGet, "/api/operator/held", nil, &answer)
	return answer.Held, err
}

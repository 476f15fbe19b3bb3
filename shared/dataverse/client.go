// Package dataverse speaks with the Dataverse Web API: rows, change sets, change feeds, metadata and events.
package dataverse

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/httpclient"
)

// maxRows is the most that List reads.
const maxRows = 10_000

// Options are what a Client needs.
type Options struct {
	BaseURL string // https://ORG.crm.dynamics.com/api/data/v9.2
	HTTP    *httpclient.Client
}

// Client calls the Web API of one environment. It may be used by many goroutines.
type Client struct {
	base *url.URL // without a slash at its end
	root string   // the same as text
	http *httpclient.Client

	reads, writes fault.Streak // of rows that were kept from us
}

// NewClient makes a client; it fails on an address that is not plain https.
func NewClient(o Options) (*Client, error) {
	u, err := url.Parse(strings.TrimRight(o.BaseURL, "/"))
	if err != nil || u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.User != nil || u.Path == "" {
		return nil, fmt.Errorf("the Dataverse address %q is not https://ORG.crm.dynamics.com/api/data/v9.2", o.BaseURL)
	}
	return &Client{base: u, root: u.String(), http: o.HTTP}, nil
}

// Get reads one row. Gone: it does not exist. Refused: of class Record where only this row is kept from
// us, else of class Ours.
func (c *Client) Get(ctx context.Context, set, id string, q Query) (Row, error) {
	row, err := c.get(ctx, set, id, q)
	if err != nil {
		return Row{}, wrap("reading", set, id, err)
	}
	return row, nil
}

func (c *Client) get(ctx context.Context, set, id string, q Query) (Row, error) {
	target, err := c.rowURL(set, id, q)
	if err != nil {
		return Row{}, err
	}
	resp, err := c.send(ctx, http.MethodGet, target, http.Header{}, nil)
	if err != nil {
		return Row{}, err
	}
	if resp.Status != http.StatusOK {
		return Row{}, keptFromUs(&c.reads, classify(resp, reading(id)), id, resp)
	}
	c.reads.Yes()
	return whole(resp)
}

// whole reads an answer that must be a row, with a version to write against.
func whole(resp *httpclient.Response) (Row, error) {
	row, err := ParseRow(resp.Body, resp.Date())
	if err != nil {
		return Row{}, err
	}
	if row.ETag() == "" {
		row.tree["@odata.etag"] = resp.Header.Get("ETag")
	}
	if !usableETag.MatchString(row.ETag()) {
		return Row{}, fault.New(fault.Broken, "the answer's ETag is missing, unquoted or too long").With("etag.unusable", "")
	}
	return row, nil
}

// List reads all rows that the query selects, over all pages. More than 10,000 are Invalid. Refused of
// class Ours: table or columns do not exist or are not ours to read.
func (c *Client) List(ctx context.Context, set string, q Query) ([]Row, error) {
	target, err := c.setURL(set, q)
	if err != nil {
		return nil, fmt.Errorf("listing %s: %w", shorten(set, 64), err)
	}
	var rows []Row
	_, err = c.pages(ctx, target, http.Header{}, func(page []Row, _ string) error {
		if rows = append(rows, page...); len(rows) > maxRows {
			return fault.New(fault.Invalid, "more than %d rows", maxRows).With("list.long", "")
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("listing %s: %w", set, err)
	}
	return rows, nil
}

// Each hands over all rows that the query selects, over all pages and however many there are, until each ends it
// with an error. Faults as of List.
func (c *Client) Each(ctx context.Context, set string, q Query, each func(Row) error) error {
	target, err := c.setURL(set, q)
	if err == nil {
		_, err = c.pages(ctx, target, http.Header{}, func(page []Row, _ string) error {
			for _, row := range page {
				if err := each(row); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err != nil {
		return fmt.Errorf("listing %s: %w", shorten(set, 64), err)
	}
	return nil
}

// Update changes columns of the row whose version is etag ("*" for child rows: any version, but never a
// new row), and returns the row as q asks. Conflict: somebody wrote in between. Gone: the row is deleted. Later
// with Maybe: it is written, and does not show it yet.
// Refused: a value or a rule of the CRM (Record), or a column or right that is missing (Ours); Target
// names the column, and its table, where the answer does: "description", "opportunity/description".
func (c *Client) Update(ctx context.Context, set, id, etag string, columns map[string]any, q Query) (Row, error) {
	if etag != "*" && !usableETag.MatchString(etag) {
		return Row{}, wrap("changing", set, id, fault.New(fault.Invalid, "a row is only changed under a condition").With("etag.unusable", ""))
	}
	row, err := c.patch(ctx, set, id, http.Header{"If-Match": {etag}}, columns, q)
	if err != nil {
		return Row{}, wrap("changing", set, id, err)
	}
	return row, nil
}

// Create makes a row under an id that is always the same, so that it may be sent twice; false means that
// a row with the id existed already, and the row is empty. Conflict: another row has the same key.
func (c *Client) Create(ctx context.Context, set, id string, columns map[string]any, q Query) (Row, bool, error) {
	row, err := c.patch(ctx, set, id, http.Header{"If-None-Match": {"*"}}, columns, q)
	if exists(err) {
		return Row{}, false, nil
	}
	if err != nil {
		return Row{}, false, wrap("creating", set, id, err)
	}
	return row, true, nil
}

func (c *Client) patch(ctx context.Context, set, id string, header http.Header, columns map[string]any, q Query) (Row, error) {
	target, err := c.rowURL(set, id, q)
	if err != nil {
		return Row{}, err
	}
	body, err := json.Marshal(columns)
	if err != nil {
		return Row{}, fault.New(fault.Invalid, "the columns cannot be written as JSON: %w", err)
	}
	header.Set("Prefer", "return=representation")
	resp, err := c.send(ctx, http.MethodPatch, target, header, body)
	if err != nil {
		return Row{}, err
	}
	write := Write{Path: strings.TrimPrefix(Bind(set, id), "/"), IfMatch: header.Get("If-Match"), IfNoneMatch: header.Get("If-None-Match"), Body: columns}
	if resp.Status < 200 || resp.Status > 299 {
		return Row{}, keptFromUs(&c.writes, classify(resp, writing(write)), id, resp)
	}
	c.writes.Yes()
	if row, err := whole(resp); err == nil {
		return row, nil
	}
	row, err := c.written(ctx, Read{Set: set, ID: id, Query: q}, []Write{write})
	stands := err != nil && fault.Of(err).Code == fault.CodeStale
	said := len(bytes.TrimSpace(resp.Body)) > 0
	if stands && said || err == nil && write.IfMatch != "" && (said || resp.Status != http.StatusNoContent) {
		return Row{}, otherAnswer(resp)
	}
	return row, err
}

// otherAnswer is for a success whose answer is something else than the row: a page of whoever stands in between proves nothing, and where
// the row is not as it was before, a person may have changed it. Broken with Maybe.
func otherAnswer(resp *httpclient.Response) error {
	e := fault.New(fault.Broken, "the answer %d (%d bytes) is not the row: whether it was changed is not known", resp.Status, len(resp.Body)).With("answer.malformed", "")
	e.Maybe = true
	return e
}

// send adds the headers of every call.
// https://learn.microsoft.com/power-apps/developer/data-platform/webapi/compose-http-requests-handle-errors
func (c *Client) send(ctx context.Context, method, target string, header http.Header, body []byte) (*httpclient.Response, error) {
	header.Set("Accept", "application/json")
	header.Set("OData-MaxVersion", "4.0")
	header.Set("OData-Version", "4.0")
	if method == http.MethodGet {
		header.Set("If-None-Match", "null") // the word: keeps stale expansions out
	}
	if body != nil && header.Get("Content-Type") == "" {
		header.Set("Content-Type", "application/json")
	}
	return c.http.Do(ctx, httpclient.Request{Method: method, URL: target, Header: header, Body: body})
}

func (c *Client) setURL(set string, q Query) (string, error) {
	if !isName(set) {
		return "", badQuery("table's set", set)
	}
	return c.address("/"+set, q)
}

func (c *Client) rowURL(set, id string, q Query) (string, error) {
	row := Bind(set, id)
	if row == "" {
		return "", fault.New(fault.Invalid, "set and id are not a name and a GUID").With("id.invalid", "")
	}
	return c.address(row, q)
}

func (c *Client) address(path string, q Query) (string, error) {
	query, err := q.encode()
	return c.root + path + query, err
}

func wrap(doing, set, id string, err error) error {
	return fmt.Errorf("%s %s(%s): %w", doing, shorten(set, 64), shorten(id, 64), err)
}

package partnercenter

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/httpclient"
	"github.com/cosell-sync/cosell-sync/shared/jsonread"
)

// maxPages bounds one list: at the default page that is two million referrals.
const maxPages = 20_000

// page is one answer of a list.
type page struct {
	items [][]byte // as they are written
	next  string   // link
}

// readPage reads an answer that must be a list.
func readPage(body []byte) (p page, ok bool) {
	text := jsonread.Of(string(body))
	text.Object(func(name string) {
		switch name {
		case "value":
			if !text.Null() {
				p.items = [][]byte{}
				text.List(func() { p.items = append(p.items, []byte(text.Raw())) })
			}
		case "@odata.nextLink":
			p.next = strings.Clone(text.Text())
		}
	})
	return p, text.End() == nil && p.items != nil
}

// List calls each for every referral until it returns false, and gives the server's clock of the first
// answer. Items may be partial, and may lack an ETag. An item without an id, of which Query.Left is told, or with one that came
// before, is left out. Denied: the list is not ours to read. Broken: paging goes in circles, so the list is not
// whole.
func (c *Client) List(ctx context.Context, q Query, each func(Document) (more bool)) (time.Time, error) {
	date, err := c.list(ctx, q, each)
	if err != nil {
		return date, fmt.Errorf("listing referrals: %w", err)
	}
	return date, nil
}

func (c *Client) list(ctx context.Context, q Query, each func(Document) bool) (time.Time, error) {
	seen := map[string]bool{}
	return c.paged(ctx, q, func(resp *httpclient.Response) (next string, err error) {
		p, ok := readPage(resp.Body)
		if !ok {
			return "", noList()
		}
		if !c.offer(ctx, p.items, resp.Date(), seen, q.Left, each) {
			return "", nil
		}
		return p.next, nil
	})
}

// paged asks for a list page by page, and gives the server's clock of the first answer. take gives the link of a page to the
// one after it; "" ends the list.
func (c *Client) paged(ctx context.Context, q Query, take func(*httpclient.Response) (next string, err error)) (date time.Time, err error) {
	query, err := q.encode()
	if err != nil {
		return date, err
	}
	for links := map[string]bool{}; len(links) < maxPages && !links[query]; {
		links[query] = true
		resp, err := c.askList(ctx, query)
		if err != nil {
			return date, err
		}
		if date.IsZero() {
			date = resp.Date()
		}
		next, err := take(resp)
		if err != nil || next == "" {
			return date, err
		}
		if query, err = nextQuery(next); err != nil {
			return date, err
		}
	}
	return date, fault.New(fault.Broken, "the next page is one that was read before, or there is no end").With("list.circle", "")
}

func noList() error {
	return fault.New(fault.Broken, "the answer is not a list of referrals").With("answer.malformed", "")
}

// Probe asks for one referral, which changes nothing: it shows whether the token is good and the role is there. mfa is what
// Partner Center says of the token's second factor: "true", "false", or "" where it says nothing. Faults are those of
// List.
// https://learn.microsoft.com/partner-center/security/mfa-resources
func (c *Client) Probe(ctx context.Context) (mfa string, err error) {
	header := jsonHeader()
	header.Set("ValidateMfa", "true")
	resp, err := c.referralsHTTP.Do(ctx, httpclient.Request{Method: http.MethodGet, URL: c.referrals + "?$top=1", Header: header})
	switch {
	case err != nil:
		return "", fmt.Errorf("asking for one referral: %w", err)
	case resp.Status != http.StatusOK:
		return "", fmt.Errorf("asking for one referral: %w", classify(resp, everything))
	}
	return strings.ToLower(resp.Header.Get("isMfaCompliant")), nil
}

// askList asks for a page of a list.
func (c *Client) askList(ctx context.Context, query string) (*httpclient.Response, error) {
	target := c.referrals
	if query != "" {
		target += "?" + query
	}
	resp, err := c.referralsHTTP.Do(ctx, httpclient.Request{Method: http.MethodGet, URL: target, Header: jsonHeader()})
	if err != nil {
		return nil, err
	}
	if resp.Status != http.StatusOK {
		return nil, classify(resp, everything)
	}
	return resp, nil
}

func (c *Client) offer(ctx context.Context, items [][]byte, at time.Time, seen map[string]bool, left func(int), each func(Document) bool) bool {
	skipped, unusable := 0, 0
	defer func() {
		if left != nil && unusable > 0 {
			left(unusable)
		}
	}()
	for _, item := range items {
		d, err := ParseDocument(item, "", at)
		nameless := err != nil || guid(d.ID()) == ""
		if nameless {
			unusable++
		}
		if nameless || seen[d.ID()] {
			skipped++
			continue
		}
		seen[d.ID()] = true
		if !each(d) {
			return false
		}
	}
	if skipped > 0 {
		c.log.LogAttrs(ctx, slog.LevelWarn, "list items left out", slog.Int("count", skipped))
	}
	return true
}

// nextQuery takes the options of a next link. Host, scheme and path are ours: the documented link is
// http and lacks a part of the path, and a token must not follow it anywhere else.
func nextQuery(link string) (string, error) {
	u, err := url.Parse(link)
	if err != nil {
		return "", fault.New(fault.Broken, "the link to the next page cannot be read").With("list.link", "")
	}
	v, err := url.ParseQuery(u.RawQuery)
	if err != nil || v.Get("$skiptoken") == "" && v.Get("$skip") == "" {
		return "", fault.New(fault.Broken, "the link to the next page has no $skiptoken").With("list.link", "")
	}
	for name := range v {
		if !strings.HasPrefix(name, "$") {
			v.Del(name)
		}
	}
	return encodeQuery(v), nil
}

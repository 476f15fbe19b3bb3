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

func (c *Client) list(ctx context.Context, q Query, each func(Document) bool) (date time.Time, err error) {
	query, err := q.encode()
	if err != nil {
		return date, err
	}
	seen, links := map[string]bool{}, map[string]bool{}
	for range maxPages {
		p, at, err := c.page(ctx, query)
		if err != nil {
			return date, err
		}
		if date.IsZero() {
			date = at
		}
		if !c.offer(ctx, p.items, at, seen, q.Left, each) || p.next == "" {
			return date, nil
		}
		links[query] = true
		if query, err = nextQuery(p.next); err != nil {
			return date, err
		}
		if links[query] {
			break
		}
	}
	return date, fault.New(fault.Broken, "the next page is one that was read before").With("list.circle", "")
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

func (c *Client) page(ctx context.Context, query string) (page, time.Time, error) {
	target := c.referrals
	if query != "" {
		target += "?" + query
	}
	resp, err := c.referralsHTTP.Do(ctx, httpclient.Request{Method: http.MethodGet, URL: target, Header: jsonHeader()})
	if err != nil {
		return page{}, time.Time{}, err
	}
	if resp.Status != http.StatusOK {
		return page{}, time.Time{}, classify(resp, everything)
	}
	p, ok := readPage(resp.Body)
	if !ok {
		return page{}, time.Time{}, fault.New(fault.Broken, "the answer is not a list of referrals").With("answer.malformed", "")
	}
	return p, resp.Date(), nil
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
		nameless := err != nil || !plainGUID.MatchString(d.ID())
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

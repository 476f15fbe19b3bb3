package dataverse

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/httpclient"
	"github.com/cosell-sync/cosell-sync/shared/jsonread"
)

// maxPages bounds one read; a page holds 5,000 rows.
const maxPages = 1000

// exists recognises the refusal of If-None-Match: *. Older versions give no code with it.
func exists(err error) bool {
	var f *fault.Error
	return errors.As(err, &f) && f.Kind == fault.Conflict && (f.Code == codeExists || f.Code == "http.precondition.failed")
}

// pages calls each for every page from target on, and gives the link for later changes, if there is one.
// The same headers go with every page, as the service wants it. next is the link to the page that follows, "" where there is none that
// may be followed.
func (c *Client) pages(ctx context.Context, target string, header http.Header, each func(rows []Row, next string) error) (delta string, err error) {
	seen := map[string]bool{}
	for range maxPages {
		seen[target] = true
		resp, err := c.send(ctx, http.MethodGet, target, header.Clone(), nil)
		if err != nil {
			return "", err
		}
		if resp.Status != http.StatusOK {
			return "", classify(resp, reading())
		}
		p, ok := readPage(resp)
		if !ok {
			return "", fault.New(fault.Broken, "the answer %d (%d bytes) is not a list of rows", resp.Status, len(resp.Body)).With("answer.malformed", "")
		}
		var wrong error
		if target = ""; p.next != "" {
			target, wrong = c.following(p.next, seen)
		}
		if err := each(p.rows, target); err != nil {
			return "", err
		}
		if target == "" {
			return p.delta, wrong
		}
	}
	return "", circle()
}

// following gives a link to the next page back if it may be followed.
func (c *Client) following(link string, seen map[string]bool) (string, error) {
	if seen[link] {
		return "", circle()
	}
	return c.own(link)
}

func circle() error {
	return fault.New(fault.Broken, "the next page is one that was read before").With("list.circle", "")
}

// page is a part of a list.
type page struct {
	rows        []Row
	next, delta string // links
}

// readPage reads an answer that must be a list of rows.
func readPage(resp *httpclient.Response) (p page, ok bool) {
	text, date, odd := jsonread.Of(string(resp.Body)), resp.Date(), false
	text.Object(func(name string) {
		switch name {
		case "value":
			if text.Null() {
				return
			}
			p.rows = []Row{}
			text.List(func() {
				v := text.Value()
				tree, isRow := v.(map[string]any)
				odd = odd || !isRow && v != nil
				p.rows = append(p.rows, Row{tree: tree, date: date})
			})
		case "@odata.nextLink":
			p.next = strings.Clone(text.Text())
		case "@odata.deltaLink":
			p.delta = strings.Clone(text.Text())
		}
	})
	return p, text.End() == nil && p.rows != nil && !odd
}

// own gives a link of an answer back if it leads into this environment's Web API: it is opaque and must
// be followed to the letter, and our token goes with it.
func (c *Client) own(link string) (string, error) {
	u, err := url.Parse(link)
	if err != nil || u.Scheme != "https" || u.Host != c.base.Host || u.User != nil || u.Fragment != "" ||
		!strings.HasPrefix(u.Path, c.base.Path+"/") || strings.Contains(u.Path, "/..") {
		return "", fault.New(fault.Broken, "the link to more rows leads elsewhere").With("list.link", "")
	}
	return link, nil
}

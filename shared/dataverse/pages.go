package dataverse

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// maxPages bounds one read; a page holds 5,000 rows.
const maxPages = 1000

// exists recognises the refusal of If-None-Match: *. Older versions give no code with it.
func exists(err error) bool {
	var f *fault.Error
	return errors.As(err, &f) && f.Kind == fault.Conflict && (f.Code == codeExists || f.Code == "http.precondition.failed")
}

// pages calls each for every page from target on, and gives the link for later changes, if there is one.
// The same headers go with every page, as the service wants it.
func (c *Client) pages(ctx context.Context, target string, header http.Header, each func([]Row) error) (delta string, err error) {
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
		var p struct {
			Value []map[string]any `json:"value"`
			Next  string           `json:"@odata.nextLink"`
			Delta string           `json:"@odata.deltaLink"`
		}
		if err := decode(resp.Body, &p); err != nil || p.Value == nil {
			return "", fault.New(fault.Broken, "the answer %d (%d bytes) is not a list of rows", resp.Status, len(resp.Body)).With("answer.malformed", "")
		}
		rows := make([]Row, len(p.Value))
		for i, tree := range p.Value {
			rows[i] = Row{tree: tree, date: resp.Date()}
		}
		if err := each(rows); err != nil {
			return "", err
		}
		if p.Next == "" {
			return p.Delta, nil
		}
		if target, err = c.own(p.Next); err != nil {
			return "", err
		}
		if seen[target] {
			break
		}
	}
	return "", fault.New(fault.Broken, "the next page is one that was read before").With("list.circle", "")
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

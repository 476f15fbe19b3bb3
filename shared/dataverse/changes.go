package dataverse

import (
	"context"
	"fmt"
	"net/http"

	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// Changes reads a table's change feed page by page: without a link all rows, with one what changed
// since; one whose id is missing is among the rows. An error of each ends it. reached is the link for what follows the page, where there is
// one and the reading began with a link. next is the link for the following time. Gone: the link is too old or not of this environment;
// start again without one. Refused of class Ours: the table is not tracked, or not ours to read.
// https://learn.microsoft.com/power-apps/developer/data-platform/use-change-tracking-synchronize-data-external-systems
func (c *Client) Changes(ctx context.Context, set string, selects []string, deltaLink string, each func(rows []Row, deleted []string, reached string) error) (next string, err error) {
	target, header := deltaLink, http.Header{}
	if deltaLink == "" {
		header.Set("Prefer", "odata.track-changes")
		target, err = c.setURL(set, Query{Select: selects})
	} else if _, foreign := c.own(deltaLink); foreign != nil {
		err = fault.New(fault.Gone, "the link is not of this environment").With("changes.expired", "")
	}
	if err != nil {
		return "", fmt.Errorf("reading the changes of %s: %w", shorten(set, 64), err)
	}
	var taken error // what each said
	next, err = c.pages(ctx, target, header, func(page []Row, reached string) error {
		var deleted []string
		rows := page[:0]
		for _, r := range page {
			if r.Has("reason") && r.ETag() == "" {
				if id := r.ID("id"); id != "" {
					deleted = append(deleted, id)
					continue
				}
			}
			rows = append(rows, r)
		}
		if deltaLink == "" { // without its header the service would not follow it up to a link for later changes
			reached = ""
		}
		taken = each(rows, deleted, reached)
		return taken
	})
	if taken != nil {
		return "", taken
	}
	if err == nil {
		next, err = c.cursor(next)
	}
	if deltaLink != "" && unusable(err) {
		err = fault.New(fault.Gone, "the link for changes has expired: %w", err).With("changes.expired", "")
	}
	if err != nil {
		return "", fmt.Errorf("reading the changes of %s: %w", set, err)
	}
	return next, nil
}

// unusable: an answer to a link cannot tell a link that is too old from a column that is missing by now.
// Without the link, the next call does.
func unusable(err error) bool {
	if err == nil {
		return false
	}
	e := fault.Of(err)
	return e.Kind == fault.Gone || e.Kind == fault.Refused && (e.Status == http.StatusBadRequest || e.Status == http.StatusNotFound)
}

func (c *Client) cursor(delta string) (string, error) {
	if delta == "" {
		return "", fault.New(fault.Broken, "the last page has no link for later changes").With("answer.malformed", "")
	}
	return c.own(delta)
}

package partnercenter

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/httpclient"
)

// Brief is what a list says of a referral where nobody asks for more: reading the whole of each costs several times as
// much, and a list may have a million.
type Brief struct {
	ID                string `json:"id"`
	Status, Substatus string
	Updated           string    `json:"updatedDateTime"`
	Date              time.Time `json:"-"` // the server's clock when it answered
}

// At is when the referral was last changed; zero where the list does not say.
func (b Brief) At() time.Time {
	at, _ := time.Parse(time.RFC3339, b.Updated)
	return at
}

// Briefs is List of the briefs alone; an ETag that cannot be used leaves nothing out. An item that came before, by its id,
// comes again.
func (c *Client) Briefs(ctx context.Context, q Query, each func(Brief) (more bool, err error)) (date time.Time, err error) {
	query, err := q.encode()
	if err != nil {
		return date, fmt.Errorf("listing referrals: %w", err)
	}
	for links := map[string]bool{}; !links[query]; {
		links[query] = true
		p, at, err := c.briefPage(ctx, query)
		if err != nil {
			return date, fmt.Errorf("listing referrals: %w", err)
		}
		if date.IsZero() {
			date = at
		}
		more, err := c.offerBriefs(ctx, p.Value, at, q.Left, each)
		if err != nil || !more || p.Next == "" {
			return date, err
		}
		if query, err = nextQuery(p.Next); err != nil {
			return date, fmt.Errorf("listing referrals: %w", err)
		}
		if len(links) == maxPages {
			break
		}
	}
	return date, fault.New(fault.Broken, "listing referrals: the next page is one that was read before, or there is no end").With("list.circle", "")
}

// briefs is one answer of a list.
type briefs struct {
	Value []Brief `json:"value"`
	Next  string  `json:"@odata.nextLink"`
}

func (c *Client) briefPage(ctx context.Context, query string) (p briefs, at time.Time, err error) {
	target := c.referrals
	if query != "" {
		target += "?" + query
	}
	resp, err := c.referralsHTTP.Do(ctx, httpclient.Request{Method: http.MethodGet, URL: target, Header: jsonHeader()})
	if err != nil {
		return p, at, err
	}
	if resp.Status != http.StatusOK {
		return p, at, classify(resp, everything)
	}
	// An item of another shape is one that names no id; the others are read all the same.
	var shape *json.UnmarshalTypeError
	if err := json.Unmarshal(resp.Body, &p); err != nil && !errors.As(err, &shape) || p.Value == nil {
		return p, at, fault.New(fault.Broken, "the answer is not a list of referrals").With("answer.malformed", "")
	}
	return p, resp.Date(), nil
}

func (c *Client) offerBriefs(ctx context.Context, items []Brief, at time.Time, left func(int), each func(Brief) (bool, error)) (more bool, err error) {
	nameless := 0
	defer func() {
		if nameless == 0 {
			return
		}
		c.log.LogAttrs(ctx, slog.LevelWarn, "list items left out", slog.Int("count", nameless))
		if left != nil {
			left(nameless)
		}
	}()
	for _, b := range items {
		if b.ID = guid(b.ID); b.ID == "" {
			nameless++
			continue
		}
		b.Date = at
		if more, err := each(b); err != nil || !more {
			return false, err
		}
	}
	return true, nil
}

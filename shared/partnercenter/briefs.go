package partnercenter

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/httpclient"
)

// Brief is what a list says of a referral where nobody asks for more: reading the whole of each costs several times as
// much, and a list may have a million.
type Brief struct {
	ID                string `json:"id"`
	EngagementID      string `json:"engagementId"` // one for each deal, whoever's referral it is
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
	var taken error // what each said
	date, err = c.paged(ctx, q, func(resp *httpclient.Response) (string, error) {
		p, ok := readBriefs(resp.Body)
		if !ok {
			return "", noList()
		}
		var more bool
		if more, taken = c.offerBriefs(ctx, p.Value, resp.Date(), q.Left, each); !more {
			return "", taken
		}
		return p.Next, nil
	})
	if err != nil && taken == nil {
		return date, fmt.Errorf("listing referrals: %w", err)
	}
	return date, err
}

// briefs is one answer of a list.
type briefs struct {
	Value []Brief `json:"value"`
	Next  string  `json:"@odata.nextLink"`
}

// readBriefs reads an answer that must be a list. An item of another shape is one that names no id; the others are read all the
// same.
func readBriefs(body []byte) (p briefs, ok bool) {
	err := json.Unmarshal(body, &p)
	var shape *json.UnmarshalTypeError
	return p, (err == nil || errors.As(err, &shape)) && p.Value != nil
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

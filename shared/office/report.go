package office

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/ledger"
)

// Reports are the rows that daily reports are made of, and kept in.
type Reports interface {
	// HeldAndTimes hands over what is held, and rows that only keep a time, until each says false.
	HeldAndTimes(ctx context.Context, each func(ledger.HeldRow) bool) error
	Report(ctx context.Context, day string) (text string, ok bool, err error)
	// ShadowRows hands over what the last look at each record would have done, until each says false.
	ShadowRows(ctx context.Context, each func(cosell.Shadowed) bool) error
	DropShadowed(ctx context.Context, before time.Time) error
	DropWatched(ctx context.Context) error
	SaveReport(ctx context.Context, day, text string) error
	DropReports(ctx context.Context, before string) error
	Cursor(ctx context.Context, feed string) (string, error)
	SaveCursor(ctx context.Context, feed, value string) error
}

// Report is how things stood at the last pass of reconcile of a day (UTC). The lists are the oldest rows, as many as
// a table row takes; Counts are of all.
type Report struct {
	Day      string            `json:"day"` // 2026-11-26
	At       time.Time         `json:"at"`
	Counts   ReportCounts      `json:"counts"`
	Held     []Reported        `json:"held"`             // what one side did not take, or what waits for a person
	Ignored  []Reported        `json:"ignored"`          // referrals that are left alone for their CRM id; what is another tenant's is held
	Expiring []Reported        `json:"expiring"`         // invitations that end within four days
	Shadow   []cosell.Shadowed `json:"shadow,omitempty"` // in shadow mode: what would be otherwise
}

// ReportCounts are a report in numbers.
type ReportCounts struct {
	Held     int `json:"held"`
	Old      int `json:"old"` // of those: held for more than 14 days
	Ignored  int `json:"ignored"`
	Expiring int `json:"expiring"`
	// In shadow mode: records whose last look would have left them as they are, or would have changed or refused them.
	Same      int `json:"same,omitempty"`
	Different int `json:"different,omitempty"`
}

// Reported is a row of a report; Link opens its referral.
type Reported struct {
	Held
	Link string `json:"link,omitempty"`
	Old  bool   `json:"old,omitempty"` // held for more than 14 days
}

// Empty says that there is nothing to look at.
func (r Report) Empty() bool {
	c := r.Counts
	return c.Held+c.Ignored+c.Expiring+c.Different == 0
}

// dailyFeed is the cursor that says of which day the newest report is.
const dailyFeed = "report"

const (
	reportsKept = 30 * 24 * time.Hour
	longHeld    = 14 * 24 * time.Hour
	nextReport  = 24 * time.Hour
	// mostListed is how many rows a list has, and mostReport how long a report is, in bytes: a row of Table Storage
	// takes 1 MiB of UTF-16.
	mostListed = 500
	mostReport = 200_000
)

// Daily writes the report of the day anew, so that a day that is over has how it ended, and once a day removes what is
// older than 30 days. It reads the tables alone.
func (o *Office) Daily(ctx context.Context) error {
	now := o.Now().UTC()
	today := now.Format(time.DateOnly)
	last, err := o.Ledger.Cursor(ctx, dailyFeed)
	if err != nil {
		return err
	}
	if last != today {
		if err := o.tidy(ctx, now); err != nil {
			return err
		}
	}
	r, err := o.report(ctx, now)
	if err != nil {
		return err
	}
	if err := o.Ledger.SaveReport(ctx, today, r.text()); err != nil || last == today {
		return err
	}
	return o.Ledger.SaveCursor(ctx, dailyFeed, today)
}

// tidy removes old reports, and old rows of shadow mode: all of them once it is over.
func (o *Office) tidy(ctx context.Context, now time.Time) error {
	known := now
	if o.Shadow {
		known = now.Add(-reportsKept)
	} else if err := o.Ledger.DropWatched(ctx); err != nil {
		return err
	}
	if err := o.Ledger.DropShadowed(ctx, known); err != nil {
		return err
	}
	return o.Ledger.DropReports(ctx, now.Add(-reportsKept).Format(time.DateOnly))
}

// report lists how things stand.
func (o *Office) report(ctx context.Context, now time.Time) (Report, error) {
	r := Report{Day: now.Format(time.DateOnly), At: now, Held: []Reported{}, Ignored: []Reported{}, Expiring: []Reported{}}
	err := o.Ledger.HeldAndTimes(ctx, func(h ledger.HeldRow) bool {
		row := Reported{Held: heldOf(h.Held, h.OpportunityID, h.ReferralID), Old: now.Sub(h.Since) > longHeld}
		if h.ReferralID != "" {
			row.Link = strings.ReplaceAll(o.ReferralLink, "{id}", h.ReferralID)
		}
		switch {
		case h.Ending(now.Add(nextReport)):
			row.Old = false
			r.Expiring = append(r.Expiring, row)
		case h.Quiet:
		case h.Code == cosell.CodeForeign:
			row.Old = false
			r.Ignored = append(r.Ignored, row)
		default:
			r.Held = append(r.Held, row)
		}
		return true
	})
	for _, list := range [][]Reported{r.Held, r.Ignored, r.Expiring} {
		slices.SortFunc(list, func(a, b Reported) int { return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.ID, b.ID)) })
	}
	r.Counts = ReportCounts{Held: len(r.Held), Ignored: len(r.Ignored), Expiring: len(r.Expiring)}
	for _, h := range r.Held {
		if h.Old {
			r.Counts.Old++
		}
	}
	if err != nil || !o.Shadow {
		return r, err
	}
	return r, o.shadowed(ctx, &r)
}

// shadowed adds what would be otherwise. A record that is the same and has no referral is none of ours.
func (o *Office) shadowed(ctx context.Context, r *Report) error {
	err := o.Ledger.ShadowRows(ctx, func(s cosell.Shadowed) bool {
		switch {
		case !s.Same():
			r.Shadow = append(r.Shadow, s)
		case s.ReferralID != "":
			r.Counts.Same++
		}
		return true
	})
	slices.SortFunc(r.Shadow, func(a, b cosell.Shadowed) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.OpportunityID, b.OpportunityID))
	})
	r.Counts.Different = len(r.Shadow)
	return err
}

// text is the report as it is kept: lists that do not fit into a row are cut.
func (r Report) text() string {
	for most := mostListed; ; most /= 2 {
		for _, list := range []*[]Reported{&r.Held, &r.Ignored, &r.Expiring} {
			*list = (*list)[:min(most, len(*list))]
		}
		r.Shadow = r.Shadow[:min(most, len(r.Shadow))]
		text, _ := json.Marshal(r)
		if len(text) <= mostReport || most == 0 {
			return string(text)
		}
	}
}

// Report gives the report of a day, the newest one for "". Invalid: that is no day. Gone: there is none.
func (o *Office) Report(ctx context.Context, day string) (r Report, err error) {
	if day == "" {
		if day, err = o.Ledger.Cursor(ctx, dailyFeed); err != nil {
			return r, err
		}
		if day == "" {
			return r, fault.New(fault.Gone, "there is no report yet").With("report.none", "the next pass of reconcile writes it")
		}
	} else if _, err := time.Parse(time.DateOnly, day); err != nil {
		return r, fault.New(fault.Invalid, "%q is no day: write it as 2026-11-26", day)
	}
	text, ok, err := o.Ledger.Report(ctx, day)
	if err != nil {
		return r, err
	}
	if !ok {
		return r, fault.New(fault.Gone, "there is no report of %s", day).With("report.none", "reconcile writes one on each day (UTC), and each is kept for 30 days")
	}
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		return r, fault.New(fault.Broken, "the report of %s cannot be read: %w", day, err)
	}
	return r, nil
}

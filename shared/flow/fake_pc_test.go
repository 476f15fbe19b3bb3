package flow_test

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// pc is Partner Center.
type pc struct{ *world }

func (w pc) answer(r cosell.Referral) cosell.Referral {
	r.Record, r.Read = r.Record.Clone(), w.now
	return r
}

func (w pc) Get(_ context.Context, id string) (cosell.Referral, error) {
	w.counts["PC GET"]++
	w.boundary()
	if w.outagePC != nil {
		return cosell.Referral{}, w.outagePC
	}
	shown := w.shown(id, w.pcLag)
	r := shown.referral
	if !shown.was {
		return r, fault.New(fault.Gone, "no referral %s", id)
	}
	if r.Microsoft && w.hidden {
		return cosell.Referral{}, fault.New(fault.Refused, "referral %s is Microsoft's", id)
	}
	if old, was := w.oldReferrals[id]; was && w.stale != nil && w.stale() {
		r = old
	}
	return w.answer(r), nil
}

func (w pc) Put(ctx context.Context, r cosell.Referral, values cosell.Record) (cosell.Referral, error) {
	if fault.Rehearsing(ctx) {
		return r, fault.ErrRehearsed
	}
	w.counts["PC PATCH"]++
	w.boundary()
	if err := w.refusedByPC(values); err != nil {
		return r, err
	}
	if w.refusePatch != nil {
		if err := w.refusePatch(values); err != nil {
			return r, err
		}
	}
	if w.referrals[r.ID].Microsoft {
		w.t.Errorf("%v was written to Microsoft's referral", values)
	}
	if r.Version != w.referrals[r.ID].Version {
		return r, fault.New(fault.Conflict, "stale")
	}
	w.doors(w.referrals[r.ID].Record, values)
	w.puts++
	if w.onPCPut != nil {
		w.onPCPut(values)
	}
	w.portal(r.ID, values)
	if w.afterPCPut != nil {
		w.afterPCPut(w.referrals[r.ID].Record)
	}
	answer := w.answer(w.referrals[r.ID])
	w.boundary()
	if again := w.maybePC; again != nil {
		w.maybePC = nil
		return r, again
	}
	return answer, nil
}

func (w pc) refusedByPC(values cosell.Record) error {
	err := w.refusePC
	if err == nil && w.refusePCBy != nil {
		err = w.refusePCBy(values)
	}
	if err != nil {
		w.refusals++
	}
	return err
}

func (w pc) Create(ctx context.Context, o cosell.Opportunity, d cosell.Draft) (cosell.Referral, bool, error) {
	if fault.Rehearsing(ctx) {
		return cosell.Referral{}, false, fault.ErrRehearsed
	}
	w.counts["PC POST"]++
	w.boundary()
	if err := w.refusedByPC(d.Values); err != nil {
		return cosell.Referral{}, false, err
	}
	if d.Microsoft && w.onInvite != nil {
		w.onInvite()
	}
	if d.Microsoft && w.refuseInvite != nil {
		return cosell.Referral{}, false, w.refuseInvite
	}
	if d.Microsoft && w.inviteOnce && slices.ContainsFunc(w.microsofts(), func(r cosell.Referral) bool { return r.EngagementID == d.EngagementID }) {
		return cosell.Referral{}, false, fault.New(fault.Conflict, "Microsoft is in the engagement").Answered(http.StatusConflict)
	}
	if w.loseRequest {
		w.loseAnswer, w.loseRequest = false, false
		return cosell.Referral{}, true, fault.New(fault.Broken, "cut")
	}
	w.posts++
	id := w.id()
	r := cosell.Referral{EngagementID: d.EngagementID, Microsoft: d.Microsoft, AcceptedAt: w.now, CreatedAt: w.now,
		Side: cosell.Side{ID: id, Version: w.nextVersion(), Modified: w.now}}
	if d.Microsoft {
		r.Record = cosell.Record{cosell.MicrosoftStatus: "Pending", cosell.Help: d.Help}
	} else {
		r.EngagementID = w.id()
		r.Record = d.Values.Clone()
		delete(r.Record, cosell.Help)
		r.Record = after(r.Record, cosell.Record{cosell.Status: cosell.Accepted, cosell.CRMID: o.ID, cosell.Solutions: "", cosell.Contacts: ""})
	}
	w.keep(id)
	w.referrals[id] = r
	w.boundary()
	if w.loseAnswer {
		w.loseAnswer = false
		return r, true, fault.New(fault.Broken, "cut")
	}
	return w.answer(r), false, nil
}

func (w pc) Open(context.Context) (out []cosell.Referral, err error) {
	w.counts["PC GET"]++
	for _, id := range sorted(w.referrals) {
		if r := w.referrals[id]; !r.Microsoft && !cosell.ReferralClosed(r.Record[cosell.Status]) {
			out = append(out, w.answer(r))
		}
	}
	return out, nil
}

// Register refuses whatever it is sent; the simulator's does more.
func (w pc) Register(context.Context, cosell.Referral, cosell.Record) (string, bool, error) {
	w.counts["PC PATCH registration"]++
	return "", false, fault.New(fault.Refused, "the signature is too old").OfClass(fault.Record)
}

func (w pc) Engagement(_ context.Context, id string) ([]cosell.Referral, error) {
	w.counts["PC GET"]++
	w.boundary()
	var out []cosell.Referral
	for _, r := range w.referrals {
		if r.EngagementID == id && !(r.Microsoft && w.hidden) {
			out = append(out, w.answer(r))
		}
	}
	return out, nil
}

func (w pc) FindCreated(_ context.Context, opportunity string, since time.Time) ([]cosell.Referral, error) {
	w.counts["PC GET"]++
	w.boundary()
	var out []cosell.Referral
	for _, r := range w.referrals {
		if r.Record[cosell.CRMID] == opportunity && !r.CreatedAt.Before(since) {
			out = append(out, w.answer(r))
		}
	}
	return out, nil
}

func (w pc) Changed(_ context.Context, cursor string, each func(cosell.Hint) error) (string, error) {
	w.boundary()
	if w.feedAway != nil {
		return "", w.feedAway
	}
	for _, id := range sorted(w.referrals) {
		if w.tells(cursor, w.referrals[id].Modified) {
			if err := each(cosell.Hint{Kind: "referral", ID: id, Deal: w.referrals[id].EngagementID, Shown: cosell.Shown{ID: id, Modified: w.referrals[id].Modified}}); err != nil {
				return "", err
			}
		}
	}
	return w.nextCursor(cursor), nil
}

// doors are what no request of ours may ever try.
func (w pc) doors(now, values cosell.Record) {
	status, closing := values[cosell.Status]
	_, help := values[cosell.Help]
	switch {
	case cosell.ReferralClosed(now[cosell.Status]):
		w.t.Errorf("%v was written to a closed referral", values)
	case now[cosell.Visibility] == cosell.True && values[cosell.Visibility] == cosell.False:
		w.t.Error("a visible deal was hidden")
	case help:
		w.t.Error("the help asked for was changed")
	case closing && (status == cosell.Pending || now[cosell.Status] == cosell.Accepted && status == cosell.Accepted):
		w.t.Errorf("from %s to %s", now[cosell.Status], status)
	}
}

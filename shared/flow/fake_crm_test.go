package flow_test

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// crm is the CRM.
type crm struct{ *world }

func (w crm) answer(o cosell.Opportunity) cosell.Opportunity {
	o.Record, o.Read = o.Record.Clone(), w.now
	return o
}

func (w crm) Get(_ context.Context, id string) (cosell.Opportunity, error) {
	w.counts["CRM GET"]++
	w.boundary()
	if w.refuseReadCRM != nil {
		return cosell.Opportunity{}, w.refuseReadCRM
	}
	shown := w.shown(id, w.crmLag)
	o := shown.opportunity
	if !shown.was {
		return o, fault.New(fault.Gone, "no opportunity %s", id)
	}
	if old, was := w.oldOpportunities[id]; was && w.stale != nil && w.stale() {
		o = old
	}
	return w.answer(o), nil
}

func (w crm) Put(ctx context.Context, o cosell.Opportunity, values cosell.Record) (cosell.Opportunity, error) {
	if fault.Rehearsing(ctx) {
		return o, fault.ErrRehearsed
	}
	w.counts["CRM PATCH"]++
	w.boundary()
	if w.beforeCRMPut != nil {
		w.beforeCRMPut()
		w.beforeCRMPut = nil
	}
	if w.refuseCRM != nil {
		if err := w.refuseCRM(values); err != nil {
			w.refusals++
			return o, err
		}
	}
	if o.Version != w.opportunities[o.ID].Version {
		return o, fault.New(fault.Conflict, "stale")
	}
	w.crmWrites++
	if w.onCRMPut != nil {
		w.onCRMPut(values)
	}
	w.keep(o.ID)
	now := w.opportunities[o.ID]
	now.Record = after(now.Record, w.tasked(values))
	if w.afterCRMPut != nil {
		w.afterCRMPut(now.Record)
	}
	now.Version, now.Modified = w.nextVersion(), w.now
	w.opportunities[o.ID] = now
	w.boundary()
	if again := w.maybeCRM; again != nil {
		w.maybeCRM = nil
		return o, again
	}
	if w.crmLag > 0 && bySet(values) {
		return now, notShown(o.ID)
	}
	return w.answer(now), nil // as it was written
}

// bySet says whether a write needs a change set: what comes with its answer is read, and may be old.
func bySet(values cosell.Record) bool {
	_, closing := values[cosell.Status]
	return closing || values[cosell.Task] != "" || len(values.Members(cosell.Solutions)) > 0
}

func notShown(id string) error {
	e := fault.Stale("opportunity %s was written and is shown as it was before", id)
	e.Maybe = true
	return e
}

func (w crm) ID(referralID string) string {
	if w.bornAs != "" {
		return w.bornAs
	}
	return "2" + referralID[1:]
}

func (w crm) FindByReferral(_ context.Context, id string) ([]cosell.Opportunity, error) {
	w.counts["CRM GET"]++
	w.boundary()
	for _, o := range w.opportunities {
		if o.Record[cosell.ReferralID] == id {
			return []cosell.Opportunity{w.answer(o)}, nil
		}
	}
	return nil, nil
}

// resembled is the deal of the same customer that a referral resembles; "" for none.
func (w crm) resembled(r cosell.Referral) string {
	for _, id := range sorted(w.opportunities) {
		o := w.opportunities[id].Record
		if w.alike && !slices.Contains(r.Unlike, id) && o[cosell.CustomerName] == r.Record[cosell.CustomerName] && r.Resembles(o) {
			return id
		}
	}
	return ""
}

func (w crm) Create(ctx context.Context, id string, referral cosell.Referral, values cosell.Record) (cosell.Opportunity, error) {
	if fault.Rehearsing(ctx) {
		return cosell.Opportunity{}, fault.ErrRehearsed
	}
	w.boundary()
	w.counts["CRM change set"]++
	if o, ok := w.opportunities[id]; ok {
		o = w.answer(o)
		o.Found = true
		return o, thereUnread(w.refuseReadCRM)
	}
	if other := w.resembled(referral); other != "" {
		return cosell.Opportunity{}, fault.New(fault.Refused, "alike").OfClass(fault.Rule).With(cosell.CodeUnconfirmed, "").Naming(other)
	}
	if w.refuseNew != nil {
		if err := w.refuseNew(values); err != nil {
			w.refusals++
			return cosell.Opportunity{}, err
		}
	}
	w.crmWrites++
	r := after(after(empty(), w.relatives), w.tasked(values))
	r = after(r, cosell.Record{cosell.Solutions: "", cosell.Contacts: ""})
	if w.afterCreate != nil {
		w.afterCreate(r)
	}
	made := cosell.Opportunity{Side: cosell.Side{ID: id, Version: w.nextVersion(), Record: r}, Untouched: true}
	if w.lateNew {
		w.lateNew = false
		w.commit = func() { w.opportunities[id] = made }
		return cosell.Opportunity{}, fault.New(fault.Broken, "no answer")
	}
	w.keep(id)
	w.opportunities[id] = made
	w.boundary()
	if w.cutShort { // rows are made one by one, the answer to the first is lost, and the next try finds it without the others
		w.cutShort = false
		maps.DeleteFunc(made.Record, func(f cosell.Field, _ string) bool { _, _, member := f.List(); return member })
		return w.Create(ctx, id, referral, values)
	}
	if w.crmLag > 0 {
		return made, notShown(id)
	}
	return w.answer(made), thereUnread(w.refuseReadCRM) // read in the same batch
}

// thereUnread is the answer to a creation whose row is there and may not be read.
func thereUnread(refused error) error {
	if refused == nil {
		return nil
	}
	made := *fault.Of(refused)
	made.Maybe = true
	return &made
}

func (w crm) Wanting(context.Context) (out []cosell.Opportunity, err error) {
	for _, id := range sorted(w.opportunities) {
		if o := w.opportunities[id]; o.Synced() && o.Record[cosell.ReferralID] == "" && !cosell.OpportunityClosed(o.Record[cosell.Status]) {
			out = append(out, w.answer(o))
		}
	}
	return out, nil
}

func naming(o cosell.Opportunity) cosell.Naming {
	n := cosell.Naming{Referral: strings.ToLower(o.Record[cosell.ReferralID]), Synced: o.Synced(), Status: o.Record[cosell.Status]}
	if !cosell.OpportunityClosed(n.Status) {
		n.Status = cosell.Open
	}
	return n
}

func (w crm) Linked(context.Context) (map[string]cosell.Naming, error) {
	out := map[string]cosell.Naming{}
	for id, o := range w.opportunities {
		if named := o.Record[cosell.ReferralID]; named != "" || o.Synced() {
			out[id] = naming(o)
		}
	}
	return out, nil
}

func (w crm) Exist(_ context.Context, ids []string) (map[string]bool, error) {
	out := map[string]bool{}
	for _, id := range ids {
		_, out[id] = w.opportunities[id]
	}
	return out, nil
}

func (w crm) Related(_ context.Context, _, _ string) ([]string, error) {
	w.boundary()
	if w.unseenPeople {
		return w.naming, unseenPeople()
	}
	return sorted(w.opportunities), nil
}

func unseenPeople() error {
	return fault.New(fault.Refused, "no").OfClass(fault.Ours).With(cosell.CodePeopleUnread, "")
}

func (w crm) SeesPeople(context.Context) (bool, error) {
	w.counts["CRM people"]++
	return !w.unseenPeople, nil
}

func (w crm) OpportunityOf(_ context.Context, row string) (string, bool, error) {
	id, ok := w.hangsOn[row]
	return id, ok, nil
}

func (w crm) Changed(_ context.Context, kind, cursor string, each func([]cosell.Hint, string) error) (next string, came bool, err error) {
	if kind == "connection" { // from now on
		if w.unseenPeople {
			return "", false, unseenPeople()
		}
		return w.nextCursor(cursor), false, nil
	}
	w.boundary()
	var page []cosell.Hint
	for _, id := range sorted(w.opportunities) {
		if w.tells(cursor, w.opportunities[id].Modified) {
			page = append(page, cosell.Hint{Kind: kind, ID: id, Shown: cosell.Shown{ID: id, Version: w.opportunities[id].Version, Modified: w.opportunities[id].Modified}})
		}
	}
	if err := each(page, ""); err != nil {
		return "", false, err
	}
	return w.nextCursor(cursor), len(page) > 0, nil
}

func (w crm) Emptied(_ context.Context, o cosell.Opportunity) (cosell.Opportunity, error) {
	w.boundary()
	o.Born, o.Record = w.born, o.Record.Clone()
	for f := range w.secured {
		if o.Record[f] == "" {
			delete(o.Record, f)
		}
	}
	return o, nil
}

func (w crm) Follows(string, string) bool { return true }

func (w crm) Kinds() []string { return []string{"opportunity", "connection"} }

// tasked keeps what was asked about tasks apart: CRM has no such column.
func (w crm) tasked(values cosell.Record) cosell.Record {
	if t := values[cosell.Task]; t != "" {
		w.tasks = append(w.tasks, t)
	}
	values = values.Clone()
	delete(values, cosell.Task)
	return values
}

package mapping_test

import (
	"context"
	"testing"

	"github.com/cosell-sync/cosell-sync/infra/local/dataversesim"
	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/dataverse"
)

// tasks gives the states and owners of all tasks in CRM, oldest first.
func (w *world) tasks(t *testing.T) (states, owners []string) {
	t.Helper()
	rows, err := w.crm.List(context.Background(), "tasks", dataverse.Query{Select: []string{"statecode", "subject", "scheduledend", "_ownerid_value", "_regardingobjectid_value"}, OrderBy: "createdon asc"})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		if r.Text("subject") == "" || r.Text("scheduledend") != expiry || r.Text("_regardingobjectid_value") == "" {
			t.Errorf("%+v", r)
		}
		states, owners = append(states, r.Text("statecode")), append(owners, r.Text("_ownerid_value"))
	}
	return states, owners
}

const expiry = "2026-04-14T09:00:00Z"

// invitation is an opportunity that was just made of a pending referral; calls is what it took.
func (w *world) invitation(t *testing.T) (o cosell.Opportunity, calls int) {
	t.Helper()
	ctx := context.Background()
	_, own, _ := w.shared(t)
	values := cosell.Record{cosell.Name: "Invited", cosell.Status: cosell.OnHold, cosell.Sync: cosell.True, cosell.Expires: expiry}
	if _, err := w.opportunities.Create(ctx, w.opportunities.ID("warm"), own, values); err != nil { // what is cached is read
		t.Fatal(err)
	}
	values[cosell.Task], values[cosell.ReferralID] = cosell.TaskAnswer, own.ID
	before := len(w.dv.calls)
	o, err := w.opportunities.Create(ctx, w.opportunities.ID(own.ID), own, values)
	if err != nil {
		t.Fatal(err)
	}
	return o, len(w.dv.calls) - before
}

func TestR77_TheOwnerHasATaskUntilTheInvitationIsAnswered(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	o, _ := w.invitation(t)
	states, owners := w.tasks(t)
	if len(states) != 1 || states[0] != "0" || owners[0] != dataversesim.SellerID {
		t.Fatalf("at arrival: states %v, owners %v", states, owners)
	}
	for _, c := range []struct {
		task string
		want int
		done string
	}{{cosell.TaskReminder, 2, "0"}, {cosell.TasksDone, 2, "1"}} {
		for range 2 { // the second time is a repetition
			before := len(w.dv.calls)
			written, err := w.opportunities.Put(ctx, o, cosell.Record{cosell.Task: c.task, cosell.Audit: c.task})
			if err != nil || written.Record[cosell.Audit] != c.task {
				t.Fatalf("%s: %v %q", c.task, err, written.Record[cosell.Audit])
			}
			if n := len(w.dv.calls) - before; c.task == cosell.TasksDone && n != 3 { // a read of each of the two, and one transaction
				t.Errorf("%s takes %d calls", c.task, n)
			}
			o = written
		}
		states, owners = w.tasks(t)
		if len(states) != c.want || states[0] != c.done || states[len(states)-1] != c.done || owners[len(owners)-1] != dataversesim.SellerID {
			t.Errorf("%s: states %v, owners %v", c.task, states, owners)
		}
	}
}

func TestR77_ATaskThatCRMRefusesHoldsNothingBack(t *testing.T) {
	for name, refuse := range map[string]func(w *world){
		"no right": func(w *world) {
			w.post(t, "/privileges", `{"table":"activitypointer","operation":"create","allowed":false}`)
		},
		"a rule of theirs": func(w *world) {
			w.post(t, "/rules", `{"match":{"table":"task"},"message":"tasks are made by the marketing department"}`)
		},
	} {
		w := newWorld(t)
		refuse(w)
		o, calls := w.invitation(t)
		if states, _ := w.tasks(t); len(states) != 0 || o.Record[cosell.Status] != cosell.OnHold {
			t.Errorf("%s: tasks %v, status %q", name, states, o.Record[cosell.Status])
		}
		t.Logf("%s: %d calls", name, calls)
		o, err := w.opportunities.Put(context.Background(), o, cosell.Record{cosell.Task: cosell.TasksDone, cosell.Status: cosell.Open})
		if err != nil || o.Record[cosell.Status] != cosell.Open {
			t.Errorf("%s: %v %q", name, err, o.Record[cosell.Status])
		}
	}
}

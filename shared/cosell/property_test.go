package cosell

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// refuseSome plays two systems that refuse some atoms of a plan, drawn at random, and take the rest.
func refuseSome(t *rapid.T, in Pairing, plan Plan) (Pairing, Plan, Written) {
	for _, place := range []Place{InPartnerCenter, InCRM} {
		for _, atom := range Atoms(plan.at(place)) {
			if rapid.IntRange(0, 4).Draw(t, "refused") == 0 {
				plan = plan.Without(Problem{Code: "no", Field: first(atom), Place: place, Class: OfRecord, Text: "no"}, atom)
			}
		}
	}
	after, done := write(in, plan)
	if done.Referral != nil {
		done.Referral.Version = "r2"
	}
	if done.Opportunity != nil {
		done.Opportunity.Version, after.Opportunity.row.Version = "o2", "o2"
	}
	return after, plan, done
}

// Every edit is on the other side, in a row of what is held, or named as the loser of a conflict.
func TestI1_NoEditIsLostWhateverIsRefused(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pc, crm := edits(t, "pc"), edits(t, "crm")
		in := edit(pc, crm)
		after, plan, done := refuseSome(t, in, Merge(in))
		pair := in.Settle(plan, done, "")
		for f, v := range crm {
			_, both := pc[f]
			there := after.Referral.Record[f] == v || both && after.Opportunity.row.Record[f] != v
			if !there && !heldOf(pair, f) {
				t.Fatalf("CRM's %s = %q is nowhere: referral %q, held %+v", f, v, after.Referral.Record[f], pair.Held)
			}
		}
		for f, v := range pc {
			want := v
			if f == Notes {
				want = cut(v)
			}
			_, both := crm[f]
			there := after.Opportunity.row.Record[f] == want || both && after.Referral.Record[f] != v || v == in.Pair.Base.Referral[f]
			if !there && !heldOf(pair, f) {
				t.Fatalf("Partner Center's %s = %q is nowhere: opportunity %q, held %+v", f, v, after.Opportunity.row.Record[f], pair.Held)
			}
		}
	})
}

func heldOf(p Pair, f Field) bool {
	list, _, member := f.List()
	return slices.ContainsFunc(p.Held, func(h Held) bool {
		other, _, isMember := h.Field.List()
		return h.Field == f || member && isMember && other == list || member && h.Field == list
	})
}

// What was refused is not written a second time, what was taken is not either; and nothing is told twice.
func TestI29_ASecondRunAsksNothingThatWasRefused(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := edit(edits(t, "pc"), edits(t, "crm"))
		after, plan, done := refuseSome(t, in, Merge(in))
		after.Pair = in.Settle(plan, done, "")
		for range 3 {
			again := Merge(after)
			if len(again.ToReferral)+len(again.ToOpportunity) != 0 {
				t.Fatalf("asked again: %v and %v, held %+v", again.ToReferral, again.ToOpportunity, after.Pair.Held)
			}
			if lines := after.Lines(again, Written{}, words); len(lines) != 0 {
				t.Fatalf("told again: %q", lines)
			}
			after.Pair = after.Settle(again, Written{}, "")
		}
	})
}

// Once the sides take everything, what was held arrives at its time, and both say the same.
func TestR103_WhatWasHeldArrivesWhenItIsDue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := edit(edits(t, "pc"), edits(t, "crm"))
		after, plan, done := refuseSome(t, in, Merge(in))
		after.Pair = in.Settle(plan, done, "")
		for range 3 {
			after.At = after.At.Add(25 * time.Hour)
			now := Merge(after)
			next, taken := write(after, now)
			next.Pair = after.Settle(now, taken, "")
			after = next
		}
		if slices.ContainsFunc(after.Pair.Held, func(h Held) bool { return h.Code == "no" }) {
			t.Fatalf("still held: %+v", after.Pair.Held)
		}
		for _, f := range []Field{Name, DealValue, ClosingDate, "solutions/SOL-1", "solutions/SOL-2"} {
			if after.Referral.Record[f] != after.Opportunity.row.Record[f] {
				t.Fatalf("%s is %q and %q", f, after.Referral.Record[f], after.Opportunity.row.Record[f])
			}
		}
	})
}

// Atoms loses nothing, tears nothing apart and puts the closing last.
func TestAtomsAreTheWholeChange(t *testing.T) {
	fields := []Field{Name, DealValue, Currency, ClosingDate, Notes, Status, Reason, Visibility, "solutions/a", "solutions/b", "team/k"}
	rapid.Check(t, func(t *rapid.T) {
		changes := Record{}
		for _, f := range rapid.SliceOfDistinct(rapid.SampledFrom(fields), rapid.ID[Field]).Draw(t, "fields") {
			changes[f] = rapid.SampledFrom([]string{"", "v", Accepted, Won, Lost}).Draw(t, string(f))
		}
		seen := Record{}
		atoms := Atoms(changes)
		for i, atom := range atoms {
			for f, v := range atom {
				if _, twice := seen[f]; twice {
					t.Fatalf("%s is in two atoms", f)
				}
				seen[f] = v
			}
			if _, closing := atom[Status]; closing && i != len(atoms)-1 {
				t.Fatalf("the closing is number %d of %d", i+1, len(atoms))
			}
			_, value := atom[DealValue]
			_, currency := atom[Currency]
			if _, both := changes[Currency]; value && both && !currency {
				t.Fatal("the amount goes without its currency")
			}
		}
		if len(seen) != len(changes) {
			t.Fatalf("%v became %v", changes, seen)
		}
	})
}

// Whatever was written before a death, the redelivery neither writes it again nor takes it for somebody's.
func TestI26_ResolveOfAnyWriteFindsNothingLeftToDo(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := edit(nil, edits(t, "crm"))
		plan := Merge(in)
		if len(plan.ToReferral) == 0 {
			return
		}
		in.Pair.Sending = in.NewSending(InPartnerCenter, plan, noon)
		after, _ := write(in, plan)
		after.Referral.Version = "r2"
		after.Pair = in.Pair.Resolve(after.Referral.Side)
		if again := Merge(after); len(again.ToReferral)+len(again.ToOpportunity)+len(again.Problems) != len(plan.Problems) {
			t.Fatalf("%v, %v, %v", again.ToReferral, again.ToOpportunity, again.Problems)
		}
		notMade := in
		notMade.Pair = in.Pair.Resolve(in.Referral.Side)
		if again := Merge(notMade); len(again.ToReferral) != len(plan.ToReferral) {
			t.Fatalf("not made, and not made again: %v", again.ToReferral)
		}
	})
}

// Package cosell is the heart: what a referral and an opportunity are to each other, how the two are
// compared with what they last agreed on, and what may be written where. It is pure: standard library
// only, no clock, no network.
//
//	what there is               record.go: a record, its fields; ids.go; rule.go: of a field; pair.go, base.go: what was agreed; known.go
//	comparing                   merge.go: the table of a field; first.go: two that meet; sides.go, leaders.go, unsaid.go, blank.go
//	the life cycle              status.go: the table; lead.go; microsoft.go, invitation.go, registration.go
//	what must not be            guard.go: the one-way doors; preflight.go: what is missing; conflict.go: what gave way; leftalone.go; truths.go; share.go
//	what nobody asked for       brake.go: put aside, and how much of it is too much; restored.go: what older tables cannot decide
//	what was refused            problem.go: held; withhold.go: until it, or what refused it, has changed; ignored.go: said yes to and not taken
//	the plan, and its end       plan.go: final before the first write; sending.go: noted before, making.go: of a creation, overlaid.go: one over another; settle.go: the new base; creation.go: the first
//	what changed underneath     moved.go: a field stands elsewhere; renewed.go: its column is another; reopened.go: a won deal
//	what a reading is worth     sight.go: versions; lagging.go: lists that are behind
//	the customer                customer.go: goes as one; resembles.go, pasted.go: is it this deal
//	what people are told        words.go, audit.go, shown.go; acts.go, parting.go: what they ask for on the form; shadowed.go: what is only watched
package cosell

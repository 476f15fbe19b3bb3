// Package flow is the straight line of each job: read, decide, write, remember. What is decided stands in cosell; what
// stands here is the order, and what becomes of each answer.
//
//	a hint comes                from_referral.go, from_opportunity.go, from_microsoft.go, reconcile.go; unnamed.go: too many rows for one each
//	what a pair does with it    phase.go: the one table; acts.go, parting.go: what a person asks for on the form
//	the two meet                meet.go, adopt.go, pasted.go, propose.go, resembles.go, second.go; left alone: scope.go, others.go
//	a record is made            create.go with once.go: a referral, once; make.go: an opportunity, whatever CRM refuses; lack.go: not yet
//	the two are compared        round.go, then write_referral.go, write_opportunity.go, narrow.go, invite.go; once won: register.go; the referral names the record: claim.go
//	of leads                    leads.go: the same line over another table; grow.go: a lead becomes an opportunity; apart.go: it does not; merged.go: another lead
//	what answers are worth      stale.go: an old copy; behind.go: older than its feed; unseen.go, unread.go: what is not shown, or may not be read; outage.go: how long; watched.go, say.go
//	a person asks               look.go, desk.go, census.go, census_closed.go, start.go
//	nobody asked                brake.go, let_go.go: put aside until it is known how much that is, and handed out again
//	nothing is written          rehearse.go over stage.go and stage_leads.go; shadow.go
//	ground                      flow.go, ports.go: what is needed of others; work.go: a pair on its way; locks.go
package flow

package flow

import (
	"context"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// Whether a partner may see Microsoft's referral is not documented. Where it is not shown, nobody can tell
// whether Microsoft was asked when the answer to that was lost.

// codeHelpUnknown is the machine word of that.
const codeHelpUnknown = "help.unknown"

// witnesses is how many other engagements are looked at.
const witnesses = 3

// absenceProves says whether Microsoft was not asked because its referral is not listed: not where the lists
// of other engagements, to which Microsoft was asked, do not show Microsoft's either. Without any nothing speaks
// against it, unless there are pairs that cannot be read: they may be such. Refused of class rule: it proves nothing, and Microsoft must not be asked twice.
func (f *Flow) absenceProves(ctx context.Context, opportunityID string) error {
	var others []string
	unread := false
	err := f.Ledger.Pairs(ctx, func(p cosell.Pair) bool {
		unread = unread || p.Unread
		if p.OpportunityID != opportunityID && p.MicrosoftID != "" && p.EngagementID != "" && p.Phase == cosell.Linked {
			others = append(others, p.EngagementID)
		}
		return len(others) < witnesses
	})
	if err != nil || len(others) == 0 && !unread {
		return err
	}
	for _, engagement := range others {
		if _, shown, err := f.microsoftIn(ctx, engagement); err != nil || shown {
			return err
		}
	}
	return fault.New(fault.Refused, "opportunity %s: the answer to the invitation of Microsoft was lost, and Microsoft's referrals are not listed", opportunityID).
		OfClass(fault.Rule).With(codeHelpUnknown, "").
		Saying("it is not known whether Microsoft was asked for help: the answer was lost, and Partner Center does not show Microsoft's referral",
			"look at the deal in Partner Center, and ask Microsoft there if it was not asked")
}

// invitedAlready: Partner Center says that Microsoft is in the engagement. Refused: and does not show its referral;
// it is not asked once more before the deal changes, or a day has gone by.
func (f *Flow) invitedAlready(ctx context.Context, engagementID string, intent cosell.Intent, cause error) (creation, error) {
	m, shown, err := f.microsoftIn(ctx, engagementID)
	if err != nil {
		return creation{}, err
	}
	if shown {
		return creation{referral: m, base: intent.Base}, nil
	}
	return creation{}, fault.New(fault.Refused, "opportunity %s: Microsoft has a referral of its engagement: %w", intent.OpportunityID, cause).
		With(codeHelpUnknown, "").
		Saying("Microsoft has a referral of this deal already, which Partner Center does not show", "look at the deal in Partner Center")
}

// notInvited is why Microsoft's referral is not known after it was asked for.
func (f *Flow) notInvited(err error) cosell.Problem {
	p := problemOf(cosell.InPartnerCenter, err, f.Rules, cosell.Help)
	if p.Code == codeHelpUnknown {
		p.Text, p.Warn = fault.Of(err).Say, true
		return p
	}
	p.Text = "Microsoft was not asked for help: " + p.Text
	return p
}

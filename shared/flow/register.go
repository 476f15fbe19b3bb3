package flow

import (
	"context"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// contractSigned is the field that begins a deal registration: without the day of the signature nothing is sent.
const contractSigned cosell.Field = "contractSigned"

// register registers a won deal with Microsoft, or brings changes of its registration there: the one write that a closed
// referral takes. The same values are tried once, whatever becomes of them; a changed one, or a person's retry, is
// another attempt. Kinds: Gone, Conflict, Later, Broken, Denied, Refused of class ours.
func (f *Flow) register(ctx context.Context, opportunityID string, h Hint) error {
	if len(f.Settings.Registration) == 0 || f.table == cosell.LeadTable || f.Settings.Options.Share == cosell.ShareNever {
		return nil
	}
	pair, known, err := f.Ledger.Find(ctx, opportunityID)
	if err != nil || !known || pair.Phase != cosell.Linked || pair.Base.Referral[cosell.Status] != cosell.Won || pair.Sending != nil {
		return err
	}
	o, err := f.Opportunities.Get(ctx, opportunityID)
	if fault.Is(err, fault.Gone) || err == nil && (o.Record[cosell.Status] != cosell.Won || !o.Synced()) {
		return nil
	}
	if err != nil {
		return err
	}
	values := cosell.Record{}
	for _, field := range f.Settings.Registration {
		if text := o.Record[field]; text != "" {
			values[field] = text
		}
	}
	if print := cosell.Print(values); values[contractSigned] != "" && (pair.Registered != print || h.Retry) {
		return f.sendRegistration(ctx, pair, o, values, print)
	}
	return nil
}

func (f *Flow) sendRegistration(ctx context.Context, pair cosell.Pair, o cosell.Opportunity, values cosell.Record, print string) error {
	r, err := f.Referrals.Get(ctx, pair.ReferralID)
	if err != nil || r.Record[cosell.Status] != cosell.Won {
		return err
	}
	state, changed, err := f.Referrals.Register(ctx, r, values)
	words := f.words(ctx, o.Read)
	line, result := words.Done(cosell.ToPartnerCenter, "deal registration: "+state), "registered"
	switch {
	case fault.Is(err, fault.Refused) && fault.ClassOf(err) != fault.Ours:
		p := problemOf(cosell.InPartnerCenter, err, f.Rules, cosell.Whole)
		p.Field, p.Text = cosell.Whole, "the deal registration is refused: "+p.Text
		line, result = words.Say(p), resultOf(err)
	case err != nil:
		return err
	case !changed:
		line = words.Done(cosell.ToPartnerCenter, "deal registration: it is "+state+" already, and stays as it is")
	}
	said, _, err := f.say(ctx, pair, o, cosell.Record{cosell.Audit: cosell.Prepend(o.Record[cosell.Audit], line)}, cosell.Entry{})
	if fault.Is(err, fault.Refused) && fault.ClassOf(err) != fault.Ours && !maybe(err) { // a closed row may take no words: the trail has them
		err = nil
	}
	if err != nil {
		return err
	}
	said.Registered = print
	_, err = f.Ledger.Save(ctx, said, f.entry(ctx, f.Now(), cosell.ToPartnerCenter, "register", result))
	return err
}

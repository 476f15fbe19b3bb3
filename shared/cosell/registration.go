package cosell

import "strings"

// registration flags a deal that was won and can be registered with Microsoft, which pays for it: shared, of the
// value that counts, and, where Microsoft was asked in, accepted or won by Microsoft. Whether the customer is one
// that Microsoft manages, and the solution eligible, Partner Center does not tell; it is registered there.
// https://learn.microsoft.com/partner-center/register-deals
func (in Pairing) registration(referral Record) string {
	limit := in.Options.RegistrableValue
	if limit == "" || referral[Visibility] != True || less(referral[DealValue], limit) {
		return ""
	}
	microsoft := firstOf(MicrosoftStatus, in.Referral.Record, in.Opportunity.Side().Record, in.Pair.Base.Opportunity)
	if in.Pair.MicrosoftID != "" && !strings.EqualFold(microsoft, "Accepted") && !strings.EqualFold(microsoft, "Won") {
		return ""
	}
	if at := in.Referral.AcceptedAt; !at.IsZero() && in.Referral.Read.Before(at.Add(in.Options.WonAge)) {
		return "" // won too soon
	}
	return "; it can be registered with Microsoft within 60 days of the contract's signature (deal registration)"
}

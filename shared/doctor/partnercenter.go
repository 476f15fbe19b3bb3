package doctor

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/health"
	"github.com/cosell-sync/cosell-sync/shared/partnercenter"
)

const consentMend = "sign in again as the integration user, with MFA: cosellctl consent"

// noToken says whether a call failed before it was made, for want of a token.
func noToken(err error) bool {
	code := fault.Of(err).Code
	return fault.Is(err, fault.Denied) && (slices.Contains([]string{partnercenter.CodeConsent, "token.refused"}, code) ||
		strings.HasPrefix(code, "consent.") || strings.HasPrefix(code, "client.") || strings.HasPrefix(code, "vault.") || strings.HasPrefix(code, "identity."))
}

// consent looks whether there is a token at all; a call that was refused later has had one.
func (e *examination) consent(context.Context) []Finding {
	_, err := e.sight()
	if err == nil || !noToken(err) && !fault.Is(err, fault.Broken) && !fault.Is(err, fault.Later) {
		return []Finding{Fine("a token comes")}
	}
	f := OfError("a token for Partner Center", err)
	f.State = Failed // nothing of it can be looked at
	if fault.Of(err).Code == partnercenter.CodeConsent || fault.Of(err).Code == "consent.missing" {
		f.Mend = consentMend
	}
	return []Finding{f}
}

func (e *examination) referrals(context.Context) []Finding {
	_, err := e.sight()
	return taken("the referrals' host (api.partner.microsoft.com)", err)
}

func (e *examination) webhooks(context.Context) []Finding {
	if e.Settings.Register == never {
		return []Finding{Fine("not asked: the registration is left to another system (SYNC_REGISTER=never)")}
	}
	_, err := e.hook()
	return taken("the webhooks' host (api.partnercenter.microsoft.com)", err)
}

// taken judges what a host said of our token; what it said of MFA or of the role is another check's.
func taken(host string, err error) []Finding {
	if err == nil {
		return []Finding{Fine(host + " takes our token")}
	}
	code := fault.Of(err).Code
	if code == partnercenter.CodeMFA || code == partnercenter.CodeRole {
		return []Finding{Fine(host + " takes our token")}
	}
	f := OfError(host, err)
	if code == partnercenter.CodeAudience || fault.Of(err).Status == 401 {
		f.Mend = "compare PARTNER_CENTER_URL and PARTNER_CENTER_WEBHOOKS_URL with the guide, and give the app registration the permissions for both APIs, with admin consent"
	}
	return []Finding{f}
}

// mfa asks Partner Center whether the token has the claim, which it says before it demands it: the demand comes by
// share of the calls.
func (e *examination) mfa(context.Context) []Finding {
	sight, err := e.sight()
	_, hookErr := e.hook()
	for _, err := range []error{err, hookErr} {
		switch e := fault.Of(err); {
		case err == nil || e.Code != partnercenter.CodeMFA:
		case e.Status != http.StatusUnauthorized && e.Status != http.StatusForbidden: // the directory says so, not Partner Center
			return []Finding{OfError("a token for Partner Center", err)}
		default:
			return []Finding{Bad(partnercenter.CodeMFA, "Partner Center refuses our token, because the consent was given without MFA (900421)", consentMend)}
		}
	}
	switch {
	case sight.MFA == "false":
		return []Finding{Bad(partnercenter.CodeMFA, "the consent was given without MFA: Partner Center refuses more and more of our calls (900421)", consentMend)}
	case sight.MFA == "":
		return []Finding{Unsure("", "Partner Center does not say whether the consent was given with MFA", "nothing to do as long as no call is refused with 900421")}
	}
	return []Finding{Fine("the consent was given with MFA")}
}

const roleMend = "give the integration user the role Referrals admin for all locations"

// sampled is how many linked referrals are looked for.
const sampled = 5

func (e *examination) role(ctx context.Context) []Finding {
	sight, err := e.sight()
	if err != nil {
		f := OfError("reading the referrals", err)
		f.State = Failed
		return []Finding{f}
	}
	if p, is := e.problem(partnercenter.CodeRole); is {
		return []Finding{{State: Failed, Code: p.What, Say: p.Say, Mend: roleMend, Since: &p.Since}}
	}
	hidden, looked, err := e.hidden(ctx, sight.Referrals)
	switch {
	case err != nil:
		return []Finding{Unsure("", "the referrals can be read; whether all linked ones can, the tables do not say now", "mend azure.tables first")}
	case hidden > 0:
		return []Finding{Bad(partnercenter.CodeAccess, fmt.Sprintf("the integration user does not see %d of %d linked referrals: its role is Referrals user, or holds for some locations only", hidden, looked), roleMend)}
	}
	return []Finding{Fine("the referrals can be read; that they can be changed shows in the work")}
}

// hidden counts the linked referrals that the integration user does not see.
func (e *examination) hidden(ctx context.Context, listed []partnercenter.Document) (hidden, looked int, err error) {
	var ids []string
	err = e.Ledger.Pairs(ctx, func(p cosell.Pair) bool {
		if p.Phase == cosell.Linked && p.ReferralID != "" {
			ids = append(ids, p.ReferralID)
		}
		return len(ids) < 1000
	})
	for _, id := range ids {
		if looked == sampled || err != nil {
			break
		}
		if slices.ContainsFunc(listed, func(d partnercenter.Document) bool { return d.ID() == strings.ToLower(id) }) {
			continue
		}
		looked++
		_, gone := e.PartnerCenter.Get(ctx, id)
		switch fault.KindOf(gone) {
		case fault.Refused, fault.Gone:
			if gone != nil {
				hidden++
			}
		}
	}
	return hidden, looked, err
}

// The clocks of the systems may differ from ours by so much: tokens and signatures allow five minutes.
const (
	clockWarns = 30 * time.Second
	clockFails = 4 * time.Minute
)

func (e *examination) clock(system string, theirs time.Time) []Finding {
	if theirs.IsZero() {
		return []Finding{Unsure("", system+" does not say what time it is", "")}
	}
	off := e.Now().Sub(theirs).Round(time.Second)
	say := fmt.Sprintf("our clock is %s from that of %s", off.Abs(), system)
	mend := "set the clock of the machine that the sync app runs on"
	switch {
	case off.Abs() >= clockFails:
		return []Finding{Bad("clock", say+", and tokens are refused beyond five minutes", mend)}
	case off.Abs() >= clockWarns:
		return []Finding{Warn("clock", say, mend)}
	}
	return []Finding{Fine(say)}
}

func (e *examination) partnerClock(context.Context) []Finding {
	sight, err := e.sight()
	if err != nil {
		return []Finding{OfError("the clock of Partner Center", err)}
	}
	return e.clock("Partner Center", sight.Date)
}

func (e *examination) visible(context.Context) []Finding {
	sight, err := e.sight()
	if err != nil {
		return []Finding{OfError("reading the referrals", err)}
	}
	if len(sight.Referrals) == 0 {
		return []Finding{Warn("referrals.none", "the integration user sees no referral at all: there is none yet, or none for its role and locations",
			"look whether it sees the co-sell referrals in the Partner Center portal")}
	}
	return []Finding{Fine(fmt.Sprintf("%d referrals on the first page", len(sight.Referrals)))}
}

// whole is how many referrals are read whole where lists hold parts of them.
const whole = 5

// samples are referrals as they are by themselves: lists may hold a part of them only.
func (e *examination) samples(ctx context.Context) ([]partnercenter.Document, error) {
	sight, err := e.sight()
	if err != nil {
		return nil, err
	}
	out := slices.Clone(sight.Referrals)
	for i := range min(whole, len(out)) {
		if out[i].Has("/details") {
			break
		}
		if d, err := e.PartnerCenter.Get(ctx, out[i].ID()); err == nil {
			out[i] = d
		}
	}
	return out, nil
}

func (e *examination) partnerID(ctx context.Context) []Finding {
	samples, err := e.samples(ctx)
	if err != nil {
		return []Finding{OfError("reading the referrals", err)}
	}
	var ids []string
	for _, d := range samples {
		if id := d.Text("/mpnId"); id != "" && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	own, err := e.PartnerCenter.PartnerID(ctx)
	look := "compare in the portal: Settings > Identifiers, and the PartnerID of the co-sell solution"
	switch {
	case err != nil && fault.ClassOf(err) == fault.Ours:
		return []Finding{Unsure("", "the integration user may not read the PartnerID of the account", look)}
	case err != nil:
		f := OfError("the PartnerID of the account", err)
		f.State = Unverified
		return []Finding{f}
	case own == "":
		return []Finding{Bad("partnerid.none", "the account has no PartnerID", "join the Microsoft AI Cloud Partner Program, and associate its PartnerID with this tenant")}
	case len(ids) == 0:
		return []Finding{Unsure("", "the account's PartnerID is "+own+", and no referral that can be seen carries one", look)}
	case !slices.Contains(ids, own):
		return []Finding{Bad("partnerid.other", fmt.Sprintf("the account's PartnerID is %s, and the referrals carry %s", own, strings.Join(ids, ", ")),
			"sign in to the tenant whose PartnerID the co-sell solution has; if these are its locations, "+look)}
	case len(ids) > 1:
		return []Finding{Fine(fmt.Sprintf("the account's PartnerID %s is among those of the referrals (%s)", own, strings.Join(ids, ", ")))}
	}
	return []Finding{Fine("the account's PartnerID " + own + " is that of the referrals")}
}

// authentic says what the intake has noted of the events that came to it.
func (e *examination) authentic(context.Context) []Finding {
	report := e.report()
	where := health.Where("partnercenterwebhook")
	var out []Finding
	for _, p := range report.Problems {
		if p.Where == where && (p.What == "webhook.denied" || strings.HasPrefix(p.What, "certificate.") || p.What == "webhook.broken" || p.What == "forward.failed") {
			mend := p.Mend
			if strings.Contains(p.Say, "certificate") && p.What == "webhook.denied" {
				mend = "bring the intermediate authorities along in PARTNER_CENTER_INTERMEDIATES_FILE, and compare PARTNER_CENTER_CERTIFICATE_SUBJECTS with the certificate"
			}
			out = append(out, Finding{State: Failed, Code: p.What, Say: p.Say, Mend: mend, Since: &p.Since})
		}
	}
	if len(out) > 0 {
		return out
	}
	if n := report.Counts["door"][where]; n > 0 {
		return []Finding{Warn("webhook.denied", fmt.Sprintf("%d requests were turned away as not authentic since the last good event", n), "nothing to do if these are strangers; else ask for a test event: cosellctl register --test")}
	}
	if at, ever := report.Successes[where]; ever {
		return []Finding{Fine("an authentic event came at " + at.UTC().Format(time.RFC3339))}
	}
	return []Finding{Unsure("", "no event of Partner Center has come yet, so its signature and certificate were not seen", "ask for a test event: cosellctl register --test")}
}

// problem finds a problem of health by its word.
func (e *examination) problem(code string) (health.Problem, bool) {
	for _, p := range e.report().Problems {
		if same(p.What, code) {
			return p, true
		}
	}
	return health.Problem{}, false
}

package doctor

import (
	"context"
	"fmt"
	"net/url"
	"strings"
)

func (e *examination) registration(context.Context) []Finding {
	out := e.registered()
	if out.State == Failed && out.Code != "" && e.Settings.Mode == shadow {
		out.State, out.Say = Warning, out.Say+"; in shadow mode reconcile finds the changes"
		out.Mend = "nothing to do; or " + out.Mend + ", and set SYNC_FORWARD_URL to the address that had the events before"
	}
	return []Finding{out}
}

// registered says who has the events, and whether all of them.
func (e *examination) registered() Finding {
	r, err := e.hook()
	mend := "cosellctl register, with --overwrite where the address is another's"
	switch {
	case err != nil:
		return OfError("the webhook registration", err)
	case e.Settings.Register == never:
		return Warn("registration.left", "the registration is left to another system (SYNC_REGISTER=never): changes in Partner Center are found by reconcile alone", "nothing to do in a test environment")
	case !r.exists:
		return Bad("registration.none", "no webhook is registered with Partner Center, so no events come", mend)
	case !r.LeadsTo(e.Settings.WebhookURL):
		return Bad("registration.other", fmt.Sprintf("Partner Center sends this tenant's events to %s instead of %s", Address(r.WebhookURL), e.Settings.WebhookURL), mend)
	case len(r.Lacks()) > 0:
		return Bad("registration.incomplete", "the registration lacks the events "+strings.Join(r.Lacks(), ", "), "cosellctl register")
	}
	return Fine("the five events come to " + e.Settings.WebhookURL)
}

// scope is R153: whoever works on all referrals must be the one who gets their events.
func (e *examination) scope(context.Context) []Finding {
	r, err := e.hook()
	if err != nil {
		return []Finding{OfError("the webhook registration", err)}
	}
	other, who := r.exists && !r.LeadsTo(e.Settings.WebhookURL), Address(r.WebhookURL)
	if e.Settings.Register == never {
		other, who = true, "SYNC_REGISTER=never"
	}
	switch {
	case !other, e.Settings.Scope != "all":
		return []Finding{Fine("SYNC_SCOPE=" + e.Settings.Scope)}
	case e.Settings.Mode == shadow:
		return []Finding{Fine("another system holds the registration, and in shadow mode nothing is written")}
	}
	return []Finding{Bad("scope.all", fmt.Sprintf("another environment holds the registration (%s), and this one works on all referrals too (SYNC_SCOPE=all): both would write", who),
		"set SYNC_SCOPE=own and SYNC_SHARE=never in a test environment; or register this one, and stop the other")}
}

// Address is an address without what opens it.
func Address(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return "an address that cannot be read"
	}
	u.User, u.RawQuery, u.Fragment = nil, "", ""
	return u.String()
}

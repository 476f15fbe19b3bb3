package partnercentersim

import (
	"fmt"
	"slices"
	"strconv"
	"time"
)

// switchDef is one behaviour that the documents leave open; first is what a new simulator does.
type switchDef struct {
	name    string
	first   string
	values  []string // empty for a number or a duration
	meaning string
}

const (
	aDuration = "a duration such as 200ms"
	aNumber   = "a number, 0 or more"
)

// switchList holds every switch. Values are texts; POST switches also takes true, false and numbers.
func switchList() []switchDef {
	on := func(name, meaning string, values ...string) switchDef {
		return switchDef{name: name, first: values[0], values: values, meaning: meaning}
	}
	return []switchDef{
		on("strict", "POST and PATCH demand what portal and bulk upload demand (table 5.2), or only the API's four required objects", "true", "false"),
		on("postStatus", "answer to a successful POST of a referral", "201", "200"),
		on("consentPatch", "a PATCH that shares a deal with Microsoft sellers is done, refused with 400, or silently left out", "accept", "refuse", "ignore"),
		on("typeFollowsConsent", "the type is Shared when the sellers may see the deal, else Independent; or it stays as sent at creation", "true", "false"),
		on("relatedEventId", "whose id a related-referral event carries: Microsoft's referral or the partner's own", "related", "own"),
		on("msxIdOn", "which referral carries trackingInfo.microsoftMsxId after Microsoft accepts", "microsoft", "own", "both"),
		on("ownHelpCode", "what the partner's own referral says in inviteContext.assistanceRequestCode once help was asked", "unknown", "mirrored"),
		on("closeSteps", "strict: Won and Lost follow Active, Declined follows New; table: any closed substatus from New or Active", "strict", "table"),
		on("readOnlyPatch", "a PATCH of a read-only path is refused with 400, or that path is left out", "refuse", "ignore"),
		on("unknownPath", "a PATCH of a path that names no property is refused with 400, or left out", "refuse", "ignore"),
		on("filterFields", "$filter takes the documented fields only, or any property", "documented", "any"),
		on("listFilterUpdated", "a $filter on updatedDateTime is done or refused with 400", "accept", "refuse"),
		on("nextLink", "form of @odata.nextLink; http is the documented sample: no TLS and no /engagements in the path", "https", "http"),
		on("role", "role of the integration user; a Referrals user sees the deals where Options.UserEmail is in the team", "admin", "user", "none"),
		on("tokenMFA", "user tokens issued from now on carry the MFA claim", "true", "false"),
		on("mfaRefusal", "answer of the APIs to a user token without the MFA claim", "401", "403"),
		on("rotateRefreshToken", "each use of a refresh token gives a new one; the old one dies when the new one is used", "false", "true"),
		on("refreshToken", "revoked: every refresh token is answered with invalid_grant", "valid", "revoked"),
		on("clientSecret", "expired: every client secret is answered with invalid_client", "valid", "expired"),
		on("certificateFormat", "form of the signing certificate", "der", "pem"),
		{"requestsPerMinute", "0", nil, "limit of both APIs together, then 429; 0 is no limit (" + aNumber + ")"},
		{"listDelay", "0s", nil, "how long after its creation a referral shows up in lists (" + aDuration + ")"},
		{"commitDelay", "0s", nil, "how long after the answer to a POST the referral can be read, is listed and raises its event (" + aDuration + ")"},
		{"eventBeforeReadable", "0s", nil, "how long after its creation a referral is answered with 404, though its event is out (" + aDuration + ")"},
		{"retryBackoff", "1s", nil, "wait before the second delivery attempt; doubles with each further one (" + aDuration + ")"},
	}
}

func (s *Sim) is(name, value string) bool { return s.switches[name] == value }

func (s *Sim) number(name string) int {
	n, _ := strconv.Atoi(s.switches[name]) // checked when set
	return n
}

func (s *Sim) duration(name string) time.Duration {
	d, _ := time.ParseDuration(s.switches[name]) // checked when set
	return d
}

// setSwitches changes all of them or none.
func (s *Sim) setSwitches(asked map[string]any) error {
	list := switchList()
	next := map[string]string{}
	for name, v := range asked {
		i := slices.IndexFunc(list, func(d switchDef) bool { return d.name == name })
		if i < 0 {
			return fmt.Errorf("there is no switch %q: GET switches lists them", name)
		}
		value := fmt.Sprint(v)
		if n, ok := v.(float64); ok {
			value = strconv.FormatFloat(n, 'f', -1, 64)
		}
		if err := list[i].allows(value); err != nil {
			return err
		}
		next[name] = value
	}
	for name, value := range next {
		s.switches[name] = value
	}
	return nil
}

func (d switchDef) allows(value string) error {
	if len(d.values) > 0 {
		if !slices.Contains(d.values, value) {
			return fmt.Errorf("switch %s: %q is not one of %v", d.name, value, d.values)
		}
		return nil
	}
	if d.first == "0" {
		if n, err := strconv.Atoi(value); err != nil || n < 0 {
			return fmt.Errorf("switch %s: %q is not %s", d.name, value, aNumber)
		}
		return nil
	}
	if t, err := time.ParseDuration(value); err != nil || t < 0 {
		return fmt.Errorf("switch %s: %q is not %s", d.name, value, aDuration)
	}
	return nil
}

// listSwitches is the answer to GET switches.
func (s *Sim) listSwitches() map[string]any {
	out := map[string]any{}
	for _, d := range switchList() {
		allowed := any(d.values)
		if d.values == nil {
			allowed = aDuration
			if d.first == "0" {
				allowed = aNumber
			}
		}
		out[d.name] = map[string]any{"value": s.switches[d.name], "allowed": allowed, "meaning": d.meaning}
	}
	return out
}

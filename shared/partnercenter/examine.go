package partnercenter

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/httpclient"
)

// Events are those that the product needs.
// https://learn.microsoft.com/partner-center/developer/partner-center-webhook-events
func Events() []string {
	return []string{"referral-created", "referral-updated", "related-referral-created", "related-referral-updated", "test-created"}
}

// LeadsTo says whether events come to an address of ours; without the tenant's alias at its end the webhook takes
// them too.
func (r Registration) LeadsTo(ours string) bool {
	short := ours[:strings.LastIndexByte(ours, '/')+1]
	return strings.EqualFold(r.WebhookURL, ours) || strings.EqualFold(strings.TrimSuffix(r.WebhookURL, "/")+"/", short)
}

// Lacks are the events of those that the product needs which the registration does not name.
func (r Registration) Lacks() (missing []string) {
	have := strings.ToLower("|" + strings.Join(r.Events, "|") + "|")
	for _, e := range Events() {
		if !strings.Contains(have, "|"+e+"|") {
			missing = append(missing, e)
		}
	}
	return missing
}

// Sight is what a look at the referrals says beside them.
type Sight struct {
	Referrals []Document
	Date      time.Time // Partner Center's clock
	// MFA says whether our token carries the claim: "true", "false", or "" where Partner Center does not say.
	MFA string
}

// Look reads the newest referrals, one page, and has Partner Center say whether our token carries the MFA claim. Faults
// as of List. https://learn.microsoft.com/partner-center/developer/mfa-resources
func (c *Client) Look(ctx context.Context) (Sight, error) {
	header := jsonHeader()
	header.Set("ValidateMfa", "true")
	resp, err := c.referralsHTTP.Do(ctx, httpclient.Request{Method: http.MethodGet, URL: c.referrals + "?$orderby=updatedDateTime%20desc", Header: header})
	if err != nil {
		return Sight{}, fmt.Errorf("looking at the referrals: %w", err)
	}
	s := Sight{Date: resp.Date(), MFA: strings.ToLower(resp.Header.Get("isMfaCompliant"))}
	if resp.Status != http.StatusOK {
		return s, fmt.Errorf("looking at the referrals: %w", classify(resp, everything))
	}
	p, ok := readPage(resp.Body)
	if !ok {
		return s, noList()
	}
	c.offer(ctx, p.items, s.Date, map[string]bool{}, nil, func(d Document) bool { s.Referrals = append(s.Referrals, d); return true })
	return s, nil
}

// PartnerID is the one of the account's profile, formerly MPN id: one call. Refused of class Ours: the integration user
// may not read it. https://learn.microsoft.com/partner-center/developer/get-partner-network-profile
func (c *Client) PartnerID(ctx context.Context) (string, error) {
	u, err := url.Parse(c.webhooks)
	if err != nil {
		return "", fmt.Errorf("reading the partner's profile: %w", err)
	}
	resp, err := c.webhookAPI.Do(ctx, httpclient.Request{Method: http.MethodGet, URL: "https://" + u.Host + "/v1/profiles/mpn", Header: jsonHeader()})
	if err == nil && resp.Status != http.StatusOK {
		err = classify(resp, everything)
	}
	var profile struct {
		ID any `json:"mpnId"` // a text, or a number
	}
	if err == nil {
		err = resp.Decode(&profile)
	}
	if err != nil {
		return "", fmt.Errorf("reading the partner's profile: %w", err)
	}
	if profile.ID == nil {
		return "", nil
	}
	return strings.TrimSpace(fmt.Sprint(profile.ID)), nil
}

// Package partnercenter speaks with Partner Center: referrals, webhook registration and webhook events.
package partnercenter

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"

	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/httpclient"
	"github.com/cosell-sync/cosell-sync/shared/pattern"
)

// The real addresses, and the audiences of their tokens.
// https://learn.microsoft.com/partner-center/developer/referral-api-authentication
const (
	ReferralsURL      = "https://api.partner.microsoft.com/v1.0/engagements/referrals"
	ReferralsAudience = "https://api.partner.microsoft.com"
	WebhooksURL       = "https://api.partnercenter.microsoft.com/webhooks/v1/registration"
	WebhooksAudience  = "https://api.partnercenter.microsoft.com"
)

// Headers that the two chains should be given (httpclient.Options).
const (
	ReferralsCallHeader      = "client-request-id"
	ReferralsOperationHeader = "MS-CorrelationId"
	WebhooksCallHeader       = "MS-RequestId"
	WebhooksOperationHeader  = "MS-CorrelationId"
)

// Options are what a Client needs. The two hosts want tokens of two audiences and have limits of their
// own, hence two chains, each with its gate. Either chain may be nil where only the other is used.
type Options struct {
	ReferralsURL string
	WebhooksURL  string
	Referrals    *httpclient.Client
	Webhooks     *httpclient.Client
	Log          *slog.Logger
}

// Client calls both hosts of Partner Center. It may be used by many goroutines.
type Client struct {
	referrals, webhooks       string
	referralsHTTP, webhookAPI *httpclient.Client
	testEvents                *httpclient.Client // two a minute, which says nothing about the other calls
	tests                     pace
	changes                   fault.Streak // changes that the integration user may not make
	log                       *slog.Logger
}

// NewClient makes a client; it fails on an address that is not plain https.
func NewClient(o Options) (*Client, error) {
	for _, raw := range []string{o.ReferralsURL, o.WebhooksURL} {
		u, err := url.Parse(raw)
		if raw != "" && (err != nil || u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.User != nil) {
			return nil, fmt.Errorf("the Partner Center address %q is not https://host/path", raw)
		}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	c := &Client{
		referrals: strings.TrimRight(o.ReferralsURL, "/"), webhooks: strings.TrimRight(o.WebhooksURL, "/"),
		referralsHTTP: o.Referrals, webhookAPI: o.Webhooks, log: o.Log,
	}
	if o.Webhooks != nil {
		c.testEvents = o.Webhooks.Apart()
	}
	return c, nil
}

// Get reads one referral. Gone: unknown, or not readable yet. Refused: of class Record where only this one
// is kept from us, of class Ours where the role is missing.
func (c *Client) Get(ctx context.Context, id string) (Document, error) {
	d, err := c.get(ctx, id)
	if err != nil {
		return Document{}, fmt.Errorf("reading referral %s: %w", shorten(id, 64), err)
	}
	return d, nil
}

func (c *Client) get(ctx context.Context, id string) (Document, error) {
	target, err := c.referralURL(id)
	if err != nil {
		return Document{}, err
	}
	resp, err := c.referralsHTTP.Do(ctx, httpclient.Request{Method: http.MethodGet, URL: target, Header: jsonHeader()})
	if err != nil {
		return Document{}, err
	}
	if resp.Status != http.StatusOK {
		e := classify(resp, oneRecord)
		if e.Code == CodeRole && c.mayList(ctx) {
			e = keptFromUs(e)
		}
		return Document{}, e
	}
	return whole(resp, id)
}

// mayList asks whether the role is there at all: a 403 does not say whether it is about this referral, of
// another location, team or partner, or about all.
func (c *Client) mayList(ctx context.Context) bool {
	resp, err := c.askList(ctx, "$top=1")
	if err != nil {
		return false
	}
	_, ok := readPage(resp.Body)
	return ok
}

// whole reads an answer that must be the referral itself, with a version to write against.
func whole(resp *httpclient.Response, id string) (Document, error) {
	d, err := ParseDocument(resp.Body, resp.Header.Get("ETag"), resp.Date())
	if err != nil {
		return Document{}, err
	}
	if d.ID() != guid(id) {
		return Document{}, fault.New(fault.Broken, "the answer is not the referral that was asked for").With("answer.malformed", "")
	}
	if d.ETag() == "" {
		return Document{}, fault.New(fault.Broken, "the answer has no ETag").With("etag.unusable", "")
	}
	return d, nil
}

// requestIDForm is what may stand in a header; a GUID is what Partner Center documents.
var requestIDForm = pattern.New(`^[A-Za-z0-9-]{1,64}$`)

// Create sends one POST, never repeated. requestID goes into MS-RequestId; give the same one when the
// same attempt is sent again. An outcome that is not definite is Broken, and Unknown is true for it;
// refusals (Refused, Later, Denied) mean that nothing was created. Refused is of class Record for a value,
// whose path stands in Target where the answer names it, and of class Ours for want of a role. The new
// document may lack an ETag.
func (c *Client) Create(ctx context.Context, body any, requestID string) (Document, error) {
	d, err := c.create(ctx, body, requestID)
	if err != nil {
		return Document{}, fmt.Errorf("creating a referral: %w", err)
	}
	return d, nil
}

func (c *Client) create(ctx context.Context, body any, requestID string) (Document, error) {
	if !requestIDForm.MatchString(requestID) {
		return Document{}, fault.New(fault.Invalid, "the request id is not a GUID").With("request.id", "")
	}
	text, err := json.Marshal(body)
	if err != nil {
		return Document{}, fault.New(fault.Invalid, "the new referral cannot be written as JSON: %w", err)
	}
	header := jsonHeader()
	header.Set("Content-Type", "application/json")
	header.Set("MS-RequestId", requestID)
	resp, err := c.referralsHTTP.Do(ctx, httpclient.Request{Method: http.MethodPost, URL: c.referrals, Header: header, Body: text})
	if httpclient.Lost(err) {
		return Document{}, fault.New(fault.Broken, "%w", &unknown{err}).With("outcome.unknown", "")
	}
	if err != nil {
		return Document{}, err
	}
	if resp.Status >= 400 && resp.Status < 500 && resp.Status != http.StatusRequestTimeout {
		return Document{}, classify(resp, newRecord)
	}
	if resp.Status != http.StatusOK && resp.Status != http.StatusCreated {
		return Document{}, fault.New(fault.Broken, "%w", &unknown{classify(resp, newRecord)}).With("outcome.unknown", "")
	}
	return created(resp)
}

// created reads the new referral. It exists, so an ETag that cannot be used is only left out.
func created(resp *httpclient.Response) (Document, error) {
	tree, err := decodeObject(resp.Body)
	d := spelt(resp.Body, tree)
	d.date = resp.Date()
	if err != nil || d.ID() == "" {
		lost := fmt.Errorf("the answer %d does not hold the new referral", resp.Status)
		return Document{}, fault.New(fault.Broken, "%w", &unknown{lost}).With("outcome.unknown", "")
	}
	for _, etag := range []string{resp.Header.Get("ETag"), d.Text("/eTag")} {
		if strongETag.MatchString(etag) {
			d.etag = etag
			break
		}
	}
	return d, nil
}

// Patch changes a referral under the condition of its ETag and returns what the system made of it.
// Conflict: somebody wrote in between. Refused: the change is not allowed, of class Ours where no referral may
// be changed; Target is the path where the answer names it, or where it was alone. Invalid: operations that
// Partner Center does not know, or an ETag that is no condition; nothing is sent then.
//
// What no published client writes goes first and apart (see apart), so that its refusal names it and
// holds nothing else. After a refusal of a later part the earlier ones are written, and the ETag is old.
func (c *Client) Patch(ctx context.Context, id, etag string, ops []Operation) (Document, error) {
	var d Document
	_, err := encodeOperations(etag, ops) // nothing is sent unless all of it can be
	for i, part := range apart(ops) {
		if err == nil {
			d, err = c.patch(ctx, id, etag, part)
			etag = d.ETag()
			if f := fault.Of(err); err != nil && i > 0 && f != nil {
				f.Maybe = true // the earlier parts are written
			}
		}
	}
	if err != nil {
		return Document{}, fmt.Errorf("changing referral %s: %w", shorten(id, 64), err)
	}
	return d, nil
}

func (c *Client) patch(ctx context.Context, id, etag string, ops []Operation) (Document, error) {
	target, err := c.referralURL(id)
	if err != nil {
		return Document{}, err
	}
	text, err := encodeOperations(etag, ops)
	if err != nil {
		return Document{}, err
	}
	header := jsonHeader()
	header.Set("Content-Type", "application/json")
	header.Set("If-Match", etag)
	header.Set("Prefer", "return=representation")
	resp, err := c.referralsHTTP.Do(ctx, httpclient.Request{Method: http.MethodPatch, URL: target, Header: header, Body: text})
	if err != nil {
		return Document{}, err
	}
	if resp.Status < 200 || resp.Status > 299 {
		e := classify(resp, change)
		if resp.Status == http.StatusForbidden && e.Class == fault.Record && c.changes.No(guid(id), resp.Date()) {
			e = changesNothing(e)
		}
		if e.Kind == fault.Refused && e.Target == "" && len(ops) == 1 && resp.Status != http.StatusForbidden {
			e = e.Naming(ops[0].Path) // in the words of one that was found among several: it is told once
		}
		return Document{}, e
	}
	c.changes.Yes()
	if d, err := whole(resp, id); err == nil {
		return d, nil
	}
	return c.written(ctx, id, etag, resp)
}

// written reads what a write has made of a referral, where its answer does not show it: 204, or an empty 200. Of a
// referral that is as it was under the version that was the condition that is Stale with Maybe, written and not seen yet. An answer
// that says something else, as a page of HTML by whoever stands in between, proves nothing, whatever the referral shows: somebody else
// may have changed it. That is Broken with Maybe.
func (c *Client) written(ctx context.Context, id, etag string, answer *httpclient.Response) (Document, error) {
	d, err := c.get(ctx, id)
	says := len(bytes.TrimSpace(answer.Body)) > 0
	switch {
	case err != nil || !says && d.ETag() != etag:
		return d, err
	case !says:
		return Document{}, fault.Unseen("the referral was written and is shown as it was before")
	}
	e := fault.New(fault.Broken, "the answer %d (%d bytes) is not the referral: whether it was changed is not known", answer.Status, len(answer.Body)).With("answer.malformed", "")
	e.Maybe = true
	return Document{}, e
}

// Put sends the whole referral under the condition of its ETag and returns what the system made of it. It is the
// obsolete way, and may be switched off: then Broken or Refused. Conflict: somebody wrote in between.
// https://learn.microsoft.com/partner-center/developer/update-a-referral
func (c *Client) Put(ctx context.Context, id, etag string, body []byte) (Document, error) {
	d, err := c.put(ctx, id, etag, body)
	if err != nil {
		return Document{}, fmt.Errorf("replacing referral %s: %w", shorten(id, 64), err)
	}
	return d, nil
}

func (c *Client) put(ctx context.Context, id, etag string, body []byte) (Document, error) {
	target, err := c.referralURL(id)
	if err != nil {
		return Document{}, err
	}
	if !strongETag.MatchString(etag) {
		return Document{}, fault.New(fault.Invalid, "the ETag cannot be a condition").With("etag.unusable", "")
	}
	header := jsonHeader()
	header.Set("Content-Type", "application/json")
	header.Set("If-Match", etag)
	resp, err := c.referralsHTTP.Do(ctx, httpclient.Request{Method: http.MethodPut, URL: target, Header: header, Body: body})
	if err != nil {
		return Document{}, err
	}
	if resp.Status < 200 || resp.Status > 299 {
		return Document{}, classify(resp, change)
	}
	c.changes.Yes()
	if d, err := whole(resp, id); err == nil {
		return d, nil
	}
	return c.written(ctx, id, etag, resp)
}

func (c *Client) referralURL(id string) (string, error) {
	if id = guid(id); id == "" {
		return "", fault.New(fault.Invalid, "the referral id is not a GUID").With("id.invalid", "")
	}
	return c.referrals + "/" + id, nil
}

func jsonHeader() http.Header { return http.Header{"Accept": {"application/json"}} }

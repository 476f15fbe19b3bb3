package app

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/httpclient"
)

// forwardTime is how long the other receiver may take: Partner Center waits for both.
const forwardTime = 3 * time.Second

// forwarded are the headers of an event: its signature and where to check it, and nothing of ours.
var forwarded = []string{"Content-Type", "Authorization", "X-MS-Signature", "X-MS-Certificate-Url", "X-MS-Signature-Algorithm"}

// forward makes what hands events on to the address of the settings, by POST and without redirects. Broken: it was
// not taken, so that Partner Center sends the event again.
func (a *App) forward(c loaded, transport http.RoundTripper) func(context.Context, http.Header, []byte) error {
	address := c.ForwardURL.Reveal()
	u, err := url.Parse(address)
	if address == "" || err != nil {
		return nil
	}
	client := httpclient.New(httpclient.Options{Base: transport, Hosts: []string{u.Host}, Timeout: forwardTime, Log: a.Log, Now: a.Now})
	return func(ctx context.Context, header http.Header, body []byte) error {
		out := http.Header{}
		for _, name := range forwarded {
			if v := header.Get(name); v != "" {
				out.Set(name, v)
			}
		}
		resp, err := client.Do(ctx, httpclient.Request{Method: http.MethodPost, URL: address, Header: out, Body: body})
		if err == nil && (resp.Status < 200 || resp.Status > 299) {
			err = fault.New(fault.Broken, "the receiver of SYNC_FORWARD_URL answered %d", resp.Status)
		}
		if err != nil {
			return fault.New(fault.Broken, "forwarding an event: %w", err).With("forward.failed", "look whether the address of SYNC_FORWARD_URL answers")
		}
		return nil
	}
}

package world

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httputil"
	"net/url"

	"github.com/cosell-sync/cosell-sync/infra/local/control"
)

// mountBroker passes the broker's own calls through; its clock and its idle are the world's.
func (w *World) mountBroker(mux *http.ServeMux) {
	target, err := url.Parse(w.broker.ControlURL())
	if err != nil {
		panic(err) // made by fmt from a number
	}
	proxy := &httputil.ReverseProxy{
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(target) },
		Transport: w.brokerClient.Transport,
		ErrorHandler: func(rw http.ResponseWriter, _ *http.Request, err error) {
			control.WriteError(rw, http.StatusBadGateway, "the Service Bus broker does not answer: %v", err)
		},
	}
	for _, call := range []string{"GET /history", "GET /queues", "POST /faults", "DELETE /faults", "POST /expire", "POST /reset"} {
		mux.Handle(call, proxy)
	}
}

// brokerPending counts what is queued, locked or scheduled within the horizon. A broker that does not
// answer, or that stands still, counts as one thing that is waited for.
func (w *World) brokerPending(ctx context.Context) int {
	if w.frozen.is(partServiceBus) {
		return 1
	}
	var answer struct {
		Pending int `json:"pending"`
	}
	if err := w.askBroker(ctx, http.MethodGet, "/pending?within="+horizon.String(), nil, &answer); err != nil {
		return 1
	}
	return answer.Pending
}

// askBroker makes one call to the broker's control interface.
func (w *World) askBroker(ctx context.Context, method, path string, in, out any) error {
	var body bytes.Buffer
	if in != nil {
		if err := json.NewEncoder(&body).Encode(in); err != nil {
			return err
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, w.broker.ControlURL()+path, &body)
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := w.brokerClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s: %s", method, path, resp.Status)
	}
	if out == nil {
		out = &json.RawMessage{}
	}
	return json.NewDecoder(resp.Body).Decode(out)
}

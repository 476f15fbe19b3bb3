package health

import "net/http"

// Transport is the transport to a system (PartnerCenter, CRM) whose good answers are noted.
func (w *Watch) Transport(base http.RoundTripper, system string) http.RoundTripper {
	return answering{base, w, system}
}

type answering struct {
	http.RoundTripper
	watch  *Watch
	system string
}

// RoundTrip implements http.RoundTripper.
func (a answering) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := a.RoundTripper.RoundTrip(r)
	if err == nil && resp.StatusCode < http.StatusMultipleChoices {
		a.watch.Answered(a.system)
	}
	return resp, err
}

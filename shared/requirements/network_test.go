package requirements

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"runtime"
	"strings"
	"sync"

	"github.com/cosell-sync/cosell-sync/infra/local/partnercentersim"
)

// network carries the calls of one life of the product to the systems, by their real names.
type network struct {
	r *rig
	p *process
}

// RoundTrip implements http.RoundTripper.
func (n network) RoundTrip(req *http.Request) (*http.Response, error) {
	n.p.alive()
	system := n.r.systemAt(req)
	if h := n.r.elsewhere[req.URL.Host]; h != nil {
		answer, _ := served(h, req)
		return answer, nil
	}
	if system == nil {
		return nil, fmt.Errorf("dial tcp: lookup %s: no such host", req.URL.Host)
	}
	var body []byte
	if req.Body != nil {
		var err error
		if body, err = io.ReadAll(req.Body); err != nil {
			return nil, err
		}
		_ = req.Body.Close()
	}
	if err := req.Context().Err(); err != nil {
		return nil, err
	}
	n.r.heard(system, req.Header.Get("Authorization"))
	in := httptest.NewRequestWithContext(context.Background(), req.Method, req.URL.String(), bytes.NewReader(body))
	in.Header = req.Header.Clone()
	fatal := n.r.doomed(req)
	if fatal == before {
		n.p.die()
	}
	answer, cut := served(system.wire, in)
	if fatal == committed {
		n.p.die()
	}
	if err := req.Context().Err(); err != nil { // the answer came too late
		return nil, err
	}
	if cut {
		return nil, io.ErrUnexpectedEOF
	}
	answer.Request = req
	return answer, nil
}

// heard remembers the tokens that were sent, which nobody may find anywhere else.
func (r *rig) heard(at *system, authorization string) {
	if token, ok := strings.CutPrefix(authorization, "Bearer "); ok {
		r.tokens.Store(token, true)
		r.shown.Store(shownToken{token, at}, true)
	}
}

// shownToken is a token and a system that saw it.
type shownToken struct {
	token string
	at    *system
}

// served is the answer of a handler; cut: the connection ended without one.
func served(h http.Handler, in *http.Request) (answer *http.Response, cut bool) {
	defer func() {
		if v := recover(); v != nil {
			if v != http.ErrAbortHandler {
				panic(v)
			}
			cut = true
		}
	}()
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, in)
	return rec.Result(), false
}

// systemAt knows who stands for a real host name. The directory's calls go to the system whose tenant is asked.
func (r *rig) systemAt(req *http.Request) *system {
	switch req.URL.Host {
	case partnercentersim.ReferralsHost, partnercentersim.WebhooksHost, certificateHost:
		return r.partnerCenterOf(req)
	case crmHost:
		return r.dv
	case vaultHost:
		return r.kv
	case partnercentersim.LoginHost:
		if strings.HasPrefix(req.URL.Path, "/"+crmTenant+"/") {
			return r.dv
		}
		return r.partnerCenterOf(req)
	}
	return nil
}

// download reads a certificate from its host.
func (r *rig) download(ctx context.Context, address string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	resp, err := network{r, r.product}.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answered %d", address, resp.StatusCode)
	}
	return io.ReadAll(resp.Body)
}

// The points of a call at which the product can die.
const (
	before    = "before"
	committed = "committed"
)

// doom is the call at which the product dies.
type doom struct {
	method string
	url    *regexp.Regexp
	point  string
	left   int // this matching call, counted down
	mu     sync.Mutex
}

// kill lets the product die at the n-th call from now whose method and URL match: before the system sees it, or
// once the system has done the work and no answer has left. Its queues and tables stay; another process takes
// over.
func (r *rig) kill(method, url, point string, n int) {
	r.doom = &doom{method: method, url: regexp.MustCompile(url), point: point, left: n}
}

// doomed says at which point of this call the product is to die, if at all.
func (r *rig) doomed(req *http.Request) string {
	d := r.doom
	if d == nil {
		return ""
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if req.Method != d.method || !d.url.MatchString(req.URL.String()) {
		return ""
	}
	if d.left--; d.left == 0 {
		return d.point
	}
	return ""
}

// die ends the process in the middle of what it does.
func (p *process) die() {
	close(p.dead)
	p.alive()
}

// alive ends whoever goes on working in a process that is dead.
func (p *process) alive() {
	select {
	case <-p.dead:
		runtime.Goexit()
	default:
	}
}

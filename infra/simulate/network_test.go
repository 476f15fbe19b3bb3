package simulate

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/partnercentersim"
	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/ledger"
)

// network carries the calls of one process to the systems, by their real names.
type network struct{ p *process }

// RoundTrip implements http.RoundTripper.
func (n network) RoundTrip(req *http.Request) (resp *http.Response, err error) {
	r := n.p.run
	system, at := r.systemAt(req)
	if system == nil {
		return nil, fmt.Errorf("dial tcp: lookup %s: no such host", req.URL.Host)
	}
	body, err := bodyOf(req)
	if err != nil {
		return nil, err
	}
	here := &point{site: at, name: callName(req), asks: req.URL.RequestURI(), write: isWrite(req), wire: system.wire}
	if l := laneOf(req.Context()); here.write && l != nil && strings.HasPrefix(l.key, looking) {
		r.violates("rehearsal", "who looks at %s writes: %s", l.key, here.name)
	}
	writes := r.touches(here, req, body)
	landed := n.p.inFlight(req.Context(), writes)
	defer landed()
	passed := n.p.pass(req.Context(), here, func() {
		in := &http.Request{Method: req.Method, URL: req.URL, Host: req.URL.Host, Header: req.Header, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
			Body: http.NoBody, ContentLength: int64(len(body)), RemoteAddr: "192.0.2.1:1234"}
		if len(body) > 0 {
			in.Body = io.NopCloser(bytes.NewReader(body))
		}
		rec := &recorder{header: http.Header{}, status: http.StatusOK, keeps: true}
		n.p.sends(here, req, body)
		r.fenced(laneOf(req.Context()), here)
		makes := r.makesAnother(laneOf(req.Context()), here, body)
		writes = r.touches(here, req, body) // as they are at this moment
		answered := system.serve(rec, in)
		r.wrote(writes)
		makes(rec.status)
		if answered {
			resp = rec.response(req)
			if *traced && rec.status >= 400 {
				r.say("        %d %.300s", rec.status, rec.body)
			}
			n.p.hears(at, req, resp)
		}
	})
	switch {
	case passed != nil:
		return nil, passed
	case resp == nil:
		return nil, io.ErrUnexpectedEOF
	}
	return resp, nil
}

// bodyOf reads what is sent.
func bodyOf(req *http.Request) ([]byte, error) {
	if req.Body == nil || req.Body == http.NoBody {
		return nil, nil
	}
	defer func() { _ = req.Body.Close() }()
	if req.ContentLength <= 0 {
		return io.ReadAll(req.Body)
	}
	body := make([]byte, req.ContentLength)
	_, err := io.ReadFull(req.Body, body)
	return body, err
}

// recorder is an answer in the making.
type recorder struct {
	header http.Header
	status int
	wrote  bool
	keeps  bool // what is written may be kept: a wire changes no answer that it has given
	body   []byte
}

func (r *recorder) Header() http.Header { return r.header }

func (r *recorder) WriteHeader(status int) {
	if !r.wrote {
		r.status, r.wrote = status, true
	}
}

func (r *recorder) Write(b []byte) (int, error) {
	r.wrote = true
	if r.keeps && r.body == nil {
		r.body = b[:len(b):len(b)]
	} else {
		r.body = append(r.body, b...)
	}
	return len(b), nil
}

func (r *recorder) response(req *http.Request) *http.Response {
	return &http.Response{StatusCode: r.status, Status: http.StatusText(r.status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: r.header,
		Body: io.NopCloser(bytes.NewReader(r.body)), ContentLength: int64(len(r.body)), Request: req}
}

func isWrite(req *http.Request) bool {
	return req.Method != http.MethodGet && !strings.HasSuffix(req.URL.Path, "/token")
}

// callName is method and path without what differs from record to record.
func callName(req *http.Request) string {
	path := req.URL.Path
	if i := strings.LastIndex(path, "/v9.2/"); i >= 0 {
		path = path[i+len("/v9.2/"):]
		if j, k := strings.IndexByte(path, '('), strings.IndexByte(path, ')'); j >= 0 && strings.Contains(path, "LogicalName") {
			path = path[:j] + "(table)" + path[k+1:]
		} else if j >= 0 {
			path = path[:j] + "(id)"
		}
		return req.Method + " " + path
	}
	if strings.Contains(path, "/validationEvents/") {
		return req.Method + " validationEvent"
	}
	if i := strings.Index(path, "/referrals/"); i >= 0 {
		path = "/referrals/id"
	}
	return req.Method + " " + path[strings.LastIndexByte(path[:max(len(path)-1, 0)], '/')+1:]
}

// systemAt knows who stands for a real host name. The directory's calls go to the system whose tenant is asked.
func (r *run) systemAt(req *http.Request) (*system, site) {
	switch req.URL.Host {
	case partnercentersim.ReferralsHost, partnercentersim.WebhooksHost:
		return r.pc, sitePartnerCenter
	case crmHost:
		return r.dv, siteCRM
	case partnercentersim.LoginHost:
		if strings.HasPrefix(req.URL.Path, "/"+crmTenant+"/") {
			return r.dv, siteCRM
		}
		return r.pc, sitePartnerCenter
	}
	return nil, 0
}

// tablesDoor is the tables as one process has them.
// How processes are is noted and counted beside the work, in goroutines of its own: no lane waits for that, and no fault
// meets it.
func (p *process) tablesDoor(ctx context.Context, call ledger.Call, do func()) error {
	if strings.HasSuffix(call.Table, " status") {
		p.alive()
		do()
		return nil
	}
	if call.Table == "parked" && call.Op == "write" {
		p.run.parked = true
	}
	name := call.Op + " " + call.Table
	if len(call.Keys) > 0 && len(call.Keys[0]) > 1 && call.Table == "state" {
		name += " " + call.Keys[0][:1]
	}
	began := time.Now()
	err := p.pass(ctx, &point{site: siteTables, name: name, write: call.Op == "write"}, func() {
		do()
		for _, row := range call.Keys {
			if id, ofRecord := strings.CutPrefix(row, "o|"); ofRecord && call.Op == "write" {
				delete(p.run.people.unnoted, strings.ToLower(id))
			}
		}
	})
	if l := laneOf(ctx); l != nil { // also where the answer is lost
		l.intends(name, began)
	}
	if err != nil {
		return fault.New(fault.Broken, "reaching the tables: %w", err)
	}
	if call.Op == "write" && strings.HasSuffix(call.Table, " gate") {
		for _, row := range call.Keys {
			p.run.toldOthers(p, row)
		}
	}
	return nil
}

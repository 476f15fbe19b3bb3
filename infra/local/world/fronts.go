package world

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strings"

	"github.com/cosell-sync/cosell-sync/infra/local/control"
	"github.com/cosell-sync/cosell-sync/infra/local/partnercentersim"
)

// The real host names that the world stands for, beside those of Partner Center.
const (
	certificateHost = "3psostorageacct.blob.core.windows.net"
	dataverseHost   = "cosell.crm4.dynamics.com"
	vaultHost       = "cosell-vault.vault.azure.net"
)

// surfaces says which part stands for which real host.
func surfaces() map[string]port {
	return map[string]port{
		partnercentersim.ReferralsHost: portReferrals,
		partnercentersim.WebhooksHost:  portWebhooks,
		partnercentersim.LoginHost:     portLogin,
		certificateHost:                portCertificate,
		dataverseHost:                  portDataverse,
		vaultHost:                      portVault,
	}
}

// simulated is the value of SYNC_SIMULATED.
func (w *World) simulated() string {
	at := map[string]int{}
	for host, p := range surfaces() {
		at[host] = w.ports.number[p]
	}
	if w.opt.Tokens {
		at[namespaceHost], at[tablesHost] = w.ports.number[portServiceBus], w.ports.number[portTables]
	}
	var out []string
	for _, host := range sortedKeys(at) {
		out = append(out, fmt.Sprintf("%s=127.0.0.1:%d", host, at[host]))
	}
	if w.sts != nil {
		out = append(out, w.sts.Host()+"="+w.stsAddress)
	}
	return strings.Join(out, ",")
}

// serveSystems opens the fronts of the systems, under their real names, and of the table store.
func (w *World) serveSystems(context.Context) error {
	partnerCenter, dataverse, vault := w.allTenants(), w.systems[1].wire, w.systems[2].wire
	behind := map[string]http.Handler{
		partnercentersim.ReferralsHost: partnerCenter,
		partnercentersim.WebhooksHost:  partnerCenter,
		partnercentersim.LoginHost:     byTenant(w.secrets.dataverseTenant, dataverse, partnerCenter),
		certificateHost:                partnerCenter,
		dataverseHost:                  dataverse,
		vaultHost:                      vault,
	}
	for host, p := range surfaces() {
		secure, err := w.secure(w.ports.listeners[p], host)
		if err != nil {
			return err
		}
		w.listen(secure, named(host, behind[host]))
	}
	if !w.opt.Tokens {
		w.listen(w.ports.listeners[portTables], w.tables)
		return nil
	}
	secure, err := w.secure(w.ports.listeners[portTables], tablesHost)
	if err != nil {
		return err
	}
	w.listen(secure, withAccount(w.tables))
	return nil
}

// serveProduct opens the product's front and the control interface, and lets events go out.
func (w *World) serveProduct(context.Context) error {
	public, err := w.secure(w.ports.listeners[portProduct], "localhost")
	if err != nil {
		return err
	}
	w.finished.Go(func() { _ = w.host.Serve(public) }) // ends when the listener is closed
	w.local = w.describe()
	w.listen(w.ports.listeners[portControl], w.controls())
	w.runSystems()
	return nil
}

// named gives calls the real host name, also when they came to 127.0.0.1 directly: history, faults and
// kills then always speak of the address that the real system would have.
func named(host string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		r = r.WithContext(context.WithValue(r.Context(), askedHost{}, r.Host))
		r.Host = host
		next.ServeHTTP(rw, r)
	})
}

// askedHost is the context key of the host name that the caller used.
type askedHost struct{}

// surfaced stands behind the wire: it picks the surface by the real host name and gives the call back the
// name that its caller used, so that links in the answer, such as the next page's, lead back the same way.
type surfaced struct {
	control.Simulator
	surfaces map[string]http.Handler // by real host name
}

// ServeHTTP serves a call that came through named.
func (s surfaced) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	backToCaller(s.surfaces[r.Host]).ServeHTTP(rw, r)
}

// backToCaller undoes named.
func backToCaller(next http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		behind := *r // the wire's own request keeps the real name
		if asked, ok := r.Context().Value(askedHost{}).(string); ok {
			behind.Host = asked
		}
		next.ServeHTTP(rw, &behind)
	})
}

// byTenant sends the sign-in calls of one tenant to one system, all others to the other.
func byTenant(tenant string, its, others http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		first, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
		if strings.EqualFold(first, tenant) {
			its.ServeHTTP(rw, r)
			return
		}
		others.ServeHTTP(rw, r)
	})
}

// secure puts TLS with a certificate for the real name before a listener.
func (w *World) secure(l net.Listener, host string) (net.Listener, error) {
	certificate, err := w.authority.issue(host)
	if err != nil {
		return nil, err
	}
	return tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}), nil
}

// listen serves a handler until the world closes.
func (w *World) listen(l net.Listener, h http.Handler) {
	server := &http.Server{Handler: h, ErrorLog: quiet()}
	w.onClose(func() { _ = server.Close() })
	w.finished.Go(func() { _ = server.Serve(l) }) // ends when the server is closed
}

// quiet swallows what servers say about callers that go away: killed handlers do.
func quiet() *log.Logger { return log.New(io.Discard, "", 0) }

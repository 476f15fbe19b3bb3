package world

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"os"

	"github.com/cosell-sync/cosell-sync/infra/local/emulators"
	"github.com/cosell-sync/cosell-sync/infra/local/hostsim"
)

// The real host names of queues and tables in a world with Options.Tokens.
const (
	namespaceHost = "cosell.servicebus.windows.net"
	tablesHost    = "cosellstate.table.core.windows.net"
)

// stores are the settings that say where queues and tables are.
func (w *World) stores() map[string]string {
	if w.opt.Tokens {
		return map[string]string{"ServiceBus__fullyQualifiedNamespace": namespaceHost, "TABLES_ENDPOINT": "https://" + tablesHost}
	}
	return map[string]string{"ServiceBus": w.brokerConnection(), "TABLES_CONNECTION_STRING": w.tablesConnection()}
}

// triggers say how the host reaches the queues.
func (w *World) triggers() hostsim.ServiceBusOptions {
	if !w.opt.Tokens {
		return hostsim.ServiceBusOptions{} // by the connection string among the settings
	}
	address := fmt.Sprintf("127.0.0.1:%d", w.ports.number[portServiceBus])
	return hostsim.ServiceBusOptions{Dial: hostsim.ByToken(namespaceHost, address, w.trust())}
}

// trust is the TLS of clients that know the world's own authority and no other.
func (w *World) trust() *tls.Config {
	return &tls.Config{RootCAs: w.authority.pool(), MinVersion: tls.VersionTLS12}
}

// withAccount gives a call under the real name the form that Azurite reads, with the account in the path. It
// would take the account from the host name, too, but not in the parts of a batch.
func withAccount(next http.Handler) http.Handler {
	const account = "/" + emulators.Account
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			panic(http.ErrAbortHandler) // the caller has gone
		}
		if r.Host == tablesHost {
			body = bytes.ReplaceAll(body, []byte("https://"+tablesHost+"/"), []byte("https://127.0.0.1"+account+"/"))
			r.Host, r.URL.RawPath, r.URL.Path = "127.0.0.1", account+r.URL.EscapedPath(), account+r.URL.Path
		}
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		next.ServeHTTP(rw, r)
	})
}

// emulatorCertificate writes a certificate for both emulators, which take tokens over TLS alone: the broker
// is called by its name, Azurite on 127.0.0.1 by the proxy. Without Options.Tokens there are no files.
func (w *World) emulatorCertificate() (certFile, keyFile string, err error) {
	if !w.opt.Tokens {
		return "", "", nil
	}
	certificate, err := w.authority.issue(namespaceHost)
	if err != nil {
		return "", "", err
	}
	key, err := x509.MarshalPKCS8PrivateKey(certificate.PrivateKey)
	if err != nil {
		return "", "", fmt.Errorf("writing the key of %s: %w", namespaceHost, err)
	}
	certFile, keyFile = w.absolute("emulators.pem"), w.absolute("emulators-key.pem")
	for file, block := range map[string]pem.Block{
		certFile: {Type: "CERTIFICATE", Bytes: certificate.Certificate[0]}, keyFile: {Type: "PRIVATE KEY", Bytes: key},
	} {
		if err := os.WriteFile(file, pem.EncodeToMemory(&block), 0o600); err != nil {
			return "", "", fmt.Errorf("writing the certificate of %s: %w", namespaceHost, err)
		}
	}
	return certFile, keyFile, nil
}

package emulators

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
)

// The account and key that every Azurite has.
// https://learn.microsoft.com/azure/storage/common/storage-use-azurite#well-known-storage-account-and-key
const (
	Account    = "devstoreaccount1"
	AccountKey = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
)

// AzuriteOptions say where and how Azurite runs. With a certificate it speaks HTTPS and takes tokens of
// any directory whose claims are right (--oauth basic) beside the account key.
type AzuriteOptions struct {
	Dir      string    // the folder that Install was called for
	Port     int       // tables on 127.0.0.1; 0 takes a free one
	CertFile string    // PEM file
	KeyFile  string    // PEM file with the certificate's key
	Location string    // folder that everything is kept in; empty keeps it in memory
	Log      io.Writer // what Azurite has to complain about; nil drops it
}

// Azurite is a running table store.
type Azurite struct {
	running
	options AzuriteOptions
	port    int
	secure  bool
}

// StartAzurite starts Azurite's table service and waits until it answers. A taken port is a *PortTakenError.
func StartAzurite(ctx context.Context, o AzuriteOptions) (*Azurite, error) {
	port, err := claimPort("tables", o.Port)
	if err != nil {
		return nil, err
	}
	args := []string{"tables.js", "--tableHost", "127.0.0.1", "--tablePort", strconv.Itoa(port), "--silent", "--disableTelemetry", "--skipApiVersionCheck"}
	if o.Location == "" {
		args = append(args, "--inMemoryPersistence")
	} else {
		args = append(args, "--location", o.Location)
	}
	a := &Azurite{options: o, port: port, secure: o.CertFile != ""}
	if a.secure {
		args = append(args, "--oauth", "basic", "--cert", o.CertFile, "--key", o.KeyFile)
	}
	if a.now, err = startNode("Azurite", o.Dir, o.Log, args...); err != nil {
		return nil, err
	}
	a.discardOutput()
	if err := a.now.ready(ctx, a.probe); err != nil {
		a.Stop()
		return nil, err
	}
	return a, nil
}

// ErrInMemory is a table store that cannot be started again with what it holds.
var ErrInMemory = errors.New("the tables are kept in memory alone")

// Restart ends Azurite, and another one begins on its port: with all tables and versions, or with none.
func (a *Azurite) Restart(ctx context.Context, empty bool) error {
	o := a.options
	o.Port = a.port
	switch {
	case empty && o.Location == "":
		a.program().Kill()
	case empty:
		a.program().Kill()
		if err := os.RemoveAll(o.Location); err != nil {
			return fmt.Errorf("emptying the tables: %w", err)
		}
	case o.Location == "":
		return ErrInMemory
	default:
		if err := a.program().end(); err != nil {
			return err
		}
	}
	next, err := StartAzurite(ctx, o)
	if err != nil {
		return err
	}
	a.follow(next.now)
	return nil
}

func (a *Azurite) discardOutput() {
	read := make(chan struct{})
	go a.now.watch(read)
	go func() {
		defer close(read)
		_, _ = io.Copy(io.Discard, a.now.stdout)
	}()
}

// probe asks for anything: 400 or 403 is an answer. The certificate is not what is being probed.
func (a *Azurite) probe(ctx context.Context) error {
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true}
	return answers(ctx, transport, a.URL())
}

// URL is the table endpoint with the account, without a slash at its end.
func (a *Azurite) URL() string {
	scheme := "http"
	if a.secure {
		scheme = "https"
	}
	return fmt.Sprintf("%s://127.0.0.1:%d/%s", scheme, a.port, Account)
}

// Port is where Azurite answers on 127.0.0.1.
func (a *Azurite) Port() int { return a.port }

// ConnectionString is for any client of Azure Tables.
func (a *Azurite) ConnectionString() string {
	protocol := "http"
	if a.secure {
		protocol = "https"
	}
	return fmt.Sprintf("DefaultEndpointsProtocol=%s;AccountName=%s;AccountKey=%s;TableEndpoint=%s;", protocol, Account, AccountKey, a.URL())
}

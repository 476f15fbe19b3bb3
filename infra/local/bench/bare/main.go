// Command bare is a receiver without our code: net/http and the standard library. Without an argument it reads the body
// and answers 202, no more: the least that any receiver can do. With one, the file of the signing certificate, it does what
// the product does with a good event, written down straight on: the signature, the JSON, the message.
package main

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"time"
)

func main() {
	err := serve()
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

func serve() error {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { accept(w) })
	if len(os.Args) == 1 {
		mux.HandleFunc("POST /", func(w http.ResponseWriter, r *http.Request) {
			if _, err := io.ReadAll(r.Body); err == nil {
				accept(w)
			}
		})
	} else {
		key, err := keyIn(os.Args[1])
		if err != nil {
			return err
		}
		mux.HandleFunc("POST /api/partnercenterwebhook/{tenant}", answering(func(r *http.Request, body []byte) error { return signed(r, body, key) }))
		mux.HandleFunc("POST /api/crmwebhook", answering(secret))
	}
	return http.ListenAndServe("127.0.0.1:"+os.Getenv("FUNCTIONS_CUSTOMHANDLER_PORT"), mux)
}

func accept(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusAccepted)
	_, _ = io.WriteString(w, "{}\n")
}

func answering(do func(*http.Request, []byte) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err == nil {
			err = do(r, body)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusUnauthorized)
			return
		}
		accept(w)
	}
}

func keyIn(file string) (*rsa.PublicKey, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errors.New("no PEM")
	}
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, err
	}
	key, ok := certificate.PublicKey.(*rsa.PublicKey)
	if !ok {
		return nil, errors.New("no RSA key")
	}
	return key, nil
}

// message is what goes to the queue.
type message struct {
	V      int       `json:"v"`
	Tenant string    `json:"tenant"`
	Kind   string    `json:"kind"`
	ID     string    `json:"id"`
	Why    string    `json:"why"`
	Seen   time.Time `json:"seen"`
}

var sent atomic.Int64

func send(m message) error {
	m.V, m.Tenant, m.Seen = 1, "acme", time.Now().UTC()
	body, err := json.Marshal(m)
	sent.Add(int64(len(body)))
	return err
}

// signed is the path of Partner Center's events.
func signed(r *http.Request, body []byte, key *rsa.PublicKey) error {
	signature, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(r.Header.Get("Authorization"), "Signature "))
	if err != nil {
		return err
	}
	sum := sha256.Sum256(body)
	if err := rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], signature); err != nil {
		return err
	}
	var e struct {
		EventName   string
		ResourceURI string `json:"ResourceUri"`
	}
	if err := json.Unmarshal(body, &e); err != nil {
		return err
	}
	return send(message{Kind: "referral", ID: strings.ToLower(e.ResourceURI[strings.LastIndexByte(e.ResourceURI, '/')+1:]), Why: e.EventName})
}

var wanted = sha256.Sum256([]byte(os.Getenv("DATAVERSE_WEBHOOK_SECRET")))

// secret is the path of Dataverse's events.
func secret(r *http.Request, body []byte) error {
	given := sha256.Sum256([]byte(r.Header.Get(os.Getenv("DATAVERSE_WEBHOOK_HEADER"))))
	if subtle.ConstantTimeCompare(given[:], wanted[:]) == 0 {
		return errors.New("the secret is wrong")
	}
	var e struct{ MessageName, PrimaryEntityName, PrimaryEntityID, OrganizationID string }
	if err := json.Unmarshal(body, &e); err != nil {
		return err
	}
	if e.OrganizationID != os.Getenv("DATAVERSE_ORGANIZATION_ID") {
		return errors.New("another organisation")
	}
	return send(message{Kind: e.PrimaryEntityName, ID: e.PrimaryEntityID, Why: e.MessageName})
}

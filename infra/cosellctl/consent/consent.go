// Package consent has the integration user sign in, proves what comes of it at Partner Center, and stores the refresh
// token where a running sync app takes it from. Either all of it is done or nothing is stored.
package consent

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/app"
	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/partnercenter"
)

// Options are what the person may choose.
type Options struct {
	User   string        // who is expected to sign in; empty: anybody who passes
	Port   int           // of this machine, to which the browser comes back; 0: a free one
	Within time.Duration // how long the sign-in may take
	// Open opens a browser; nil: the person does.
	Open func(address string) error
	// Say tells the person what happens; it never holds a secret.
	Say func(format string, args ...any)
}

// How the second factor has been seen.
const (
	ByClaim         = "claim"          // in the tokens
	ByPartnerCenter = "Partner Center" // which looks into them
	Unseen          = "unseen"         // neither says anything
)

// Result is what was done.
type Result struct {
	User   string `json:"user"`
	Name   string `json:"name"`
	Tenant string `json:"tenant"`
	MFA    string `json:"mfa"`
	Vault  string `json:"vault"`
	Secret string `json:"secret"` // its name
	First  bool   `json:"first"`  // there was none before
}

// From reads what a consent for a tenant needs from "NAME=value" settings, and names every mistake at once.
func From(environ []string, tenant string) (*app.Consenting, error) {
	return app.Consent(environ, tenant, app.Parts{})
}

// Run does it. Errors say what is wrong and what mends it, in one sentence.
func Run(ctx context.Context, c *app.Consenting, o Options) (Result, error) {
	r, err := run(ctx, c, o)
	if err != nil {
		return Result{}, &Error{sentence(c, err), err}
	}
	return r, nil
}

func run(ctx context.Context, c *app.Consenting, o Options) (Result, error) {
	desk, err := open(o.Port)
	if err != nil {
		return Result{}, err
	}
	defer desk.close()
	signIn, err := partnercenter.NewSignIn(c.Tokens, desk.address())
	if err != nil {
		return Result{}, err
	}
	o.Say("looking at the app registration and the vault")
	if err := signIn.Try(ctx); err != nil {
		return Result{}, err
	}
	had, err := c.Stored(ctx)
	if err != nil {
		return Result{}, err
	}
	code, err := ask(ctx, c, desk, signIn, o)
	if err != nil {
		return Result{}, err
	}
	got, err := signIn.Redeem(ctx, code)
	if err != nil {
		return Result{}, err
	}
	r := Result{User: got.User, Name: got.Name, Tenant: got.Tenant, Vault: c.VaultURL, Secret: c.SecretName, First: !had}
	if o.User != "" && !strings.EqualFold(o.User, got.User) {
		return Result{}, fault.New(fault.Denied, "somebody else signed in").With(partnercenter.CodeAccount, "").
			Saying(got.User+" signed in, not "+o.User, "sign in as "+o.User+", in a private window if the browser knows somebody else")
	}
	o.Say("%s has signed in; asking Partner Center whether that is enough", got.User)
	refresh, err := prove(ctx, c, got, &r)
	if err != nil {
		return Result{}, err
	}
	return r, store(ctx, c, refresh)
}

// ask shows the person where to sign in and waits for what comes of it.
func ask(ctx context.Context, c *app.Consenting, desk *desk, signIn *partnercenter.SignIn, o Options) (string, error) {
	page := c.Page(signIn.URL(o.User))
	opened := o.Open != nil && o.Open(page) == nil
	if opened {
		o.Say("sign in as the integration user, with MFA, in the browser that opens, or at")
	} else {
		o.Say("sign in as the integration user, with MFA, at")
	}
	o.Say("%s", page)
	ctx, cancel := context.WithTimeout(ctx, o.Within)
	defer cancel()
	return desk.wait(ctx, signIn, o.Within)
}

// prove makes sure that the tokens do what they are for. It changes nothing at Partner Center. What comes back is the
// refresh token to keep: each use may have given a new one.
func prove(ctx context.Context, c *app.Consenting, got partnercenter.Consent, r *Result) (refresh string, err error) {
	if got.Told && !got.MFA {
		return "", noSecondFactor(got.User)
	}
	kept := &memory{text: got.Refresh}
	client, err := c.Client(kept)
	if err != nil {
		return "", err
	}
	mfa, err := client.Probe(ctx)
	switch {
	case err != nil:
		return "", err
	case mfa == "false":
		return "", noSecondFactor(got.User)
	}
	r.MFA = Unseen
	if mfa == "true" {
		r.MFA = ByPartnerCenter
	}
	if got.MFA {
		r.MFA = ByClaim
	}
	if c.Registers { // else nothing is asked of that API, ever
		if _, _, err := client.Registration(ctx); err != nil {
			return "", err
		}
	}
	return kept.Get(ctx, "")
}

func noSecondFactor(user string) error {
	return fault.New(fault.Denied, "the tokens lack the claim of a second factor").With(partnercenter.CodeMFA, "").
		Saying("mfa.missing: "+user+" signed in without MFA, which Partner Center refuses", "have MFA demanded of that user, by a Conditional Access policy or security defaults, and run it again")
}

// store is the last step, and the only one that leaves something behind. Where no answer comes the vault is asked what
// it holds.
func store(ctx context.Context, c *app.Consenting, refresh string) error {
	err := c.Vault.Set(ctx, c.SecretName, refresh)
	if err == nil || !Away(err) {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), readBack)
	defer cancel()
	switch kept, unread := c.Vault.Get(ctx, c.SecretName); {
	case unread == nil && kept == refresh:
		return nil
	case unread == nil:
		return err
	}
	return fault.New(fault.Broken, "storing the refresh token: %w", err).With(unsure, "").
		Saying("Key Vault gave no answer, so whether the consent is stored is not known", "run it again")
}

const (
	readBack = 15 * time.Second
	unsure   = "vault.unsure" // code
)

// memory keeps a refresh token while it is proved.
type memory struct {
	mu   sync.Mutex
	text string
}

// Get implements partnercenter.Secrets.
func (m *memory) Get(context.Context, string) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.text, nil
}

// Set implements partnercenter.Secrets.
func (m *memory) Set(_ context.Context, _, value string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.text = value
	return nil
}

// Error is a failure as a person reads it.
type Error struct {
	text string
	err  error
}

// Error implements error.
func (e *Error) Error() string { return e.text }

// Unwrap gives what happened.
func (e *Error) Unwrap() error { return e.err }

// Away says whether a failure is that something cannot be reached, so that the same may work later.
func Away(err error) bool {
	return fault.Of(err) != nil && (fault.Is(err, fault.Broken) || fault.Is(err, fault.Later))
}

// sentence says what is wrong and what mends it. What the vault refuses is told as it concerns a person, not the app.
func sentence(c *app.Consenting, err error) string {
	e := fault.Of(err)
	switch {
	case e != nil && e.Code == unsure:
		return e.Say + ": " + e.Mend
	case errors.Is(err, context.Canceled):
		return "given up: nothing is stored"
	case e == nil:
		return err.Error()
	}
	host := c.VaultURL
	if u, bad := url.Parse(c.VaultURL); bad == nil {
		host = u.Host
	}
	say, mend := cmp.Or(e.Say, err.Error()), e.Mend
	switch e.Code {
	case "vault.denied":
		say = fmt.Sprintf("Key Vault %s does not let you read and write the secret %s", host, c.SecretName)
		mend = "ask for the role Key Vault Secrets Officer on it, sign in to Azure as somebody who has it, or run this from inside the vault's private network"
	case "vault.deleted":
		say = fmt.Sprintf("the secret %s of Key Vault %s is deleted, and the vault keeps its name", c.SecretName, host)
		mend = fmt.Sprintf("recover it (az keyvault secret recover --vault-name %s --name %s) and run it again", strings.Split(host, ".")[0], c.SecretName)
	case "vault.unreachable":
		say = "Key Vault " + host + " gives you no answer"
		mend = "sign in to Azure (az login), and see whether it can be reached from here"
	case "identity.refused":
		say = "the directory gives the identity of AZURE_CLIENT_ID no token for Key Vault " + host
		mend = "compare AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET, or leave the secret out and sign in with az login"
	}
	if mend == "" {
		return say + "; nothing is stored"
	}
	return say + ": " + mend + "; nothing is stored"
}

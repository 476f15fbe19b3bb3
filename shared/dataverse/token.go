package dataverse

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/httpclient"
	"github.com/cosell-sync/cosell-sync/shared/pattern"
)

// tokens holds the credential that is in use. Credentials of azidentity keep tokens inside and cannot be
// told to forget one, so renewing means a new credential.
type tokens struct {
	scope string
	make  func() (azcore.TokenCredential, error)
	mu    sync.Mutex
	have  azcore.TokenCredential
	given string // the token that was given last
}

// Tokens adapts an Azure credential to the chain. scope is https://ORG.crm.dynamics.com/.default.
// The audience that the chain names is ignored: a credential belongs to one environment. Denied with code
// token.refused: the credential is not accepted.
func Tokens(newCredential func() (azcore.TokenCredential, error), scope string) httpclient.TokenFunc {
	t := &tokens{scope: scope, make: newCredential}
	return t.token
}

func (t *tokens) token(ctx context.Context, _, refused string) (string, error) {
	credential, err := t.credential(refused)
	if err != nil {
		return "", fault.New(fault.Denied, "making the Dataverse credential: %w", err).
			With("token.refused", "compare tenant, client id and credential with the app registration")
	}
	token, err := credential.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{t.scope}})
	if err != nil && ctx.Err() != nil {
		return "", fault.New(fault.Broken, "getting a Dataverse token: %w", ctx.Err())
	}
	if err != nil {
		return "", tokenError(err)
	}
	t.mu.Lock()
	t.given = token.Token
	t.mu.Unlock()
	return token.Token, nil
}

// credential is the one in use, or a new one when the token that it gives was refused. A refused token
// that is no longer the one in use was replaced by another call meanwhile.
func (t *tokens) credential(refused string) (azcore.TokenCredential, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.have != nil && (refused == "" || refused != t.given) {
		return t.have, nil
	}
	fresh, err := t.make()
	if err != nil {
		return nil, err
	}
	t.have = fresh
	return fresh, nil
}

// aadCode is the number by which Entra ID's documentation explains a refusal.
var aadCode = pattern.New(`AADSTS[0-9]{3,9}`)

// tokenError tells a refusal from trouble on the way. The SDK's texts repeat whole answers, so only the
// number of the refusal is kept.
func tokenError(err error) error {
	var said *fault.Error
	if errors.As(err, &said) {
		return fmt.Errorf("a token for Dataverse: %w", said) // of who we are: the endpoint was not asked
	}
	var refused *azidentity.AuthenticationFailedError
	if !errors.As(err, &refused) || refused.RawResponse == nil || refused.RawResponse.StatusCode >= 500 {
		return fault.New(fault.Broken, "the token endpoint cannot be reached or does not work").With("token.unreachable", "")
	}
	answer := &httpclient.Response{Status: refused.RawResponse.StatusCode, Header: refused.RawResponse.Header}
	if answer.Status == http.StatusTooManyRequests {
		return fault.Wait(httpclient.RetryAfter(answer, answer.Date()), "the token endpoint asked to wait").With("throttled", "")
	}
	return fault.New(fault.Denied, "the token endpoint refused the Dataverse credential: %d %s", answer.Status, aadCode.FindString(err.Error())).
		With("token.refused", "compare tenant, client id and credential with the app registration; secrets expire")
}

package dataverse

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// credential caches inside, as those of azidentity do: it gives the same token until it is thrown away.
type credential struct {
	token string
	scope string
	err   error
}

func (c *credential) GetToken(_ context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	c.scope = o.Scopes[0]
	return azcore.AccessToken{Token: c.token}, c.err
}

func TestRefusedTokenMeansANewCredential(t *testing.T) {
	t.Parallel()
	made := 0
	token := Tokens(func() (azcore.TokenCredential, error) {
		made++
		return &credential{token: fmt.Sprint("token", made)}, nil
	}, "https://org/.default")
	want := func(refused, text string) {
		t.Helper()
		if got, err := token(ctx, "", refused); err != nil || got != text {
			t.Errorf("got %q, %v, want %q", got, err, text)
		}
	}
	want("", "token1")
	want("", "token1")
	want("token1", "token2")
	want("token1", "token2") // another call renewed it meanwhile
	want("", "token2")
	want("token2", "token3")
}

func TestTokenFailuresAreTold(t *testing.T) {
	t.Parallel()
	refused := func(status int, header ...string) error {
		r := &http.Response{StatusCode: status, Header: http.Header{}, Body: http.NoBody}
		for i := 0; i+1 < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		return &azidentity.AuthenticationFailedError{RawResponse: r}
	}
	for _, c := range []struct {
		err  error
		kind fault.Kind
		code string
	}{
		{refused(401), fault.Denied, "token.refused"},
		{refused(400), fault.Denied, "token.refused"},
		{refused(503), fault.Broken, ""},
		{refused(429, "Retry-After", "20"), fault.Later, "throttled"},
		{errors.New("no route: canary"), fault.Broken, ""},
		{fmt.Errorf("x: %w", fault.New(fault.Denied, "AWS refuses").With("identity.unvouched", "")), fault.Denied, "identity.unvouched"},
	} {
		token := Tokens(func() (azcore.TokenCredential, error) { return &credential{err: c.err}, nil }, "s")
		_, err := token(ctx, "", "")
		wantKind(t, err, c.kind, c.code)
		if strings.Contains(err.Error(), "canary") {
			t.Error(err)
		}
	}
	token := Tokens(func() (azcore.TokenCredential, error) { return nil, errors.New("no certificate") }, "s")
	_, err := token(ctx, "", "")
	wantKind(t, err, fault.Denied, "token.refused")
}

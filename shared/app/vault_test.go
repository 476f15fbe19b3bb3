package app

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// TestVaultTroubleNamesItsCause: a secret of ours that has expired must not look like a vault that is away.
func TestVaultTroubleNamesItsCause(t *testing.T) {
	refused := func(status int) error {
		request, _ := http.NewRequest(http.MethodPost, "https://login.microsoftonline.com/t/oauth2/v2.0/token", nil)
		return fmt.Errorf("x: %w", &azidentity.AuthenticationFailedError{RawResponse: &http.Response{StatusCode: status, Request: request,
			Body: io.NopCloser(strings.NewReader(`{"error":"invalid_client","error_description":"AADSTS7000222 CANARY"}`))}})
	}
	inner := func(status int, code string) error {
		return &azcore.ResponseError{StatusCode: status, RawResponse: &http.Response{StatusCode: status,
			Body: io.NopCloser(strings.NewReader(`{"error":{"code":"x","message":"CANARY","innererror":{"code":"` + code + `"}}}`))}}
	}
	for _, c := range []struct {
		err  error
		kind fault.Kind
		code string
		says string
	}{
		{refused(401), fault.Denied, "identity.refused", "the directory refuses our identity"},
		{refused(400), fault.Denied, "identity.refused", "the directory refuses our identity"},
		{refused(503), fault.Broken, "vault.unreachable", "the directory does not answer"},
		{refused(429), fault.Later, "throttled", "the directory asked to wait"},
		{&azidentity.AuthenticationFailedError{}, fault.Broken, "vault.unreachable", "the host gives us no identity"},
		{&url.Error{Op: "Get", URL: "https://x", Err: errors.New("no route CANARY")}, fault.Broken, "vault.unreachable", "Key Vault cannot be reached"},
		{errors.New("another tenant CANARY"), fault.Broken, "vault.unreachable", "Key Vault cannot be asked"},
		{fmt.Errorf("x: %w", fault.New(fault.Denied, "no").With("identity.unvouched", "")), fault.Denied, "identity.unvouched", ": no"},
		{&azcore.ResponseError{StatusCode: 403, ErrorCode: "Forbidden"}, fault.Denied, "vault.denied", "refuses us"},
		{inner(403, "SecretDisabled"), fault.Denied, "vault.disabled", "is disabled"},
		{inner(403, "ForbiddenByFirewall"), fault.Denied, "vault.denied", "refuses us"},
		{inner(409, "ObjectIsDeletedButRecoverable"), fault.Denied, "vault.deleted", "is deleted"},
		{&azcore.ResponseError{StatusCode: 404}, fault.Denied, "consent.missing", "not in Key Vault"},
		{&azcore.ResponseError{StatusCode: 429}, fault.Later, "vault.busy", "busy"},
		{&azcore.ResponseError{StatusCode: 500}, fault.Broken, "", "answered 500"},
	} {
		err := vaultError("reading", "refresh-token", c.err)
		if e := fault.Of(err); e.Kind != c.kind || e.Code != c.code || strings.Contains(err.Error(), "CANARY") || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%v: %+v", err, e)
		}
	}
	if vaultError("reading", "refresh-token", nil) != nil {
		t.Error("no error is one")
	}
}

// A deployment makes the secrets that are ours to write before anybody writes them.
func TestAPlaceholderInTheVaultIsNoSecret(t *testing.T) {
	unset, set := UnsetSecret, "0.AXEA"
	if _, err := secretOf("refresh-token", &unset); fault.Of(err) == nil || fault.Of(err).Code != secretMissing {
		t.Errorf("a placeholder: %v", err)
	}
	if _, err := secretOf("refresh-token", nil); !fault.Is(err, fault.Broken) {
		t.Errorf("no value: %v", err)
	}
	if got, err := secretOf("refresh-token", &set); got != set || err != nil {
		t.Errorf("%q %v", got, err)
	}
}

package partnercenter_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/partnercenter"
	"github.com/cosell-sync/cosell-sync/shared/partnercenter/partnercentertest"
)

// A webhook opens what Partner Center sends: over the raw bytes, and for nobody else. In production Fetch
// is NewFetcher and Roots are left out, which means the system's; here a signer stands in for Microsoft.
func ExampleVerifier_Open() {
	microsoft, err := partnercentertest.New(partnercentertest.Certificate{})
	if err != nil {
		fmt.Println(err)
		return
	}
	verifier := partnercenter.NewVerifier(partnercenter.VerifierOptions{
		Fetch: func(context.Context, string) ([]byte, error) { return microsoft.DER, nil },
		Roots: microsoft.Roots,
	})

	body := `{"EventName":"referral-updated","ResourceName":"referral",` +
		`"ResourceUri":"https://api.partnercenter.microsoft.com/engagements/v1/referrals/0f6b0a52-7a1c-4a57-9a39-6f1f3e9b7c01",` +
		`"ResourceChangeUtcDate":"2026-03-02T09:14:05.3520276+00:00"}`
	r := httptest.NewRequest(http.MethodPost, "/api/partnercenterwebhook/contoso", strings.NewReader(body))
	if r.Header, err = microsoft.Headers([]byte(body)); err != nil {
		fmt.Println(err)
		return
	}

	event, err := verifier.Open(r, []byte(body))
	fmt.Println(event.Name, event.ReferralID, err)

	_, err = verifier.Open(r, []byte(strings.Replace(body, "0f6b0a52", "ffffffff", 1)))
	fmt.Println(fault.KindOf(err), fault.Answer(err))
	// Output:
	// referral-updated 0f6b0a52-7a1c-4a57-9a39-6f1f3e9b7c01 <nil>
	// denied 401
}

package dataverse_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/cosell-sync/cosell-sync/shared/dataverse"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// A webhook opens what the CRM sends. Dataverse signs nothing: the secret in a header, which the service
// endpoint holds, is the proof, and the body must name our environment. Two secrets are taken while one
// is replaced by the other.
func ExampleVerifier_Open() {
	verifier, err := dataverse.NewVerifier(dataverse.VerifierOptions{
		Header: "x-cosell-secret", Secrets: []string{"the new one", "the old one"},
		OrganizationID: "6e1f0b9a-7d34-4c58-9b02-c3d4e5f60718", Host: "contoso.crm4.dynamics.com",
	})
	if err != nil {
		fmt.Println(err)
		return
	}

	body := `{"MessageName":"Update","PrimaryEntityName":"opportunity","PrimaryEntityId":"86F29C54-0661-4542-AA59-25771922454A",` +
		`"OrganizationId":"6e1f0b9a-7d34-4c58-9b02-c3d4e5f60718","InputParameters":[]}`
	r := httptest.NewRequest(http.MethodPost, "/api/crmwebhook", strings.NewReader(body))
	r.Header.Set("x-cosell-secret", "the old one")
	r.Header.Set("x-ms-dynamics-organization", "contoso.crm4.dynamics.com")

	event, err := verifier.Open(r, []byte(body))
	fmt.Println(event.Message, event.Table, event.ID, err)

	r.Header.Set("x-cosell-secret", "a guess")
	_, err = verifier.Open(r, []byte(body))
	fmt.Println(fault.KindOf(err), fault.Answer(err))
	// Output:
	// Update opportunity 86f29c54-0661-4542-aa59-25771922454a <nil>
	// denied 401
}

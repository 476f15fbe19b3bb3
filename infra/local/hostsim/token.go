package hostsim

import (
	"context"
	"crypto/tls"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/messaging/azservicebus"
)

// ByToken is a ServiceBusOptions.Dial for a namespace that is reached by token over TLS, as with a managed
// identity: address is where the broker that stands for it listens, trust says whose certificate it shows.
func ByToken(namespace, address string, trust *tls.Config) func(connection string) (*azservicebus.Client, error) {
	return func(string) (*azservicebus.Client, error) {
		named := trust.Clone()
		named.ServerName = namespace
		return azservicebus.NewClient(namespace, credential{}, &azservicebus.ClientOptions{
			CustomEndpoint: address, TLSConfig: named, RetryOptions: retries()})
	}
}

// credential is the host's own. Its token says nothing, because the broker has no directory to ask.
type credential struct{}

// GetToken implements azcore.TokenCredential.
func (credential) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{Token: "the-functions-host", ExpiresOn: time.Now().Add(time.Hour)}, nil
}

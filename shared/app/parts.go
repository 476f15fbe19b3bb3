package app

import (
	"context"
	"net/http"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"github.com/cosell-sync/cosell-sync/shared/ledger"
	"github.com/cosell-sync/cosell-sync/shared/mapping"
	"github.com/cosell-sync/cosell-sync/shared/opportunities"
	"github.com/cosell-sync/cosell-sync/shared/partnercenter"
	"github.com/cosell-sync/cosell-sync/shared/queue"
)

// Parts are what a caller may bring of its own; what is nil is made from the settings, as Azure has it. So the
// same app can be built on another host, or in one process with the systems that it works with.
type Parts struct {
	// Transport carries every call to the two systems, the directory and Key Vault.
	Transport http.RoundTripper
	// Certificates reads the certificate file of an event's signature.
	Certificates func(ctx context.Context, address string) ([]byte, error)
	Queues       Queues
	// Vouch makes what the host says of us to Azure's directory: a token of its own that names us, with the audience
	// that the directory wants. It is asked for where SYNC_IDENTITY is federated, with the transport of all calls. Denied:
	// the host refuses; health shows what the error says to a person.
	Vouch func(transport http.RoundTripper) func(ctx context.Context) (assertion string, err error)
	// Credential signs in as an app registration of the directory, with the transport of all calls.
	Credential func(tenant, client, secret string) azcore.TokenCredential
	// Secrets keeps the refresh token, in place of Key Vault.
	Secrets partnercenter.Secrets
	// Ledger makes the tables of a tenant; texts in it are to be sealed with the sealer.
	Ledger func(tenant string, sealer ledger.Sealer) *ledger.Ledger
	// Board makes one of the tables in which processes tell each other how they are.
	Board func(table string) *ledger.Board
	// Definitions may stand between the stores and what reads the CRM's definitions of its tables. Nil: nothing does.
	Definitions func(read opportunities.Definitions) opportunities.Definitions
	// Shipped reads our own field sheet, which several apps in one address space read once.
	Shipped func() (*mapping.Sheet, error)
	// NewID makes ids, and Jitter the random part of a short wait; nil: random ones.
	NewID  func() string
	Jitter func(most time.Duration) time.Duration
	// Now is the clock of the process; nil: that of the machine, or of a simulated world.
	Now func() time.Time
	// Sleep waits, until the context ends at most, where a system asked to wait; nil: by the clock of this machine.
	Sleep func(ctx context.Context, d time.Duration) error
}

// Queues are the queues, their dead letters included.
type Queues interface {
	queue.Sender
	// Dead empties the dead-letter queues into take, as queue.ServiceBus does.
	Dead(ctx context.Context, take func(context.Context, queue.Dead) error) error
	// Look says how a queue is, as queue.ServiceBus does.
	Look(ctx context.Context, name queue.Name) (queue.State, error)
	// Close ends the connection.
	Close(ctx context.Context) error
}

// Sessions are queues that can be read session by session, by a host without triggers of its own.
type Sessions interface {
	NextSession(ctx context.Context, name queue.Name, wait time.Duration) (*queue.Session, error)
	// Reconnect is for a process that has stood still.
	Reconnect(ctx context.Context) error
}

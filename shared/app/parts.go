package app

import (
	"context"
	"net/http"

	"github.com/cosell-sync/cosell-sync/shared/ledger"
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
	// Ledger makes the tables of a tenant; texts in it are to be sealed with the sealer.
	Ledger func(tenant string, sealer ledger.Sealer) *ledger.Ledger
	// Board makes one of the tables in which processes tell each other how they are.
	Board func(table string) *ledger.Board
}

// Queues are the queues, their dead letters included.
type Queues interface {
	queue.Sender
	// Dead empties the dead-letter queues into take, as queue.ServiceBus does.
	Dead(ctx context.Context, take func(context.Context, queue.Dead) error) error
	// Close ends the connection.
	Close(ctx context.Context) error
}

package emulators

import (
	"errors"
	"net/http"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"
)

// rowIn gives the row of a store with its version; "" when there is none.
func rowIn(t *testing.T, a *Azurite) azcore.ETag {
	t.Helper()
	service, err := aztables.NewServiceClientFromConnectionString(a.ConnectionString(), nil)
	must(t, err)
	row, err := service.NewClient("pairs").GetEntity(within(t), "p", "r", nil)
	var refused *azcore.ResponseError
	if errors.As(err, &refused) && refused.StatusCode == http.StatusNotFound {
		return ""
	}
	must(t, err)
	return row.ETag
}

func withRow(t *testing.T, o AzuriteOptions) (*Azurite, azcore.ETag) {
	t.Helper()
	a, err := StartAzurite(within(t), o)
	must(t, err)
	t.Cleanup(a.Stop)
	service, err := aztables.NewServiceClientFromConnectionString(a.ConnectionString(), nil)
	must(t, err)
	_, err = service.CreateTable(within(t), "pairs", nil)
	must(t, err)
	_, err = service.NewClient("pairs").AddEntity(within(t), []byte(`{"PartitionKey":"p","RowKey":"r"}`), nil)
	must(t, err)
	return a, rowIn(t, a)
}

// What was written a moment ago is there afterwards, in the same version: conditions of before hold.
func TestTablesStartAgainWithWhatTheyHold(t *testing.T) {
	a, before := withRow(t, AzuriteOptions{Dir: ".", Location: t.TempDir()})
	first := a.PID()
	must(t, a.Restart(within(t), false))
	if a.PID() == first || !gone(first) {
		t.Error("the first program still runs")
	}
	if after := rowIn(t, a); after == "" || after != before {
		t.Errorf("version %q, before it was %q", after, before)
	}
	must(t, a.Restart(within(t), true))
	if after := rowIn(t, a); after != "" {
		t.Errorf("emptied tables hold %q", after)
	}
}

func TestTablesInMemoryStartAgainEmptyAlone(t *testing.T) {
	a, before := withRow(t, AzuriteOptions{Dir: "."})
	if err := a.Restart(within(t), false); !errors.Is(err, ErrInMemory) {
		t.Errorf("%v", err)
	}
	if after := rowIn(t, a); after != before {
		t.Errorf("a refused restart has ended them: %q", after)
	}
	must(t, a.Restart(within(t), true))
	if after := rowIn(t, a); after != "" {
		t.Errorf("emptied tables hold %q", after)
	}
}

func TestBrokerStartsAgainEmptyWithItsQueues(t *testing.T) {
	b := ownBroker(t, BrokerOptions{Queues: []Queue{{Name: "q"}}})
	client := clientFor(t, b.ConnectionString())
	send(t, client, "q", text("lost"))
	first, port := b.PID(), b.Port()
	must(t, b.Restart(within(t)))
	if b.Port() != port || b.PID() == first || !gone(first) {
		t.Errorf("port %d, before it was %d", b.Port(), port)
	}
	again := clientFor(t, b.ConnectionString())
	send(t, again, "q", text("kept"))
	receiver, err := again.NewReceiverForQueue("q", nil)
	must(t, err)
	messages, err := receiver.ReceiveMessages(within(t), 1, nil)
	must(t, err)
	wantBody(t, messages[0], "kept")
}

// Whoever ends an emulator while it starts again ends what comes, too.
func TestWhatComesAfterTheEndIsEnded(t *testing.T) {
	b := ownBroker(t, BrokerOptions{Queues: []Queue{{Name: "q"}}})
	b.Stop()
	must(t, b.Restart(within(t)))
	next := ownBroker(t, BrokerOptions{Port: b.Port(), ControlPort: b.control})
	if next.Port() != b.Port() {
		t.Errorf("port %d", next.Port())
	}
}

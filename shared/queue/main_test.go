package queue

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/cosell-sync/cosell-sync/infra/local/emulators"
)

const emulatorDir = "../../infra/local/emulators"

// Queues that are not as ours have to be: without sessions, and with a short lock.
const (
	plainQueue = "plain"
	shortQueue = "short"
)

// broker is the one Service Bus that all tests share.
var broker *emulators.Broker

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	ctx := context.Background()
	var queues []emulators.Queue
	for _, n := range Names()[:3] { // the fourth is missing on purpose
		queues = append(queues, emulators.Queue{Name: string(n), RequiresSession: true, LockDuration: "PT1M", TTL: "P14D"})
	}
	queues = append(queues, emulators.Queue{Name: plainQueue, LockDuration: "PT1M"}, emulators.Queue{Name: shortQueue, RequiresSession: true, LockDuration: "PT5S", MaxDeliveryCount: 1})
	err := emulators.Install(ctx, emulatorDir, os.Stdout)
	if err == nil {
		broker, err = emulators.StartBroker(ctx, emulators.BrokerOptions{Dir: emulatorDir, Queues: queues, Log: os.Stderr})
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer broker.Stop()
	return m.Run()
}

package emulators

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"
)

// takenPort is a port of another program.
func takenPort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { _ = l.Close() })
	return l.Addr().(*net.TCPAddr).Port
}

func TestTakenPortIsNamedWithItsPart(t *testing.T) {
	port := takenPort(t)
	_, amqp := StartBroker(within(t), BrokerOptions{Dir: ".", Port: port})
	_, control := StartBroker(within(t), BrokerOptions{Dir: ".", ControlPort: port})
	_, tables := StartAzurite(within(t), AzuriteOptions{Dir: ".", Port: port})
	for part, err := range map[string]error{"Service Bus": amqp, "Service Bus control": control, "tables": tables} {
		var taken *PortTakenError
		if !errors.As(err, &taken) || err.Error() != fmt.Sprintf("port %d (%s) is taken", port, part) {
			t.Errorf("%s: got %v", part, err)
		}
	}
}

func TestWrongQueueSettingIsExplained(t *testing.T) {
	for want, q := range map[string]Queue{
		`queue a: "1 minute" is not a duration such as "PT1M"`: {Name: "a", LockDuration: "1 minute"},
		`queue a: maxDeliveryCount -1: use a whole number`:     {Name: "a", MaxDeliveryCount: -1},
		`is not a queue name`:                                  {Name: "a b"},
	} {
		_, err := StartBroker(within(t), BrokerOptions{Dir: ".", Queues: []Queue{q}})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want it to say %s", err, want)
		}
	}
}

func TestGivenPortsAreUsedAgainAfterStop(t *testing.T) {
	first := ownBroker(t, BrokerOptions{Queues: []Queue{{Name: "q"}}})
	port := first.Port()
	first.Stop()
	first.Stop() // twice does no harm
	second := ownBroker(t, BrokerOptions{Port: port, Queues: []Queue{{Name: "q"}}})
	if second.Port() != port {
		t.Errorf("port %d, want %d", second.Port(), port)
	}
	send(t, clientFor(t, second.ConnectionString()), "q", text("a"))
}

func TestTablesAnswer(t *testing.T) {
	a, err := StartAzurite(within(t), AzuriteOptions{Dir: "."})
	must(t, err)
	defer a.Stop()
	service, err := aztables.NewServiceClientFromConnectionString(a.ConnectionString(), nil)
	must(t, err)
	_, err = service.CreateTable(within(t), "pairs", nil)
	must(t, err)
	_, err = service.NewClient("pairs").AddEntity(within(t), []byte(`{"PartitionKey":"p","RowKey":"r"}`), nil)
	must(t, err)
	if files, _ := os.ReadDir("."); hasName(files, "__azurite") || hasName(files, "AzuriteConfig") {
		t.Error("Azurite has written files into this folder")
	}
}

func hasName(files []os.DirEntry, prefix string) bool {
	for _, f := range files {
		if strings.HasPrefix(f.Name(), prefix) {
			return true
		}
	}
	return false
}

const orphanVariable = "EMULATORS_TEST_ORPHAN"

// TestPartsEndWithTheProgramThatStartedThem kills a copy of this test that has started both parts.
func TestPartsEndWithTheProgramThatStartedThem(t *testing.T) {
	if os.Getenv(orphanVariable) != "" {
		startAndDie(t)
	}
	cmd := exec.CommandContext(within(t), os.Args[0], "-test.run", "^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), orphanVariable+"=1")
	out, _ := cmd.Output() // it is killed, by itself
	var brokerPID, tablesPID int
	_, line, found := bytes.Cut(out, []byte("started "))
	if !found {
		t.Fatalf("the copy said %s", out)
	}
	_, err := fmt.Sscan(string(line), &brokerPID, &tablesPID)
	must(t, err)
	for _, pid := range []int{brokerPID, tablesPID} {
		eventually(t, fmt.Sprintf("process %d ends", pid), func() bool { return gone(pid) })
	}
}

func startAndDie(t *testing.T) {
	b, err := StartBroker(within(t), BrokerOptions{Dir: "."})
	must(t, err)
	a, err := StartAzurite(within(t), AzuriteOptions{Dir: "."})
	must(t, err)
	fmt.Println("started", b.PID(), a.PID())
	must(t, syscall.Kill(os.Getpid(), syscall.SIGKILL))
}

// gone says whether a process has ended; one that nobody has waited for yet counts as ended.
func gone(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return true
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && bytes.Contains(stat, []byte(") Z "))
}

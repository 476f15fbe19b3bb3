package emulators

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/messaging/azservicebus"
	"golang.org/x/sync/errgroup"
)

// A burst of 1,000 sessions with one message each: sent by 16, then accepted, received, completed and
// closed by 64, as a Functions host does it. One operation is the whole burst.
func BenchmarkThousandSessions(b *testing.B) {
	const sessions, senders, acceptors = 1000, 16, 64
	client := newClient(b)
	s, err := client.NewSender("bursts", nil)
	must(b, err)
	cpu := cpuSeconds(b, broker.PID())
	for b.Loop() {
		began := time.Now()
		eachOf(b, sessions, senders, func(i int) error {
			id := fmt.Sprint(i)
			return s.SendMessage(b.Context(), &azservicebus.Message{Body: []byte(id), SessionID: &id}, nil)
		})
		sent := time.Now()
		eachOf(b, sessions, acceptors, func(int) error {
			r, err := client.AcceptNextSessionForQueue(b.Context(), "bursts", nil)
			if err != nil {
				return err
			}
			return completeOwn(b.Context(), r)
		})
		b.ReportMetric(sent.Sub(began).Seconds(), "send-s")
		b.ReportMetric(time.Since(sent).Seconds(), "receive-s")
	}
	b.ReportMetric(residentMiB(b, broker.PID()), "broker-MiB")
	b.ReportMetric((cpuSeconds(b, broker.PID())-cpu)/float64(b.N), "broker-cpu-s")
}

// eachOf calls do for 0 to n-1, so many at a time.
func eachOf(t testing.TB, n, atATime int, do func(int) error) {
	t.Helper()
	var g errgroup.Group
	g.SetLimit(atATime)
	for i := range n {
		g.Go(func() error { return do(i) })
	}
	must(t, g.Wait())
}

// cpuSeconds is what a process has used so far, 0 where the system does not tell it in /proc.
func cpuSeconds(t testing.TB, pid int) float64 {
	t.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	const hundredths = 100
	var sum float64
	for _, field := range fields[11:13] { // user and system time
		n, err := strconv.Atoi(field)
		must(t, err)
		sum += float64(n) / hundredths
	}
	return sum
}

// residentMiB is the memory of a process, 0 where the system does not tell it in /proc.
func residentMiB(t testing.TB, pid int) float64 {
	t.Helper()
	statm, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		return 0
	}
	pages, err := strconv.Atoi(strings.Fields(string(statm))[1])
	must(t, err)
	return float64(pages*os.Getpagesize()) / (1 << 20)
}

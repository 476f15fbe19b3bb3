package world

import (
	"encoding/json"
	"errors"
	"net/http"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"

	"github.com/cosell-sync/cosell-sync/infra/local/control"
)

func TestWhatWasBeforeALeapStaysWhereItWas(t *testing.T) {
	c := &clock{file: filepath.Join(t.TempDir(), "clock")}
	first := time.Now()
	for range 2 {
		if err := c.advance(time.Hour); err != nil {
			t.Fatal(err)
		}
	}
	if got := c.at(first); !got.Equal(first) {
		t.Errorf("before the leaps: %s, want %s", got, first)
	}
	between := c.leaps[1].at.Add(-time.Nanosecond)
	if got := c.at(between).Sub(between); got != time.Hour {
		t.Errorf("between them: %s", got)
	}
	if got := c.at(time.Now()).Sub(c.now()).Abs(); got > time.Second {
		t.Errorf("now: %s off", got)
	}
}

// A process that sees the new time writes a row at once, while the world still moves its clock: a store that said it was written
// before the leap would have the process think that its clock is off by as much.
func TestWhatIsWrittenByTheNewTimeIsWrittenAfterTheLeap(t *testing.T) {
	c := &clock{file: filepath.Join(t.TempDir(), "clock")}
	pipe := fullPipe(t, c.file+".new")
	moved := make(chan error, 1)
	go func() { moved <- c.advance(time.Hour) }()
	for c.mu.TryLock() { // it has not begun
		c.mu.Unlock()
		runtime.Gosched()
	}
	written := time.Now()
	room := make([]byte, 1<<20)
	if n, err := syscall.Read(pipe, room); n <= 0 || err != nil {
		t.Fatal(n, err)
	}
	if err := <-moved; err != nil {
		t.Fatal(err)
	}
	if got := c.at(written).Sub(written); got != time.Hour {
		t.Errorf("written while the clock moved: %s after the machine's time, want 1h", got)
	}
}

// fullPipe makes a pipe that whoever writes to it waits at, until something is read from it.
func fullPipe(t *testing.T, name string) (pipe int) {
	t.Helper()
	if err := syscall.Mkfifo(name, 0o600); err != nil {
		t.Fatal(err)
	}
	pipe, err := syscall.Open(name, syscall.O_RDWR|syscall.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Close(pipe) })
	for err == nil {
		_, err = syscall.Write(pipe, make([]byte, 1<<12))
	}
	if !errors.Is(err, syscall.EAGAIN) {
		t.Fatal(err)
	}
	return pipe
}

// Processes hold a row's time against their own clocks: one that was written an hour of the world ago is an hour old.
func TestRowsOfTheProcessesAreWrittenByTheWorldsClock(t *testing.T) {
	w := standing(t)
	service, err := aztables.NewServiceClientFromConnectionString(w.Local().Tables.ConnectionString, &aztables.ClientOptions{
		ClientOptions: azcore.ClientOptions{Retry: policy.RetryOptions{MaxRetries: -1}}})
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	written := func(table, key string) (at, read time.Time) {
		t.Helper()
		var res *http.Response
		got, err := service.NewClient(table).GetEntity(policy.WithCaptureResponse(t.Context(), &res), "p", key, nil)
		if err != nil {
			t.Fatal(err)
		}
		if read, err = http.ParseTime(res.Header.Get("Date")); err != nil {
			t.Fatal(err)
		}
		var row struct{ Timestamp time.Time }
		if err := json.Unmarshal(got.Value, &row); err != nil {
			t.Fatal(err)
		}
		return row.Timestamp, read
	}
	put := func(table, key string) {
		t.Helper()
		if _, err := service.NewClient(table).UpsertEntity(t.Context(), []byte(`{"PartitionKey":"p","RowKey":"`+key+`"}`), nil); err != nil {
			t.Fatal(err)
		}
	}
	for _, table := range []string{"processes", "state"} {
		if _, err := service.NewClient(table).CreateTable(t.Context(), nil); err != nil && statusOf(err) != http.StatusConflict {
			t.Fatal(err)
		}
		put(table, "before")
	}
	if status, answer := ask(t, http.MethodPost, w.Local().Host.Control+"/clock", control.Clock{Advance: "100h"}); status != http.StatusOK {
		t.Fatalf("%d %v", status, answer)
	}
	put("processes", "after")
	put("state", "after")
	for _, row := range []struct {
		table, key  string
		ahead, then time.Duration
	}{{"processes", "before", 0, 100 * time.Hour}, {"processes", "after", 100 * time.Hour, 100 * time.Hour}, {"state", "before", 0, 0}, {"state", "after", 0, 0}} {
		at, read := written(row.table, row.key)
		if off := at.Sub(began.Add(row.ahead)).Abs(); off > time.Minute {
			t.Errorf("%s %s: %s off", row.table, row.key, off)
		}
		if off := read.Sub(began.Add(row.then)).Abs(); off > time.Minute {
			t.Errorf("%s %s is read %s off", row.table, row.key, off)
		}
	}
}

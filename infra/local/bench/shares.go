package bench

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// jiffy is the unit in which the kernel counts. https://man7.org/linux/man-pages/man5/proc_stat.5.html
const jiffy = 10 * time.Millisecond

// moment is what the processors have done until then: all of them for anybody, and for us with all programs that we started.
type moment struct {
	at         time.Time
	busy, ours time.Duration
}

func now() (m moment, err error) {
	m.at = time.Now()
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return m, fmt.Errorf("asking what the processors do: %w", err)
	}
	if m.busy, err = busyOf(string(text)); err != nil {
		return m, err
	}
	m.ours, err = family(os.Getpid())
	return m, err
}

// busyOf reads how long all processors were at work, or were taken away from this machine.
func busyOf(stat string) (time.Duration, error) {
	line, _, _ := strings.Cut(stat, "\n")
	fields := strings.Fields(line)
	if len(fields) < 9 || fields[0] != "cpu" {
		return 0, fmt.Errorf("the processors do %q", line)
	}
	sum := time.Duration(0)
	for i, text := range fields[1:9] {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("the processors do %q", line)
		}
		if i != 3 && i != 4 { // idle, and waiting for a disk
			sum += time.Duration(n) * jiffy
		}
	}
	return sum, nil
}

// family is how long a process, and all that it has started, have worked.
func family(root int) (sum time.Duration, err error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return 0, fmt.Errorf("asking which programs run: %w", err)
	}
	parents := map[int]int{}
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		if text, err := os.ReadFile("/proc/" + e.Name() + "/stat"); err == nil {
			parents[pid] = parentOf(string(text))
		}
	}
	for pid := range parents {
		for up := pid; up > 1; up = parents[up] {
			if up != root {
				continue
			}
			if took, err := busy(pid); err == nil { // else it has ended
				sum += took
			}
			break
		}
	}
	return sum, nil
}

// parentOf reads /proc/PID/stat: the name stands in brackets, and may have brackets and spaces of its own.
func parentOf(stat string) int {
	fields := strings.Fields(stat[strings.LastIndexByte(stat, ')')+1:])
	if len(fields) < 2 {
		return 0
	}
	parent, _ := strconv.Atoi(fields[1]) // 0: nobody's
	return parent
}

// atOurDisposal is how long a span would have been if the other programs of the machine had stood still: what they took of the
// processors meanwhile, nobody else could have.
func atOurDisposal(span time.Duration, from, to moment, processors int) time.Duration {
	others := max(to.busy-from.busy-(to.ours-from.ours), 0)
	whole := to.at.Sub(from.at)
	free := 1 - others.Seconds()/(whole.Seconds()*float64(processors))
	return time.Duration(float64(span) * min(max(free, 0), 1))
}

package bench

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unsafe"
)

// processors is a set of the machine's processors, as the kernel wants it.
// https://man7.org/linux/man-pages/man2/sched_setaffinity.2.html
type processors [16]uint64

// allowed are the processors that this process may use.
func allowed() (list []int, err error) {
	var set processors
	if _, _, no := syscall.RawSyscall(syscall.SYS_SCHED_GETAFFINITY, 0, unsafe.Sizeof(set), uintptr(unsafe.Pointer(&set))); no != 0 {
		return nil, fmt.Errorf("asking for the processors: %w", no)
	}
	for i := range len(set) * 64 {
		if set[i/64]&(1<<(i%64)) != 0 {
			list = append(list, i)
		}
	}
	return list, nil
}

func bind(thread int, list ...int) error {
	var set processors
	for _, i := range list {
		set[i/64] |= 1 << (i % 64)
	}
	if _, _, no := syscall.RawSyscall(syscall.SYS_SCHED_SETAFFINITY, uintptr(thread), unsafe.Sizeof(set), uintptr(unsafe.Pointer(&set))); no != 0 {
		return fmt.Errorf("choosing a processor: %w", no)
	}
	return nil
}

// first is the priority of those that are measured, where the machine lets us choose it: what else it does shall not
// show in how long a call takes. https://man7.org/linux/man-pages/man2/setpriority.2.html
const first = -20

// split gives the servers the first processor and this process, which calls them, the others, until undo is called. On a
// machine with one processor they share it.
func split() (servers []int, undo func(), err error) {
	all, err := allowed()
	if err != nil {
		return nil, nil, err
	}
	threads := func(list []int, priority int) error {
		return eachThread(func(id int) error {
			_ = syscall.Setpriority(syscall.PRIO_PROCESS, id, priority) // who may not goes on as he is
			return bind(id, list...)
		})
	}
	servers, ours := all, all
	if len(all) > 1 {
		servers, ours = all[:1], all[1:]
	}
	return servers, func() { _ = threads(all, 0) }, threads(ours, first) // a bench that is over needs none
}

// eachThread does something to every thread of this process; those that come later follow the one that makes them.
func eachThread(do func(id int) error) error {
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return fmt.Errorf("listing our threads: %w", err)
	}
	for _, t := range threads {
		if id, err := strconv.Atoi(t.Name()); err == nil {
			if err := do(id); err != nil {
				return err
			}
		}
	}
	return nil
}

// on runs do in a thread that is bound to the processors, as a process that it starts will be.
func on(list []int, do func() error) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	mine, err := allowed()
	if err != nil {
		return err
	}
	if err := bind(0, list...); err != nil {
		return err
	}
	defer func() { _ = bind(0, mine...) }()
	return do()
}

// busy is how long a process has been at work on a processor, all its threads together.
// https://docs.kernel.org/scheduler/sched-stats.html#proc-pid-schedstat
func busy(pid int) (time.Duration, error) {
	dir := fmt.Sprintf("/proc/%d/task", pid)
	threads, err := os.ReadDir(dir)
	if err != nil {
		return 0, fmt.Errorf("asking how long a process has worked: %w", err)
	}
	var sum time.Duration
	for _, t := range threads {
		text, err := os.ReadFile(dir + "/" + t.Name() + "/schedstat")
		if err != nil {
			continue // it has ended
		}
		first, _, _ := strings.Cut(string(text), " ")
		ns, err := strconv.ParseInt(first, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("asking how long a process has worked: %q", text)
		}
		sum += time.Duration(ns)
	}
	return sum, nil
}

// resident gives what a process holds in memory, in bytes: now, and at most.
// https://man7.org/linux/man-pages/man5/proc_pid_status.5.html
func resident(pid int) (now, peak int64, err error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, 0, fmt.Errorf("asking for the memory of a process: %w", err)
	}
	for line := range strings.Lines(string(text)) {
		f := strings.Fields(line)
		if len(f) < 2 {
			continue
		}
		n, _ := strconv.ParseInt(f[1], 10, 64)
		switch f[0] {
		case "VmRSS:":
			now = n << 10
		case "VmHWM:":
			peak = n << 10
		}
	}
	if peak == 0 {
		return 0, 0, fmt.Errorf("process %d shows no memory", pid)
	}
	return now, peak, nil
}

package simulate

import (
	"syscall"
	"time"
)

// wall is the processor time that this program has used: a bubble's clock says nothing of it.
func wall() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u) // of oneself: cannot fail
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

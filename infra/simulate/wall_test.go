package simulate

import (
	"syscall"
	"time"
	"unsafe"
)

// wall is the processor time that this program has used: a bubble's clock says nothing of it.
func wall() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u) // of oneself: cannot fail
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// huge asks for large pages where the heap will be: what a run touches is spread over much of it.
func huge(size int) {
	heap := make([]byte, size)
	at := unsafe.Pointer(&heap[0])
	const page = 2 << 20
	skip := (page - int(uintptr(at)%page)) % page
	_ = syscall.Madvise(heap[skip:], 14) // MADV_HUGEPAGE; as well without
}

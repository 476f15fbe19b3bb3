package app

import "runtime/debug"

// memory is where the collector begins to work harder, so that a burst stays within 64 MiB: about 21 MiB more of what
// is resident are pages of the program itself, which the collector does not count.
const memory = 40 << 20

// TuneCollector sets the garbage collector of a process that is ours alone.
func TuneCollector() {
	debug.SetMemoryLimit(memory)
}

package world

import (
	"slices"
	"strings"

	"github.com/cosell-sync/cosell-sync/infra/local/emulators"
)

// queues are the queues that the functions of a packaged folder are triggered by, with the settings that
// their deployment gives them. A function with a new queue needs no other place.
func queues(app string) (out []emulators.Queue, err error) {
	all, err := declaredIn(app)
	for _, d := range all {
		known := slices.ContainsFunc(out, func(q emulators.Queue) bool { return strings.EqualFold(q.Name, d.queue) })
		if d.trigger == "serviceBusTrigger" && d.queue != "" && !known {
			out = append(out, emulators.Queue{Name: d.queue, RequiresSession: d.sessions, LockDuration: "PT1M", MaxDeliveryCount: 10, TTL: "P14D"})
		}
	}
	return out, err
}

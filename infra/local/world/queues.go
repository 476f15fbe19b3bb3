package world

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/cosell-sync/cosell-sync/infra/local/emulators"
)

// queues are the queues that the functions of a packaged folder are triggered by, with the settings that
// their deployment gives them. A function with a new queue needs no other place.
func queues(app string) ([]emulators.Queue, error) {
	files, err := filepath.Glob(filepath.Join(app, "*", "function.json"))
	if err != nil {
		return nil, fmt.Errorf("looking for the queues in %s: %w", app, err)
	}
	var out []emulators.Queue
	for _, file := range files {
		var function struct {
			Bindings []struct {
				Type              string `json:"type"`
				QueueName         string `json:"queueName"`
				IsSessionsEnabled bool   `json:"isSessionsEnabled"`
			} `json:"bindings"`
		}
		text, err := os.ReadFile(file)
		if err == nil {
			err = json.Unmarshal(text, &function)
		}
		if err != nil {
			return nil, fmt.Errorf("looking for queues in %s: %w", file, err)
		}
		for _, b := range function.Bindings {
			known := slices.ContainsFunc(out, func(q emulators.Queue) bool { return strings.EqualFold(q.Name, b.QueueName) })
			if b.Type == "serviceBusTrigger" && b.QueueName != "" && !known {
				out = append(out, emulators.Queue{Name: b.QueueName, RequiresSession: b.IsSessionsEnabled, LockDuration: "PT1M", MaxDeliveryCount: 10, TTL: "P14D"})
			}
		}
	}
	return out, nil
}

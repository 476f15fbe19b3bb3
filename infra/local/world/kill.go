package world

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/cosell-sync/cosell-sync/infra/local/control"
)

// hostTables is the name of the table store in a kill: the real name depends on the storage account.
const hostTables = "tables"

// killer watches what the handler calls and kills it at the call that was asked for.
type killer struct {
	kill func()

	mu    sync.Mutex
	armed []*armedKill
}

type armedKill struct {
	control.KillAfter
	path *regexp.Regexp
	left int
	hit  *http.Request // the call that was counted to zero, until its point comes
}

var processName = regexp.MustCompile(`^[a-z][a-z0-9_-]*#[1-9][0-9]*$`)

// knownProcess refuses what no process can be called. Empty is the first that matches.
func knownProcess(name string) error {
	if name != "" && !processName.MatchString(name) {
		return fmt.Errorf(`process %q: use a name as GET status lists them, such as "crmtopartnercenter#1"`, name)
	}
	return nil
}

// arm takes a kill for later. The error says what is wrong and what is allowed.
func (k *killer) arm(after control.KillAfter) error {
	path, err := regexp.Compile(after.Path)
	if err != nil {
		return fmt.Errorf("after.path: %w", err)
	}
	switch control.Point(after.Point) {
	case "":
		after.Point = string(control.Committed)
	case control.Before, control.Committed, control.Answered:
	default:
		return fmt.Errorf("after.point %q: use before, committed or answered", after.Point)
	}
	if known := append(sortedKeys(surfaces()), hostTables); after.Host != "" && !slices.Contains(known, strings.ToLower(after.Host)) {
		return fmt.Errorf("after.host %q: use %s", after.Host, strings.Join(known, ", "))
	}
	if err := control.KnownMethod("after.method", after.Method); err != nil {
		return err
	}
	if after.N < 0 {
		return fmt.Errorf("after.n %d: use 1 for the next matching call", after.N)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.armed = append(k.armed, &armedKill{KillAfter: after, path: path, left: max(1, after.N)})
	return nil
}

// watch is called at each point of each call, in the goroutine of the call: while it kills, no answer leaves.
func (k *killer) watch(p control.Point, r *http.Request) {
	if k.due(p, r) {
		k.kill()
	}
}

func (k *killer) due(p control.Point, r *http.Request) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	for i, a := range k.armed {
		if p == control.Before && a.hit == nil && a.matches(r) {
			if a.left--; a.left == 0 {
				a.hit = r
			}
		}
		if a.hit == r && control.Point(a.Point) == p {
			k.armed = append(k.armed[:i:i], k.armed[i+1:]...)
			return true
		}
	}
	return false
}

func (a *armedKill) matches(r *http.Request) bool {
	return (a.Host == "" || strings.EqualFold(a.Host, r.Host)) &&
		(a.Method == "" || strings.EqualFold(a.Method, r.Method)) &&
		a.path.MatchString(r.URL.Path)
}

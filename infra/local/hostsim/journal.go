package hostsim

import (
	"net/http"
	"strconv"
	"sync"

	"github.com/cosell-sync/cosell-sync/infra/local/control"
)

// headerProcess stands among the request headers of an entry: the process that was called.
const headerProcess = "process"

// journal is the history of all processes together: one entry per ended invocation, in the order of their ends.
type journal struct {
	mu      sync.Mutex
	entries []control.Entry
}

func (j *journal) add(e control.Entry) {
	j.mu.Lock()
	defer j.mu.Unlock()
	e.N = int64(len(j.entries) + 1)
	j.entries = append(j.entries, e)
}

func (j *journal) since(n int) []control.Entry {
	j.mu.Lock()
	defer j.mu.Unlock()
	return append([]control.Entry{}, j.entries[min(n, len(j.entries)):]...)
}

// answer answers GET history: method is the kind of trigger, url the function's path, status 200 or 500, identity the
// invocation id, at the time of its end.
func (j *journal) answer(w http.ResponseWriter, r *http.Request) {
	if err := control.OnlyQuery(r, "since"); err != nil {
		control.WriteError(w, http.StatusBadRequest, "%v", err)
		return
	}
	since := 0
	if s := r.URL.Query().Get("since"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 0 {
			control.WriteError(w, http.StatusBadRequest, "since=%s is not a number of an entry (0 or more)", s)
			return
		}
		since = n
	}
	control.WriteJSON(w, http.StatusOK, j.since(since))
}

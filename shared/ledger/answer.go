package ledger

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// refusal is the answer to the operation that made a transaction fail.
type refusal struct {
	status int
	code   string
}

func (r *refusal) Error() string { return fmt.Sprintf("HTTP %d %s", r.status, r.code) }

// parseBatch reads the answer to a transaction: the versions of its rows, in order, or the one refusal.
func parseBatch(body []byte, n int) (versions []string, err error) {
	lines := bufio.NewScanner(bytes.NewReader(body))
	lines.Buffer(nil, len(body)+1)
	status := 0
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		switch name, value, _ := strings.Cut(line, ":"); {
		case strings.HasPrefix(line, "HTTP/1.1 "):
			status, _ = strconv.Atoi(strings.Fields(line + " 0")[1])
			if status < http.StatusBadRequest {
				versions = append(versions, "")
			}
		case strings.EqualFold(name, "etag") && len(versions) > 0:
			versions[len(versions)-1] = strings.TrimSpace(value)
		case strings.HasPrefix(line, "{") && status >= http.StatusBadRequest:
			return nil, &refusal{status: status, code: errorCode([]byte(line))}
		}
	}
	if status >= http.StatusBadRequest || len(versions) != n {
		return nil, &refusal{status: max(status, http.StatusInternalServerError), code: "IncompleteAnswer"}
	}
	return versions, nil
}

func errorCode(body []byte) string {
	var answer struct {
		Error struct {
			Code string `json:"code"`
		} `json:"odata.error"`
	}
	_ = json.Unmarshal(body, &answer) // another shape: no code, the status stays
	return answer.Error.Code
}

func statusOf(err error) int {
	var r *refusal
	var res *azcore.ResponseError
	switch {
	case errors.As(err, &r):
		return r.status
	case errors.As(err, &res):
		return res.StatusCode
	}
	return 0
}

func codeOf(err error) string {
	var r *refusal
	var res *azcore.ResponseError
	switch {
	case errors.As(err, &r):
		return r.code
	case errors.As(err, &res):
		return res.ErrorCode
	}
	return ""
}

// verdict turns a failed write into errTaken, errStale or a fault.
func verdict(doing string, err error, ops []op) error {
	single := len(ops) == 1
	switch statusOf(err) {
	case http.StatusConflict:
		if codeOf(err) == "EntityAlreadyExists" {
			return errTaken
		}
	case http.StatusPreconditionFailed:
		return errStale
	case http.StatusNotFound:
		if single && ops[0].kind == remove && ops[0].version == "" {
			return nil
		}
		return errStale
	}
	return classify(doing, err)
}

// busyWait is for a throttled answer that names no wait.
const busyWait = 5 * time.Second

// classify makes a fault of an error of the table service. The client's own text is not used: it quotes
// the address, which may hold a signature.
func classify(doing string, err error) error {
	if err == nil {
		return nil
	}
	var said *fault.Error
	if errors.As(err, &said) { // of who we are: nobody was asked
		return fmt.Errorf("%s: %w", doing, said)
	}
	status := statusOf(err)
	switch {
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return fault.New(fault.Denied, "%s: HTTP %d %s", doing, status, codeOf(err)).With("tables.denied",
			"give the app the role Storage Table Data Contributor on the storage account, or correct TABLES_CONNECTION_STRING")
	case status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable:
		return fault.Wait(busyWait, "%s: HTTP %d %s", doing, status, codeOf(err)).With("tables.busy", "")
	case status == http.StatusBadRequest || status == http.StatusRequestEntityTooLarge:
		return fault.New(fault.Invalid, "%s: HTTP %d %s", doing, status, codeOf(err))
	case status != 0:
		return fault.New(fault.Broken, "%s: HTTP %d %s", doing, status, codeOf(err))
	}
	var inner *url.Error
	if errors.As(err, &inner) {
		err = inner.Err
	}
	return fault.New(fault.Broken, "%s: %w", doing, err)
}

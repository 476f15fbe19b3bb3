package upgrade

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/cosell-sync/cosell-sync/infra/local/pack"
)

// addedMember is what the later version adds to every row and every message.
const addedMember = "addedLater"

// edit is one change of the sources that makes them a later version: at the two places that every row and every
// message passes on its way out, whatever their kind.
type edit struct{ file, old, new string }

// A message that already has the member, because it is a copy, has it in the Rest of its pointer.
var edits = []edit{
	{"shared/ledger/table.go", `entity := map[string]string{"PartitionKey": t.partition, "RowKey": o.key}`,
		`entity := map[string]string{"PartitionKey": t.partition, "RowKey": o.key, "` + addedMember + `": "of a later version"}`},
	{"shared/queue/servicebus.go", "\tid, contentType, session := uuid.NewString()",
		"\tif m.Pointer.Rest == \"\" {\n\t\tbody = append(body[:len(body)-1], `,\"" + addedMember + "\":{\"n\":[1,\"two\"]}}`...)\n\t}\n\tid, contentType, session := uuid.NewString()"},
}

// apply makes the change in a text, which has the place once.
func (e edit) apply(text string) (string, error) {
	if n := strings.Count(text, e.old); n != 1 {
		return "", fmt.Errorf("%s has the place where a later version adds its member %d times and not once: %q", e.file, n, e.old)
	}
	return strings.Replace(text, e.old, e.new, 1), nil
}

// Newer makes a later version of the packaged folder app below work, with a member more in every row and every message,
// and gives its folder: the sources as they are, and the two changes laid over them.
func Newer(ctx context.Context, top, app, work string) (string, error) {
	fresh := filepath.Join(work, "newer")
	if err := errors.Join(os.RemoveAll(fresh), os.MkdirAll(fresh, 0o755)); err != nil {
		return "", fmt.Errorf("a folder for the later version: %w", err)
	}
	replaced := map[string]string{}
	for i, e := range edits {
		text, err := os.ReadFile(filepath.Join(top, e.file))
		if err != nil {
			return "", fmt.Errorf("reading what a later version changes: %w", err)
		}
		changed, err := e.apply(string(text))
		if err != nil {
			return "", err
		}
		file := filepath.Join(fresh, fmt.Sprintf("%d.go", i))
		if err := os.WriteFile(file, []byte(changed), 0o644); err != nil {
			return "", fmt.Errorf("writing what a later version changes: %w", err)
		}
		replaced[filepath.Join(top, e.file)] = file
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replaced})
	if err != nil {
		return "", err
	}
	file, to := filepath.Join(fresh, "overlay.json"), filepath.Join(fresh, "app")
	if err := errors.Join(os.WriteFile(file, overlay, 0o644), os.CopyFS(to, os.DirFS(app))); err != nil {
		return "", fmt.Errorf("a folder for the later version: %w", err)
	}
	return to, pack.Handler(ctx, top, to, "later", "-overlay", file)
}

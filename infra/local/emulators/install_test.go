package emulators

import (
	"bytes"
	"os"
	"testing"
)

func TestInstallIsDoneOnce(t *testing.T) {
	var log bytes.Buffer
	must(t, Install(within(t), ".", &log))
	if log.Len() > 0 {
		t.Errorf("installed again: %s", &log)
	}
}

// The lock names packages by version and checksum only: where they come from is the machine's own setting.
func TestLockNamesNoRegistry(t *testing.T) {
	lock, err := os.ReadFile("package-lock.json")
	must(t, err)
	if bytes.Contains(lock, []byte(`"resolved"`)) {
		t.Error(`package-lock.json has "resolved" addresses: write it with the .npmrc of this folder`)
	}
	if !bytes.Contains(lock, []byte(`"integrity"`)) {
		t.Error("package-lock.json has no checksums")
	}
}

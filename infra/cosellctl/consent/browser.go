package consent

import (
	"fmt"
	"os/exec"
	"runtime"
)

// Browser opens an address with whatever this machine opens addresses with.
func Browser(address string) error {
	name, args := "xdg-open", []string{address}
	switch runtime.GOOS {
	case "darwin":
		name = "open"
	case "windows":
		name, args = "rundll32", []string{"url.dll,FileProtocolHandler", address}
	}
	cmd := exec.Command(name, args...)
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("opening a browser: %w", err)
	}
	go func() { _ = cmd.Wait() }() // whatever becomes of it, the address is shown too
	return nil
}

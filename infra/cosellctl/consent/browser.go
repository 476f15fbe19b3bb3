package consent

import (
	"fmt"
	"os/exec"
	"runtime"
)

// Browser opens addresses with a command, that of the variable BROWSER, or with whatever this machine opens them with.
func Browser(command string) func(address string) error {
	return func(address string) error {
		name, args := "xdg-open", []string{address}
		switch {
		case command != "":
			name = command
		case runtime.GOOS == "darwin":
			name = "open"
		case runtime.GOOS == "windows":
			name, args = "rundll32", []string{"url.dll,FileProtocolHandler", address}
		}
		cmd := exec.Command(name, args...)
		if err := cmd.Start(); err != nil {
			return fmt.Errorf("opening a browser: %w", err)
		}
		go func() { _ = cmd.Wait() }() // whatever becomes of it, the address is shown too
		return nil
	}
}

package simulate

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// runPart runs this test program once more, as worker i with one processor: goroutines that wake at the same moment then go
// on in one order. What it prints after "result " is read into the result; of its other lines those are printed that tell. Files
// that it is given are its third and so on.
func runPart(t *testing.T, i int, args, env []string, result any, tells func(line string) bool, files ...*os.File) {
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(append(os.Environ(), "GOMAXPROCS=1", "GODEBUG=asyncpreemptoff=1"), env...)
	cmd.Stderr, cmd.ExtraFiles = os.Stderr, files
	pipe, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Error(err)
		return
	}
	lines := bufio.NewScanner(pipe)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		if text, ok := strings.CutPrefix(lines.Text(), "result "); ok {
			if err := json.Unmarshal([]byte(text), result); err != nil {
				t.Error(err)
			}
		} else if tells(lines.Text()) {
			fmt.Println(lines.Text())
		}
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("worker %d: %v", i, err)
	}
}

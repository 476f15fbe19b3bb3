package pack

import (
	"context"
	"os/exec"
	"regexp"
	"strings"
)

// devel is the version of a tree that is in no git repository.
const devel = "devel"

// described is what a version may be made of: it goes onto a command line.
var described = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._/+-]{0,100}$`)

// version names the commit that the tree is at: the nearest tag and the way from there, or the commit
// alone, with "-dirty" when files were changed since. A checkout that belongs to another user counts too.
func version(ctx context.Context, top string) string {
	cmd := exec.CommandContext(ctx, "git", "-c", "safe.directory=*", "describe", "--tags", "--always", "--dirty", "--abbrev=12")
	cmd.Dir = top
	out, err := cmd.Output()
	text := strings.TrimSpace(string(out))
	if err != nil || !described.MatchString(text) {
		return devel
	}
	return text
}

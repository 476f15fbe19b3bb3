package decisions

import (
	"fmt"
	"os"
	"path"
	"strconv"
	"strings"
)

// AcceptedFile lists the differences that are wanted, in this folder: a line "which | line | reason" for each. Which is
// the number of a decision, or * for all; line is the name of what is decided otherwise, in which * stands for any text.
// Lines that begin with # say nothing.
const AcceptedFile = "testdata/accepted.txt"

// Accepted are the lines of the file.
type Accepted []*accepted

type accepted struct {
	text, which, line string
	used              bool
}

// ReadAccepted reads the file. Every line has a reason.
func ReadAccepted(name string) (out Accepted, err error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	for n, line := range strings.Split(string(text), "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		parts := strings.Split(line, "|")
		for i := range parts {
			parts[i] = strings.TrimSpace(parts[i])
		}
		if len(parts) != 3 || parts[0] == "" || parts[1] == "" || parts[2] == "" {
			return nil, fmt.Errorf("%s, line %d: write which decision | which line | the reason", name, n+1)
		}
		if _, err := path.Match(parts[1], ""); err != nil {
			return nil, fmt.Errorf("%s, line %d: %q: %w", name, n+1, parts[1], err)
		}
		if _, err := strconv.Atoi(parts[0]); err != nil && parts[0] != "*" {
			return nil, fmt.Errorf("%s, line %d: %q is neither the number of a decision nor *", name, n+1, parts[0])
		}
		out = append(out, &accepted{text: line, which: parts[0], line: parts[1]})
	}
	return out, nil
}

// Leave gives the differences of a decision that nobody has accepted.
func (a Accepted) Leave(number int, all []Difference) (left []Difference) {
	for _, d := range all {
		taken := false
		for _, one := range a {
			if one.of(number, d.Line) {
				one.used, taken = true, true
			}
		}
		if !taken {
			left = append(left, d)
		}
	}
	return left
}

func (a *accepted) of(number int, line string) bool {
	flat := strings.NewReplacer("/", " ").Replace // path.Match stops at slashes, and members have them
	is, _ := path.Match(flat(a.line), flat(line)) // it was read
	return is && (a.which == "*" || a.which == strconv.Itoa(number))
}

// Unused are the lines that no difference has needed.
func (a Accepted) Unused() (out []string) {
	for _, one := range a {
		if !one.used {
			out = append(out, one.text)
		}
	}
	return out
}

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"
)

// command is one call of a tool. What is secret stands in secretEnv, or in a file of mode 600 that takes the place of
// the argument secretFile; never among the arguments, which every process of the machine can read.
type command struct {
	tool      string // as it is called: az, func, azd, make, .build/cosellctl
	args      []string
	dir       string            // below the top folder
	settings  bool              // the lines of the file of settings go along as variables
	env       map[string]string // beside them, and the environment that we were started with
	secretEnv map[string]string // by variable: the name of the secret
	secret    string            // name of the secret that goes into the file
	talks     bool              // with whoever sits at the terminal
}

// secretFile stands for the path of the file with the secret.
const secretFile = "{secret file}"

// line shows a command as one would type it, secrets as <secret NAME>.
func (c command) line() string {
	var words []string
	if c.settings {
		words = append(words, "<settings>")
	}
	for _, name := range sortedKeys(c.env) {
		words = append(words, name+"="+quoted(c.env[name]))
	}
	for _, name := range sortedKeys(c.secretEnv) {
		words = append(words, name+"=<secret "+c.secretEnv[name]+">")
	}
	words = append(words, c.tool)
	for _, a := range c.args {
		if a == secretFile {
			words = append(words, "<file of mode 600 with the secret "+c.secret+">")
			continue
		}
		words = append(words, quoted(a))
	}
	line := strings.Join(words, " ")
	if c.dir != "" {
		line = "(cd " + c.dir + " && " + line + ")"
	}
	return line
}

var plain = regexp.MustCompile(`^[-\w@%+=:,./<>{}]+$`)

func quoted(word string) string {
	if plain.MatchString(word) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

func sortedKeys(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }

// toolError is a tool that ended badly, with its own words.
type toolError struct {
	line string
	code int
	said string
	out  string // its standard output, which may be an answer all the same
}

func (e *toolError) Error() string {
	return fmt.Sprintf("%s\nended with code %d and said:\n%s", e.line, e.code, indented(e.said))
}

func indented(text string) string {
	text = strings.TrimSpace(text)
	if text == "" {
		text = "(nothing)"
	}
	return "  " + strings.ReplaceAll(text, "\n", "\n  ")
}

// interrupted is a call that was ended because we were told to end; line is empty where none was under way.
type interrupted struct{ line, said string }

func (e *interrupted) Error() string {
	switch {
	case e.line == "":
		return "interrupted between two calls"
	case e.said == "":
		return e.line + "\nwas interrupted"
	}
	return e.line + "\nwas interrupted, and said:\n" + indented(e.said)
}

// shell runs commands from the top folder.
type shell struct {
	top     string
	environ []string
	set     settings
	in      io.Reader
	out     io.Writer // of tools that talk with people: they write to it from two sides at once
	call    func(*exec.Cmd) (code int, err error)
	secrets map[string]string
}

// ended runs a program to its end. An error is one of starting it or of its pipes.
func ended(cmd *exec.Cmd) (code int, err error) {
	var exit *exec.ExitError
	if err = cmd.Run(); errors.As(err, &exit) {
		return exit.ExitCode(), nil
	}
	return 0, err
}

// longest is how much of what a tool said is kept for the error: its end.
const longest = 4000

// run runs a command and gives back what it wrote to its standard output. A failure is a *toolError whose text holds
// none of the secrets that we know.
func (s *shell) run(ctx context.Context, c command) (string, error) {
	args, done, err := s.arguments(c)
	if err != nil {
		return "", err
	}
	defer done()
	path, err := s.find(c.tool)
	if err != nil {
		return "", err
	}
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Dir = filepath.Join(s.top, c.dir)
	cmd.Env = s.environment(c)
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	if c.talks {
		cmd.Stdin, cmd.Stdout, cmd.Stderr = s.in, s.out, io.MultiWriter(s.out, &said)
	}
	interruptible(cmd, c.talks)
	code, err := s.call(cmd)
	switch {
	case ctx.Err() != nil:
		abandon(cmd)
		return "", &interrupted{line: c.line(), said: s.hide(tail(said.String()))}
	case code != 0:
		text := said.String()
		if strings.TrimSpace(text) == "" {
			text = out.String()
		}
		return "", &toolError{line: c.line(), code: code, said: s.hide(tail(text)), out: out.String()}
	case err != nil:
		return "", fmt.Errorf("%s: %w", c.line(), err)
	}
	return out.String(), nil
}

// tail is what is kept of what a tool said.
func tail(text string) string { return text[max(0, len(text)-longest):] }

// ends is how long a tool may take to end after it was interrupted.
const ends = 30 * time.Second

// interruptible lets a tool end by itself where we are told to: it is interrupted, as by Ctrl-C, and waited for. It gets
// a group of its own, so that it and what it has started are told once and not by the terminal, too; one that talks with
// whoever sits there cannot have one.
func interruptible(cmd *exec.Cmd, talks bool) {
	cmd.WaitDelay = ends
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: !talks}
	cmd.Cancel = func() error {
		if talks {
			return cmd.Process.Signal(os.Interrupt)
		}
		return syscall.Kill(-cmd.Process.Pid, syscall.SIGINT)
	}
}

// abandon ends what an interrupted tool has left behind.
func abandon(cmd *exec.Cmd) {
	if cmd.Process != nil && cmd.SysProcAttr.Setpgid {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	}
}

// arguments puts the secret's file into its place; done takes it away again.
func (s *shell) arguments(c command) (args []string, done func(), err error) {
	args, done = slices.Clone(c.args), func() {}
	i := slices.Index(args, secretFile)
	if i < 0 {
		return args, done, nil
	}
	f, err := os.CreateTemp("", "cosell-") // mode 600
	if err != nil {
		return nil, done, fmt.Errorf("a file for the secret %s: %w", c.secret, err)
	}
	done = func() { _ = os.Remove(f.Name()) }
	_, err = f.WriteString(s.secrets[c.secret])
	if err = errors.Join(err, f.Close()); err != nil {
		done()
		return nil, func() {}, fmt.Errorf("a file for the secret %s: %w", c.secret, err)
	}
	args[i] = f.Name()
	return args, done, nil
}

// environment is ours without secrets that this command has no use for.
func (s *shell) environment(c command) []string {
	env := slices.DeleteFunc(slices.Clone(s.environ), func(e string) bool {
		name, _, _ := strings.Cut(e, "=")
		if strings.HasPrefix(name, "MAKE") || name == "MFLAGS" { // a make of ours is one of its own
			return true
		}
		if name == adminSecret && c.tool != cosellctl {
			return true
		}
		return slices.ContainsFunc(secrets(), func(k secret) bool { return name == k.name || name == k.name+"_FILE" })
	})
	if c.settings {
		for _, name := range sortedKeys(s.set) {
			if !strings.HasSuffix(name, "_FILE") {
				env = append(env, name+"="+s.set[name])
			}
		}
	}
	for _, name := range sortedKeys(c.env) {
		env = append(env, name+"="+c.env[name])
	}
	for _, name := range sortedKeys(c.secretEnv) {
		env = append(env, name+"="+s.secrets[c.secretEnv[name]])
	}
	return env
}

// find looks for a program on PATH, or from the top folder where its name has a slash.
func (s *shell) find(tool string) (string, error) {
	if strings.Contains(tool, "/") {
		return filepath.Join(s.top, tool), nil
	}
	path, _ := lookup(s.environ, "PATH")
	for _, dir := range filepath.SplitList(path) {
		file := filepath.Join(dir, tool)
		if info, err := os.Stat(file); err == nil && !info.IsDir() && info.Mode()&0o111 != 0 {
			return file, nil
		}
	}
	return "", fmt.Errorf("%s was not found on PATH", tool)
}

// hide blots out the secrets that we know.
func (s *shell) hide(text string) string {
	for _, v := range s.secrets {
		if len(v) >= 4 {
			text = strings.ReplaceAll(text, v, "***")
		}
	}
	return text
}

// Package standin stands for az, func, azd, make and cosellctl where make deploy is tried without an account. It goes
// by the name it is called with, refuses arguments that the tool does not take, writes down every call, answers in the
// tool's form from what earlier calls have left, and fails where it is told to.
//
// STANDIN is its folder: calls.jsonl has the calls, state.json what would be in the cloud, fail.json what has to fail.
// With STANDIN_WORLD, the local.json of a world on this machine, what is published is published there.
//
// A call is what a process is given: its arguments, its environment, its folder. Package program is such a process; a
// test that makes thousands of calls plays them in its own.
package standin

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
)

// Call is one call of a tool.
type Call struct {
	Tool        string   // the name that it is called by
	Args        []string // beside the name
	Env         []string // NAME=value, each name once
	Dir         string   // where it runs
	Out, ErrOut io.Writer
	alone       bool // in a process of its own, which can be interrupted
}

// OfThisProcess is the call that this process was started for.
func OfThisProcess() (Call, error) {
	dir, err := os.Getwd()
	return Call{Tool: filepath.Base(os.Args[0]), Args: os.Args[1:], Env: os.Environ(), Dir: dir, Out: os.Stdout, ErrOut: os.Stderr, alone: true}, err
}

// env is the value of a variable, empty where it is not set.
func (p Call) env(name string) string {
	for _, e := range p.Env {
		if value, ok := strings.CutPrefix(e, name+"="); ok {
			return value
		}
	}
	return ""
}

// path is where a file is that the call names.
func (p Call) path(file string) string {
	if filepath.IsAbs(file) {
		return file
	}
	return filepath.Join(p.Dir, file)
}

// record is one line of calls.jsonl.
type record struct {
	Tool  string            `json:"tool"`
	Args  []string          `json:"args"`
	Dir   string            `json:"dir"`
	Env   map[string]string `json:"env"`
	Stdin string            `json:"stdin,omitempty"`
	Mode  string            `json:"mode,omitempty"` // of the file that --file names
	Code  int               `json:"code"`
}

// failure is one entry of fail.json.
type failure struct {
	Call   string `json:"call"`  // begins the call: az group create
	Whole  bool   `json:"whole"` // it is the call
	Nth    int    `json:"nth"`   // counted from 1; 0 fails always
	Code   int    `json:"code"`
	Stderr string `json:"stderr"`
	// Started is a named pipe: the call says there that it runs, and does not end before it is interrupted.
	Started string `json:"started"`
}

// Run answers the call and gives its exit code: 125 where the stand-in itself does not get on.
func (p Call) Run() int {
	dir := p.env("STANDIN")
	if dir == "" {
		fmt.Fprintln(p.ErrOut, "STANDIN names no folder")
		return 125
	}
	unlock, err := lock(dir)
	if err != nil {
		fmt.Fprintln(p.ErrOut, err)
		return 125
	}
	defer unlock()
	code, text, said := p.answer(dir)
	fmt.Fprint(p.Out, text)
	if said != "" {
		fmt.Fprintln(p.ErrOut, said)
	}
	if err := p.note(dir, code); err != nil {
		fmt.Fprintln(p.ErrOut, err)
		return 125
	}
	return code
}

// lock lets one call at a time look at the state.
func lock(dir string) (func(), error) {
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		return nil, err
	}
	return func() { _ = f.Close() }, nil
}

// answer gives the exit code, what goes to standard output, and what goes to standard error.
func (p Call) answer(dir string) (code int, out, said string) {
	all, err := grammars()
	if err != nil {
		return 125, "", err.Error()
	}
	g, known := all[p.Tool]
	if !known {
		return 125, "", "nobody is called " + p.Tool
	}
	c, err := g.parse(p.Args)
	if err != nil {
		return 2, "", fmt.Sprintf("%s: error: %v", p.Tool, err)
	}
	if f, fails := failing(dir, p.Tool, p.Args); fails {
		if err := p.hang(f); err != nil {
			return 125, "", err.Error()
		}
		return f.Code, "", f.Stderr
	}
	s, err := loadState(dir, p)
	if err != nil {
		return 125, "", err.Error()
	}
	out, err = s.answer(p.Tool, c)
	var refused *refusal
	if errors.As(err, &refused) {
		if refused.done {
			if err := s.save(dir); err != nil {
				return 125, "", err.Error()
			}
		}
		return refused.code, refused.out, refused.text
	}
	if err == nil {
		err = s.save(dir)
	}
	if err != nil {
		return 125, "", err.Error()
	}
	return 0, out, ""
}

// failing looks whether this call has to fail, by the calls that were noted before.
func failing(dir, tool string, args []string) (failure, bool) {
	text, err := os.ReadFile(filepath.Join(dir, "fail.json"))
	if err != nil {
		return failure{}, false
	}
	var list []failure
	if err := json.Unmarshal(text, &list); err != nil {
		return failure{Code: 125, Stderr: "fail.json: " + err.Error()}, true
	}
	before, _ := os.ReadFile(filepath.Join(dir, "calls.jsonl"))
	line := tool + " " + strings.Join(args, " ")
	for _, f := range list {
		fits := func(line string) bool { return strings.HasPrefix(line, f.Call) && (!f.Whole || line == f.Call) }
		if !fits(line) {
			continue
		}
		n := 1
		for _, l := range strings.Split(string(before), "\n") {
			var r record
			if json.Unmarshal([]byte(l), &r) == nil && fits(r.Tool+" "+strings.Join(r.Args, " ")) {
				n++
			}
		}
		if f.Nth == 0 || f.Nth == n {
			return f, true
		}
	}
	return failure{}, false
}

// hang waits for the interrupt, where the failure is one.
func (p Call) hang(f failure) error {
	switch {
	case f.Started == "":
		return nil
	case !p.alone:
		return errors.New("only a process of its own can be interrupted")
	}
	told := make(chan os.Signal, 1)
	signal.Notify(told, os.Interrupt)
	if err := os.WriteFile(f.Started, []byte("started\n"), 0o600); err != nil {
		return err
	}
	<-told
	return nil
}

// interesting are the variables that are written down.
var interesting = []string{"COSELL_", "AZURE_", "PARTNER_CENTER_", "DATAVERSE_", "SYNC_"}

func (p Call) note(dir string, code int) error {
	r := record{Tool: p.Tool, Args: p.Args, Dir: p.Dir, Env: map[string]string{}, Code: code}
	for _, e := range p.Env {
		name, value, _ := strings.Cut(e, "=")
		for _, prefix := range interesting {
			if strings.HasPrefix(name, prefix) {
				r.Env[name] = value
			}
		}
	}
	for i, a := range p.Args {
		if a == "--file" && i+1 < len(p.Args) {
			if info, err := os.Stat(p.path(p.Args[i+1])); err == nil {
				r.Mode = info.Mode().Perm().String()
			}
		}
	}
	line, err := json.Marshal(r)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(filepath.Join(dir, "calls.jsonl"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(append(line, '\n'))
	return errors.Join(err, f.Close())
}

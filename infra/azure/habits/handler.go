package main

import (
	"context"
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

func handlerRules() []rule {
	return []rule{
		{"handler.file", "defaultExecutablePath names a file of the folder: else the host looks for a command of that name", theHost + "WebJobs.Script/Workers/Http/HttpWorkerDescription.cs", handlerIsThere},
		{"handler.mode", "it may be executed: the host adds the bit on consumption plans only", theHost + "WebJobs.Script/Workers/ProcessManagement/WorkerProcess.cs", handlerIsExecutable},
		{"handler.elf", "it is a program for Linux on x86-64 that needs no library of the host's image", learn + "functions-custom-handlers", handlerIsStatic},
		{"handler.size", "it is smaller than 25 MB", ours, smaller(func(s *subject) string { return s.handler() }, 25)},
		{"handler.port", "it listens on 127.0.0.1 at the port of FUNCTIONS_CUSTOMHANDLER_PORT, and answers GET / at once", theHost + "WebJobs.Script/Workers/Http/DefaultHttpWorkerService.cs", handlerListens},
		{"handler.refuses", "with wrong settings it ends with an error before it listens, so that the host says so", theHost + "WebJobs.Script/Workers/ProcessManagement/WorkerProcess.cs", handlerRefuses},
	}
}

func (s *subject) handler() string {
	return filepath.Join(s.app, text(s.host, "customHandler.description.defaultExecutablePath"))
}

func handlerIsThere(s *subject) error {
	info, err := os.Stat(s.handler())
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is no file", s.handler())
	}
	return err
}

func handlerIsExecutable(s *subject) error {
	info, err := os.Stat(s.handler())
	if err == nil && info.Mode()&0o111 != 0o111 {
		err = fmt.Errorf("its mode is %s", info.Mode())
	}
	return err
}

func handlerIsStatic(s *subject) error {
	f, err := elf.Open(s.handler())
	if err != nil {
		return err
	}
	defer f.Close()
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			return fmt.Errorf("it is linked dynamically")
		}
	}
	if f.Machine != elf.EM_X86_64 || f.Class != elf.ELFCLASS64 || f.OSABI != elf.ELFOSABI_NONE && f.OSABI != elf.ELFOSABI_LINUX {
		return fmt.Errorf("it is for %s, %s", f.Machine, f.OSABI)
	}
	return nil
}

// smaller holds a file under a number of megabytes of 1,000,000 bytes.
func smaller(file func(*subject) string, mb float64) func(*subject) error {
	return func(s *subject) error {
		info, err := os.Stat(file(s))
		if err != nil {
			return err
		}
		if size := float64(info.Size()) / 1e6; size >= mb {
			return fmt.Errorf("it has %.1f MB", size)
		}
		return nil
	}
}

// patience is how long a start may take here: the host's own limit is 30 s.
const patience = 10 * time.Second

// start runs the handler as the host does: the settings in its environment, the folder as its own.
func (s *subject) start(ctx context.Context, port string, values map[string]string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, s.handler())
	cmd.Dir = s.app
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "FUNCTIONS_CUSTOMHANDLER_PORT=" + port, "FUNCTIONS_HTTPWORKER_PORT=" + port, "FUNCTIONS_APP_ROOT_PATH=" + s.app}
	for name, value := range values {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	return cmd
}

// filledIn are the sample's settings with something in the place of what is to be changed.
func (s *subject) filledIn() map[string]string {
	out := map[string]string{}
	for name, value := range s.sample.Values {
		if strings.HasPrefix(value, "changeme") {
			value = "b6e1d3c0a59f4e7d"
		}
		out[name] = value
	}
	return out
}

func handlerListens(s *subject) error {
	port, err := freePort()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var said strings.Builder
	cmd := s.start(ctx, port, s.filledIn())
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	defer func() { _ = cmd.Process.Kill() }()
	for {
		select {
		case err := <-ended:
			return fmt.Errorf("it ended: %v %s", err, strings.TrimSpace(said.String()))
		case <-ctx.Done():
			return fmt.Errorf("it does not listen after %s", patience)
		case <-time.After(10 * time.Millisecond):
		}
		if answers(ctx, port) {
			cancel()
			<-ended
			return nil
		}
	}
}

// answers says whether anything answers GET / on a port; the host takes every status for ready.
func answers(ctx context.Context, port string) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://127.0.0.1:"+port+"/", nil)
	if err != nil {
		return false
	}
	resp, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(req)
	if err != nil {
		return false
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	return resp.Body.Close() == nil
}

func handlerRefuses(s *subject) error {
	port, err := freePort()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	said, err := s.start(ctx, port, map[string]string{"SYNC_ROLE": "nobody"}).CombinedOutput()
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil || err == nil:
		return fmt.Errorf("it does not end with an error")
	case !errors.As(err, &exit):
		return err
	case exit.ExitCode() == 200 || len(said) == 0:
		return fmt.Errorf("exit code %d, which has the host start it again and again; it says %q", exit.ExitCode(), said)
	}
	return nil
}

func freePort() (string, error) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	return port, err
}

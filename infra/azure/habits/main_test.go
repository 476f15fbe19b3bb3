package main

import (
	"archive/zip"
	"bytes"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/cosell-sync/cosell-sync/infra/local/pack"
)

// standIn is a handler that listens as ours does, and is quickly built and copied.
const standIn = `package main

import (
	"net"
	"os"
)

func main() {
	if os.Getenv("SYNC_ROLE") == "nobody" {
		println("the settings are wrong")
		os.Exit(1)
	}
	l, err := net.Listen("tcp", "127.0.0.1:"+os.Getenv("FUNCTIONS_CUSTOMHANDLER_PORT"))
	if err != nil {
		os.Exit(1)
	}
	for {
		c, err := l.Accept()
		if err != nil {
			os.Exit(1)
		}
		c.Read(make([]byte, 4096))
		c.Write([]byte("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"))
		c.Close()
	}
}
`

// repository is a copy of what the rules look at, with the stand-in for a handler, packed as make package does.
func repository(t *testing.T) place {
	t.Helper()
	top := t.TempDir()
	for _, form := range []string{"azure.yaml", "Makefile", ".gitignore", "host.json", "local.settings.sample.json", "functions/*/function.json",
		"infra/azure/*.bicep", "infra/azure/*.bicepparam", "infra/azure/*.json", "infra/azure/modules/*.bicep"} {
		files, err := filepath.Glob(filepath.Join("../../..", form))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: no file (%v)", form, err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			put(t, filepath.Join(top, strings.TrimPrefix(file, "../../../")), string(text), 0o644)
		}
	}
	put(t, filepath.Join(top, "go.mod"), "module example\n\ngo 1.26\n", 0o644)
	put(t, filepath.Join(top, "infra/azure/main.go"), standIn, 0o644)
	out := filepath.Join(top, ".build")
	if err := os.MkdirAll(out, 0o755); err != nil {
		t.Fatal(err)
	}
	built, err := pack.Build(t.Context(), pack.Options{Top: top, Out: out})
	if err != nil {
		t.Fatal(err)
	}
	return place{top: top, app: built.Dir, zip: built.Zip}
}

func put(t *testing.T, file, text string, mode fs.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(file); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}

// copied is the same in another folder.
func copied(t *testing.T, p place) place {
	t.Helper()
	top := t.TempDir()
	if err := os.CopyFS(top, os.DirFS(p.top)); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(top, ".build/app/local.settings.json"), 0o600); err != nil {
		t.Fatal(err)
	}
	return place{top: top, app: filepath.Join(top, ".build/app"), zip: filepath.Join(top, ".build/app.zip")}
}

// Each rule is kept by the package as it is, and broken by one in which what it is about was changed.
func TestEachRuleIsKeptAndCanBeBroken(t *testing.T) {
	good := repository(t)
	for _, r := range rules() {
		if err := r.kept(look(good)); err != nil {
			t.Errorf("%s: the package as it is breaks it: %v", r.id, err)
		}
		harm := harms()[r.id]
		if harm == nil {
			t.Errorf("%s: nobody has tried to break it", r.id)
			continue
		}
		bad := copied(t, good)
		harm(t, bad)
		if r.kept(look(bad)) == nil {
			t.Errorf("%s: it is kept when it is broken", r.id)
		}
		if err := os.RemoveAll(bad.top); err != nil {
			t.Fatal(err)
		}
	}
	for id := range harms() {
		if !strings.Contains(list(), id+"\n") {
			t.Errorf("%s is broken and is no rule", id)
		}
	}
}

func list() (ids string) {
	for _, r := range rules() {
		ids += r.id + "\n"
	}
	return ids
}

func TestEachRuleHasAnIdentityAndASource(t *testing.T) {
	source := regexp.MustCompile(`^(Azure/[a-z-]+ (pull \d+|\S+\.(cs|go|json|md)|\S+/funcignore)|https://learn\.microsoft\.com/\S+|docs/decisions/\S+\.md)$`)
	for _, r := range rules() {
		if strings.Count(list(), r.id+"\n") != 1 || r.says == "" {
			t.Errorf("%q is not alone with its name, or says nothing", r.id)
		}
		if !source.MatchString(r.source) {
			t.Errorf("%s: %q is no source", r.id, r.source)
		}
		if note, is := strings.CutPrefix(r.source, "docs/"); is {
			if _, err := os.Stat("../../../docs/" + note); err != nil {
				t.Errorf("%s: %v", r.id, err)
			}
		}
	}
	if n := len(rules()); n < 30 {
		t.Errorf("only %d rules", n)
	}
}

func TestReportEndsWithTheCount(t *testing.T) {
	good := repository(t)
	var out bytes.Buffer
	if broken := report(good, &out); broken != 0 {
		t.Errorf("%d broken:\n%s", broken, out.String())
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if last := lines[len(lines)-1]; !regexp.MustCompile(`^habits: (\d+) rules, (\d+) kept$`).MatchString(last) || len(lines) != len(rules())+1 {
		t.Errorf("%d lines, the last is %q", len(lines), last)
	}
	put(t, filepath.Join(good.app, "proxies.json"), "{}", 0o644)
	out.Reset()
	if broken := report(good, &out); broken == 0 || !strings.Contains(out.String(), "BROKEN folder.no-proxies") {
		t.Errorf("%d broken:\n%s", broken, out.String())
	}
}

// func's patterns are not git's: they begin at the top and end at the end of a word.
func TestIgnoreIsReadAsFuncReadsIt(t *testing.T) {
	i, err := readIgnore("# nothing\nhand\n/local.settings.json\n*.log\n!keep.log\n")
	if err != nil {
		t.Fatal(err)
	}
	for name, takes := range map[string]bool{"handler": true, "hand": false, "hand/x": false, "local.settings.json": false, "a/local.settings.json": true,
		"a.log": false, "keep.log": true, "a/b.log": true, "# nothing": true} {
		if i.takes(name) != takes {
			t.Errorf("%s: %v", name, !takes)
		}
	}
}

// rezip writes the zip again, with another header or content of its files; a change that gives nil leaves a file out.
func rezip(t *testing.T, p place, change func(h *zip.FileHeader, body []byte) ([]byte, *zip.FileHeader), more ...string) {
	t.Helper()
	r, err := zip.OpenReader(p.zip)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	add := func(h *zip.FileHeader, body []byte) {
		to, err := w.CreateHeader(h)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := to.Write(body); err != nil {
			t.Fatal(err)
		}
	}
	for _, e := range r.File {
		from, err := e.Open()
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(from)
		if err != nil {
			t.Fatal(err)
		}
		h := &zip.FileHeader{Name: e.Name, Method: zip.Deflate}
		h.SetMode(e.Mode())
		if body, h = change(h, body); h != nil {
			add(h, body)
		}
	}
	for _, name := range more {
		h := &zip.FileHeader{Name: name}
		h.SetMode(0o644)
		add(h, []byte("{}"))
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	put(t, p.zip, out.String(), 0o644)
}

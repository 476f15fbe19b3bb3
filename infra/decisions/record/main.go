// Command record plays a month of people and systems, and the cases of the tests, with a heart that writes down what it
// decides, and keeps some of each sort in infra/decisions/testdata: make decisions.
package main

import (
	"bufio"
	"cmp"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"

	"github.com/cosell-sync/cosell-sync/infra/decisions"
)

// The sources that are laid over the repository's for the recording.
var (
	//go:embed overlay.go.txt
	recorder string
	//go:embed month.go.txt
	month string
)

// decide are the functions that are written down, and where they stand. The recorder has one of each name in its place.
var decide = [][2]string{
	{"merge.go", "func Merge(in Pairing) Plan {"},
	{"preflight.go", "func Prepare(o Opportunity, rules []Rule) (Record, []Problem) {"},
	{"creation.go", "func ForOpportunity(r Referral, rules []Rule) Record {"},
	{"acts.go", "func Heed(pair Pair, o Opportunity, microsoft string) (Deed, Problem) {"},
	{"brake.go", "func (b Brake) Judge(aside []Aside, pairs int, now time.Time, unsure bool) Brake {"},
}

// plays are what is recorded: the month, in which people work as they do, and the tests of the flows and of the heart, which know the rare cases.
// perSort is how many decisions of a sort each of its programs writes down.
var plays = []struct{ name, folder, run, perSort string }{
	{decisions.Month, "./infra/simulate", "^TestMonth$", "6"},
	{"flow", "./shared/flow", ".", "1"},
	{"cosell", "./shared/cosell", ".", "1"},
}

func main() {
	only := flag.String("only", "", "the one play to record, for a look: nothing is kept")
	raw := flag.String("raw", "", "a file for what is recorded; where it is there, nothing is played")
	again := flag.Bool("again", false, "nothing is played: what is kept is decided again, and that is kept")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	do := func() error { return record(ctx, *only, *raw) }
	if *again {
		do = decideAgain
	}
	if err := do(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func record(ctx context.Context, only, raw string) error {
	top, err := os.Getwd()
	if err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "decisions")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(work) }()
	overlay, err := lay(top, work)
	if err != nil {
		return err
	}
	file := cmp.Or(raw, filepath.Join(work, "decisions.jsonl"))
	_, unplayed := os.Stat(file)
	for _, p := range plays {
		if unplayed == nil || only != "" && only != p.name {
			continue
		}
		fmt.Fprintf(os.Stderr, "recording %s …\n", p.name)
		cmd := exec.CommandContext(ctx, "go", "test", "-overlay", overlay, "-count=1", "-timeout=30m", "-run", p.run, p.folder)
		cmd.Env = append(os.Environ(), "RECORD_DECISIONS="+file, "RECORD_FROM="+p.name, "RECORD_PER_SORT="+p.perSort)
		if said, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("playing %s: %w\n%.4000s", p.name, err, said)
		}
	}
	all, err := read(file)
	if err != nil {
		return err
	}
	former, err := decisions.Read(filepath.Join(top, "infra", "decisions", decisions.File))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	kept, counts, err := decisions.Sample(all, former)
	if err != nil {
		return err
	}
	fmt.Println(counts)
	if only != "" {
		return nil
	}
	return decisions.Write(filepath.Join(top, "infra", "decisions", decisions.File), kept)
}

// decideAgain keeps what the kept decisions come to now, and says how many that are.
func decideAgain() error {
	file := filepath.Join("infra", "decisions", decisions.File)
	cases, err := decisions.Read(file)
	if err != nil {
		return err
	}
	shipped, err := decisions.ShippedNow()
	if err != nil {
		return err
	}
	changed := 0
	for i, c := range cases {
		if cases[i].Out, err = shipped.Decide(c.Kind, c.In); err != nil {
			return err
		}
		if len(decisions.Differences(c.Out, cases[i].Out)) > 0 {
			changed++
		}
	}
	fmt.Printf("%d decisions, %d come out otherwise and are kept so\n", len(cases), changed)
	return decisions.Write(file, cases)
}

// lay writes the overlay and gives its file.
func lay(top, work string) (string, error) {
	replaced := map[string]string{}
	put := func(name, text string) error {
		file := filepath.Join(work, strings.ReplaceAll(name, "/", "-"))
		replaced[filepath.Join(top, name)] = file
		return os.WriteFile(file, []byte(text), 0o600)
	}
	err := errors.Join(put("shared/cosell/recorded.go", recorder), put("infra/simulate/month_test.go", month))
	for _, d := range decide {
		name := filepath.Join("shared", "cosell", d[0])
		text, unread := os.ReadFile(filepath.Join(top, name))
		changed, renamed := rename(string(text), d[1])
		err = errors.Join(err, unread, renamed, put(name, changed))
	}
	if err != nil {
		return "", err
	}
	list, err := json.Marshal(map[string]any{"Replace": replaced})
	file := filepath.Join(work, "overlay.json")
	return file, errors.Join(err, os.WriteFile(file, list, 0o600))
}

// rename gives the function of the head another name: that of its recorder is free then.
func rename(text, head string) (string, error) {
	if strings.Count(text, head) != 1 {
		return "", fmt.Errorf("%q stands there no more: what is recorded has to follow it", head)
	}
	before, after, _ := strings.Cut(head, "(")
	if before == "func " { // a method
		receiver, rest, _ := strings.Cut(after, ") ")
		before, after, _ = strings.Cut(rest, "(")
		return strings.Replace(text, head, "func ("+receiver+") "+strings.ToLower(before[:1])+before[1:]+"Unrecorded("+after, 1), nil
	}
	name := strings.TrimPrefix(before, "func ")
	return strings.Replace(text, head, "func "+strings.ToLower(name[:1])+name[1:]+"Unrecorded("+after, 1), nil
}

// read gives what was written down.
func read(name string) (out []decisions.Recorded, err error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		var r decisions.Recorded
		if json.Unmarshal(lines.Bytes(), &r) == nil { // two processes may have written into one line
			out = append(out, r)
		}
	}
	return out, lines.Err()
}

package ledger

import (
	"context"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// What becomes of a row that a later version has written, in a schema that this program does not know.
const (
	waits  = "waits"       // whatever it is about is left for the version that reads it
	passed = "passed over" // the rest goes on without it; its pair, or its writer, says the same
	read   = "read"        // as far as it goes: rows that any two versions must understand of each other
)

// rowType is one kind of row: how it comes to be, twice for one that is written over, and how it is read.
type rowType struct {
	write func(ctx context.Context, l *Ledger, b *Board) error
	read  func(ctx context.Context, l *Ledger, b *Board) error
	later string
	once  bool // no row of it is ever written over
}

var errNone = errors.New("nothing was found")

func found(ok bool, err error) error {
	if err == nil && !ok {
		return errNone
	}
	return err
}

// sample is the pair whose rows are written.
var sample = func() cosell.Pair {
	p := samplePair()
	p.OpportunityID, p.ReferralID, p.EngagementID = "o1", "r1", "e1"
	return p
}()

func savePair(ctx context.Context, l *Ledger, _ *Board) error {
	p := sample
	if before, ok, err := l.Find(ctx, p.OpportunityID); err != nil {
		return err
	} else if ok {
		p.Version = before.Version
		p.LastSuccess = p.LastSuccess.Add(time.Minute)
	}
	_, err := l.Save(ctx, p, cosell.Entry{At: noon, Action: "updated"})
	return err
}

// rowTypes are all of them, by what their keys begin with.
var rowTypes = map[string]rowType{
	"o": {write: savePair, later: waits, read: func(ctx context.Context, l *Ledger, _ *Board) error {
		_, ok, err := l.Find(ctx, sample.OpportunityID)
		return found(ok, err)
	}},
	"r": {write: savePair, later: waits, once: true, read: func(ctx context.Context, l *Ledger, _ *Board) error {
		_, ok, err := l.FindByReferral(ctx, sample.ReferralID)
		return found(ok, err)
	}},
	"e": {write: savePair, later: waits, once: true, read: func(ctx context.Context, l *Ledger, _ *Board) error {
		_, ok, err := l.FindByEngagement(ctx, sample.EngagementID)
		return found(ok, err)
	}},
	"h": {write: savePair, later: passed, read: func(ctx context.Context, l *Ledger, _ *Board) error {
		n := 0
		err := l.HeldRows(ctx, func(HeldRow) bool { n++; return true })
		return found(n > 0, err)
	}},
	"a": {write: savePair, later: read, once: true, read: func(ctx context.Context, l *Ledger, _ *Board) error {
		lines, err := l.Audit(ctx, sample.OpportunityID, 1)
		return found(len(lines) > 0, err)
	}},
	"i": {later: waits, write: func(ctx context.Context, l *Ledger, _ *Board) error {
		i, _, err := l.Intent(ctx, "o1", "own")
		if err == nil {
			i.OpportunityID, i.Target, i.Attempt = "o1", "own", i.Attempt+1
			_, err = l.PutIntent(ctx, i)
		}
		return err
	}, read: func(ctx context.Context, l *Ledger, _ *Board) error {
		_, ok, err := l.Intent(ctx, "o1", "own")
		return found(ok, err)
	}},
	"s": {later: waits, write: func(ctx context.Context, l *Ledger, _ *Board) error { return l.SaveSolution(ctx, "row", "o1") },
		read: func(ctx context.Context, l *Ledger, _ *Board) error {
			_, ok, err := l.Solution(ctx, "row")
			return found(ok, err)
		}},
	"b": {later: waits, write: func(ctx context.Context, l *Ledger, _ *Board) error {
		b, err := l.Brake(ctx)
		if err != nil {
			return err
		}
		return l.SaveBrake(ctx, b)
	}, read: func(ctx context.Context, l *Ledger, _ *Board) error {
		b, err := l.Brake(ctx)
		return found(b.Version != "", err)
	}},
	"c": {later: waits, write: func(ctx context.Context, l *Ledger, _ *Board) error { return l.SaveCursor(ctx, "f", "1") },
		read: func(ctx context.Context, l *Ledger, _ *Board) error {
			v, err := l.Cursor(ctx, "f")
			return found(v != "", err)
		}},
	"w": {later: waits, write: func(ctx context.Context, l *Ledger, _ *Board) error { return l.SaveRegistration(ctx, "{}") },
		read: func(ctx context.Context, l *Ledger, _ *Board) error {
			v, err := l.Registration(ctx)
			return found(v != "", err)
		}},
	"d": {later: waits, write: func(ctx context.Context, l *Ledger, _ *Board) error { return l.SaveReport(ctx, "2026-11-26", "x") },
		read: func(ctx context.Context, l *Ledger, _ *Board) error {
			_, ok, err := l.Report(ctx, "2026-11-26")
			return found(ok, err)
		}},
	"x": {later: passed, write: func(ctx context.Context, l *Ledger, _ *Board) error {
		return l.SaveShadowed(ctx, cosell.Shadowed{OpportunityID: "o1"})
	}, read: func(ctx context.Context, l *Ledger, _ *Board) error {
		n := 0
		err := l.ShadowRows(ctx, func(cosell.Shadowed) bool { n++; return true })
		return found(n > 0, err)
	}},
	"y": {later: waits, write: func(ctx context.Context, l *Ledger, _ *Board) error { return l.SaveWatched(ctx, sample) },
		read: func(ctx context.Context, l *Ledger, _ *Board) error {
			_, ok, err := l.Watched(ctx, sample.OpportunityID)
			return found(ok, err)
		}},
	"p": {later: waits, write: func(ctx context.Context, l *Ledger, _ *Board) error { return l.Park(ctx, Parked{ID: "m1", At: noon}) },
		read: func(ctx context.Context, l *Ledger, _ *Board) error {
			_, ok, err := l.ParkedMessage(ctx, "m1")
			return found(ok, err)
		}},
	"v": {later: waits, once: true, write: pushSheet, read: func(ctx context.Context, l *Ledger, _ *Board) error {
		_, ok, err := l.Sheet(ctx, 1)
		return found(ok, err)
	}},
	"head": {later: waits, write: pushSheet, read: func(ctx context.Context, l *Ledger, _ *Board) error {
		v, err := l.SheetHead(ctx)
		return found(v.Number > 0, err)
	}},
	"status": {later: read, write: func(ctx context.Context, _ *Ledger, b *Board) error {
		return b.Post(ctx, StatusRow{App: "status", Function: "f", Instance: "1", At: noon, Text: "{}"})
	}, read: func(ctx context.Context, _ *Ledger, b *Board) error {
		rows, err := b.Rows(ctx)
		return found(len(rows) > 0, err)
	}},
	"gate": {later: read, write: func(ctx context.Context, _ *Ledger, b *Board) error {
		return b.CloseGate(ctx, "gate", noon, time.Second)
	}, read: func(ctx context.Context, _ *Ledger, b *Board) error {
		all, err := b.Gates(ctx)
		return found(len(all) > 0, err)
	}},
	"mark": {later: read, write: func(ctx context.Context, _ *Ledger, b *Board) error { return b.SetMark(ctx, "m", noon, 7) },
		read: func(ctx context.Context, _ *Ledger, b *Board) error {
			at, _, err := b.Mark(ctx, "m")
			return found(!at.IsZero(), err)
		}},
}

func pushSheet(ctx context.Context, l *Ledger, _ *Board) error {
	head, err := l.SheetHead(ctx)
	if err == nil {
		_, err = l.PushSheet(ctx, SheetVersion{Text: "[]", Digest: "d", At: noon}, head.Number)
	}
	return err
}

// keysInCode are the first parts of all keys that the code makes: those of the call key("x", …), and of what is put
// together otherwise.
func keysInCode(t *testing.T) map[string]bool {
	t.Helper()
	out := map[string]bool{}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) == 0 {
				return true
			}
			called, plain := call.Fun.(*ast.Ident)
			if literal, ok := call.Args[0].(*ast.BasicLit); ok && plain && called.Name == "key" {
				text, _ := strconv.Unquote(literal.Value)
				out[text] = true
			}
			return true
		})
	}
	return out
}

func TestEveryKindOfRowIsHeldToItsVersions(t *testing.T) {
	made := keysInCode(t)
	if len(made) < 10 {
		t.Fatalf("the keys were not found: %v", made)
	}
	for prefix := range made {
		if _, known := rowTypes[prefix]; !known {
			t.Errorf("rows %s| are written, and nothing here says what becomes of those of another version", prefix)
		}
	}
	for prefix := range rowTypes {
		if !made[prefix] && !slices.Contains([]string{"v", "head", "status", "gate"}, prefix) {
			t.Errorf("no code makes rows %s|", prefix)
		}
	}
}

// change changes the rows whose keys begin so, of all tables, and counts them.
func (m *memory) change(prefix string, change func(map[string]string)) (n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, t := range m.tables {
		for k, r := range t.rows {
			if head, _, _ := strings.Cut(k, "|"); head == prefix {
				r.props = maps.Clone(r.props)
				change(r.props)
				t.rows[k] = r
				n++
			}
		}
	}
	return n
}

// What a neighbour's version adds to a row stays when this one writes the row; a row of a schema that this one does not
// know keeps it, too, and is what the table above says.
func TestWhatALaterVersionWroteStays(t *testing.T) {
	for prefix, kind := range rowTypes {
		t.Run(prefix, func(t *testing.T) {
			ctx, state := t.Context(), newMemory(time.Now)
			l := &Ledger{rows: state, newID: InMemory(time.Now).newID, clock: time.Now, sealer: plain{}}
			b := &Board{status: state, gates: state, table: ProcessesTable}
			if err := errors.Join(kind.write(ctx, l, b), kind.read(ctx, l, b)); err != nil {
				t.Fatal(err)
			}
			rows := state.change(prefix, func(props map[string]string) {
				if props["V"] != schema {
					t.Errorf("schema version %q", props["V"])
				}
				props["V"], props["Later"] = strconv.Itoa(newestSchema), "kept"
			})
			if rows == 0 {
				t.Fatal("no such row was written")
			}
			if err := errors.Join(kind.read(ctx, l, b), kind.write(ctx, l, b)); err != nil {
				t.Errorf("beside a neighbour: %v", err)
			}
			kept, overwritten := 0, false
			state.change(prefix, func(props map[string]string) {
				if props["Later"] == "kept" {
					kept++
					overwritten = overwritten || props["V"] == schema
				}
			})
			if kept != rows || overwritten == kind.once {
				t.Errorf("of %d rows %d have what was added; written over: %v", rows, kept, overwritten)
			}
			state.change(prefix, func(props map[string]string) { props["V"] = strconv.Itoa(newestSchema + 1) })
			heard := waits
			switch err := kind.read(ctx, l, b); {
			case err == nil:
				heard = read
			case err == errNone:
				heard = passed
			case fault.Of(err).Code != CodeNewer || fault.Decide(err, 0, 0, 0).Verdict != fault.Repeat:
				t.Errorf("%v", err)
			}
			if diff := cmp.Diff(kind.later, heard); diff != "" {
				t.Error(diff)
			}
		})
	}
}

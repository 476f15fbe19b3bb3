package app

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/health"
	"github.com/cosell-sync/cosell-sync/shared/ledger"
	"github.com/cosell-sync/cosell-sync/shared/mapping"
)

// lookEvery is how long a process works on before it asks again which field sheet counts: a push is in force in
// every process within a minute, also where several have to wait for the tables.
const lookEvery = 20 * time.Second

// pushed is where the field sheets are that were pushed.
type pushed interface {
	SheetHead(ctx context.Context) (ledger.SheetVersion, error)
	Sheet(ctx context.Context, number int) (ledger.SheetVersion, bool, error)
}

// generations has the generation of now. Nothing looks beside the work: before a job begins the head of the table
// is read, where that was not done just now.
type generations struct {
	shipped func() (*mapping.Sheet, error) // ours alone, read once: for the first generation
	pushed  pushed
	layers  func() []mapping.Source                                                 // what lies under a pushed sheet: the file's
	ask     func(ctx context.Context, asks mapping.Asks) (mapping.Described, error) // the CRM
	read    func(ctx context.Context) (variables, error)
	build   func(number int, sheet *mapping.Sheet, v variables, before *Generation) (*Generation, error)
	taken   func(*Generation) // hears of each new one
	stand   func([]health.Problem)

	toldVariables func([]health.Problem)

	now func() time.Time
	log *slog.Logger

	turn    chan struct{} // holds one token
	current *Generation
	head    int // the number that the table named last
	looked  time.Time

	made      time.Time // the generation
	variables variables
	asked     time.Time // for the variables
}

func newGenerations(g generations) *generations {
	g.turn = make(chan struct{}, 1)
	g.turn <- struct{}{}
	return &g
}

func (g *generations) get(ctx context.Context) (*Generation, error) { return g.fresh(ctx, lookEvery) }

// again looks now: somebody has just pushed.
func (g *generations) again(ctx context.Context) (*Generation, error) { return g.fresh(ctx, 0) }

func (g *generations) fresh(ctx context.Context, age time.Duration) (*Generation, error) {
	if err := enter(ctx, g.turn); err != nil {
		return nil, fault.New(fault.Broken, "waiting for the field sheet: %w", err)
	}
	defer func() { g.turn <- struct{}{} }()
	if now := g.now(); g.current == nil || now.Sub(g.looked) >= age {
		if err := g.look(ctx); err != nil && g.current == nil {
			return nil, err
		} else if err != nil {
			g.log.Warn("which field sheet counts cannot be read: the work goes on with the last one", "version", g.current.Number, fault.Attr(err))
		}
		g.looked = now
	}
	return g.current, nil
}

// enter takes the token of a turn, unless the context has ended: of two cases that are ready one would be taken by chance.
func enter(ctx context.Context, turn chan struct{}) error {
	if ctx.Err() == nil {
		select {
		case <-turn:
			return nil
		case <-ctx.Done():
		}
	}
	return ctx.Err()
}

// look takes up the version that counts. One that this program cannot read, as after a step back to an older
// program, or beside another file, leaves the one before it in force, and health says so.
func (g *generations) look(ctx context.Context) error {
	head, err := g.pushed.SheetHead(ctx)
	if err != nil {
		return err
	}
	changed, err := g.askVariables(ctx)
	if err != nil || g.current != nil && head.Number == g.head && !changed && !g.wanting() {
		return err
	}
	again := g.current != nil && head.Number == g.head && !changed
	var problems []health.Problem
	for number := head.Number; number >= 0; number-- {
		next, wrong, err := g.make(ctx, number)
		switch {
		case err != nil:
			return err
		case wrong != nil:
			problems = append(problems, unusable(number, wrong))
			g.log.Error("the pushed field sheet cannot be used", "version", number, "mistakes", wrong.Error())
			if number == 1 && g.current == nil {
				return fault.New(fault.Refused, "no pushed field sheet can be used: %w", wrong).OfClass(fault.Ours).With("sheet.unusable", "push one that mapping check accepts")
			}
			if g.current != nil {
				g.head = head.Number
				g.stand(append(problems, asides(g.current.Sheet)...))
				return nil
			}
			continue
		}
		g.made = g.now()
		if again && len(next.Sheet.Missing()) == len(g.current.Sheet.Missing()) {
			return nil // what was missing still is
		}
		g.current, g.head = next, head.Number
		g.stand(append(problems, asides(next.Sheet)...))
		g.taken(next)
		return nil
	}
	return nil
}

// missingAge is how soon it is looked again whether the CRM has a name by now that it had not, and spareAge the same
// of names that can be done without.
const (
	missingAge = 2 * time.Minute
	spareAge   = time.Hour
)

// wanting says whether names of the sheet were looked for in vain, and not just now.
func (g *generations) wanting() bool {
	if g.current == nil || len(g.current.Sheet.Missing()) == 0 {
		return false
	}
	age := missingAge
	if !slices.ContainsFunc(g.current.Sheet.Missing(), func(m mapping.Missing) bool { return !m.Spare }) {
		age = spareAge
	}
	return g.now().Sub(g.made) >= age
}

// askVariables reads the CRM's environment variables where that was long ago, and says whether they amount to
// something else now. Once known, the last reading counts as long as they cannot be read.
func (g *generations) askVariables(ctx context.Context) (changed bool, err error) {
	if !g.asked.IsZero() && g.now().Sub(g.asked) < variablesAge {
		return false, nil
	}
	v, err := g.read(ctx)
	if err != nil && g.asked.IsZero() {
		return false, err
	}
	if err != nil {
		g.log.Warn("the CRM's environment variables cannot be read: their last values count", fault.Attr(err))
		return false, nil
	}
	if !g.asked.IsZero() {
		v = v.after(g.variables)
	}
	changed = !v.same(g.variables)
	g.variables, g.asked = v, g.now()
	g.toldVariables(v.problems)
	return changed, nil
}

// make builds the generation of a version; wrong are the sheet's mistakes.
func (g *generations) make(ctx context.Context, number int) (next *Generation, wrong, err error) {
	sources := g.layers()
	if number > 0 {
		v, ok, err := g.pushed.Sheet(ctx, number)
		if err != nil {
			return nil, nil, err
		}
		if !ok {
			return nil, fmt.Errorf("version %d is not in the table any more", number), nil
		}
		sources = append(sources, mapping.Source{Name: v.File, Text: []byte(v.Text), Under: v.Under})
	}
	sheet, wrong, err := g.load(ctx, g.variables, sources)
	if wrong != nil || err != nil {
		return nil, wrong, err
	}
	next, err = g.build(number, sheet, g.variables, g.current)
	return next, nil, err
}

// load makes a sheet, and asks the CRM for the names that the sheet knows by their labels only.
func (g *generations) load(ctx context.Context, v variables, sources []mapping.Source) (sheet *mapping.Sheet, wrong, err error) {
	sources = append(v.under(sources), sources...)
	if g.current == nil && len(sources) == 0 {
		sheet, wrong = g.shipped()
	} else {
		sheet, wrong = mapping.Load(sources...)
	}
	if wrong != nil {
		return nil, wrong, nil
	}
	asks, asking := sheet.Asks()
	if !asking {
		return sheet, nil, nil
	}
	crm, err := g.ask(ctx, asks)
	if err != nil {
		return nil, nil, err
	}
	sheet, wrong = mapping.LoadFor(crm, sources...)
	return sheet, wrong, nil
}

// readAhead reads the shipped sheets before the first jobs ask for them.
func (a *App) readAhead() {
	for _, t := range a.All() {
		if t.generations != nil {
			_, _ = t.generations.shipped() // whoever needs it hears of a mistake
		}
	}
}

// asides are told as notes: what was pushed goes on as it did.
func asides(sheet *mapping.Sheet) (notes []health.Problem) {
	for _, a := range sheet.Asides() {
		notes = append(notes, health.Problem{What: "sheet.aside " + string(a.Field), Count: 1, Note: true, Say: a.Say, Mend: a.Mend})
	}
	return notes
}

func unusable(number int, wrong error) health.Problem {
	return health.Problem{What: fmt.Sprintf("sheet.unusable %d", number), Count: 1,
		Say:  fmt.Sprintf("version %d of the field sheet cannot be used: %s", number, wrong),
		Mend: "push one that cosellctl mapping check accepts; until then the one before it is in force"}
}

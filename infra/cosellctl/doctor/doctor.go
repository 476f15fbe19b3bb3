// Package doctor joins what the sync app finds of itself with what only its caller can see: whether it answers, takes the
// key, and whether the intake answers the world. It needs the operator's key and nothing else.
package doctor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/cosell-sync/cosell-sync/shared/app"
	"github.com/cosell-sync/cosell-sync/shared/doctor"
	"github.com/cosell-sync/cosell-sync/shared/office"
)

// ErrKey says that the app does not take the operator's key.
var ErrKey = errors.New("the app does not know this operator key")

// Caller is who asks.
type Caller struct {
	Base     string // the sync app's address
	HTTP     *http.Client
	Settings []string // NAME=value lines of a file that may hold the app's settings
	// Ask asks the sync app. ErrKey: it does not take the key.
	Ask func(ctx context.Context, only, seller string) (office.Examination, error)
}

// Result is what was found; Reached says whether the sync app has said its part.
type Result struct {
	Findings []doctor.Finding
	Reached  bool
}

// look is one look at everything.
type look struct {
	Caller
	only, seller string
	app          office.Examination
}

// Checks are those of the caller, in their order; those of the sync app follow app.key.
func Checks() []doctor.Check { return (&look{}).checks() }

// All are the checks of both.
func All() []doctor.Check { return append(Checks(), doctor.Checks()...) }

func (l *look) checks() []doctor.Check {
	all := []doctor.Check{
		{Name: "app.settings", Looks: "with --settings FILE: every setting of the app in it is there and right", For: "T4, T27", Run: l.settings},
		{Name: "app.sync", Looks: "the sync app answers", For: "T5, T20", Run: l.sync},
		{Name: "app.key", Rests: []string{"app.sync"}, Looks: "it takes the operator's key", For: "R155", Run: l.key},
		{Name: "app.intake", Rests: []string{"app.key"}, Looks: "the intake answers at the address that is registered, over TLS that we trust", For: "T13, T15", Run: l.intake},
	}
	for i := range all {
		all[i].By = doctor.ByCaller
	}
	return all
}

// cheap is a check of the app's that asks no other system: its answer shows that the app takes the key.
const cheap = "work.processes"

// Examine runs the checks that only names, or all of them.
func (c Caller) Examine(ctx context.Context, only, seller string) Result {
	l := &look{Caller: c, only: only, seller: seller}
	own := only
	switch theirs := doctor.Known(doctor.Checks(), only); {
	case theirs && only != "":
		own = "app.key" // on which they rest
	case !theirs:
		l.only = cheap
	}
	found := doctor.Run(ctx, l.checks(), own)
	away := slices.ContainsFunc(found, func(f doctor.Finding) bool {
		return f.State == doctor.Failed && (f.Check == "app.sync" || f.Check == "app.key")
	})
	if l.only != cheap || only == cheap {
		found = append(found, l.app.Findings...)
	}
	return Result{Findings: found, Reached: !away}
}

// theirs are the beginnings of settings that the app has and a caller has not.
var theirs = []string{"PARTNER_CENTER_", "DATAVERSE_", "SYNC_ROLE=", "SYNC_RECONCILE_SCHEDULE="}

func (l *look) settings(context.Context) []doctor.Finding {
	if !slices.ContainsFunc(l.Settings, func(line string) bool {
		return slices.ContainsFunc(theirs, func(prefix string) bool { return strings.HasPrefix(line, prefix) })
	}) {
		return []doctor.Finding{doctor.Fine("the app names every wrong setting in its log and does not start; --settings FILE looks at them beforehand")}
	}
	var out []doctor.Finding
	for _, mistake := range app.CheckSettings(l.Settings) {
		name, _, _ := strings.Cut(mistake, " ")
		out = append(out, doctor.Bad("setting "+name, mistake, "correct "+name+" in the app's settings; shared/app/config.go says what it is for"))
	}
	if len(out) == 0 {
		return []doctor.Finding{doctor.Fine("the settings of the file are whole")}
	}
	return out
}

// maxWord is more than health says to anybody.
const maxWord = 1 << 16

// health asks an app for its one word.
func (l *look) health(ctx context.Context, base string) (word string, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimRight(base, "/")+"/api/health", nil)
	if err != nil {
		return "", fmt.Errorf("the address %s cannot be used", base)
	}
	resp, err := l.HTTP.Do(req)
	if err != nil {
		return "", fmt.Errorf("%s does not answer: %w", base, errors.Unwrap(err))
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxWord))
	var said struct {
		Status string `json:"status"`
	}
	if err != nil || resp.StatusCode != http.StatusOK || json.Unmarshal(text, &said) != nil || said.Status == "" {
		return "", fmt.Errorf("%s answers %d, and not as cosell-sync does", base, resp.StatusCode)
	}
	return said.Status, nil
}

func (l *look) sync(ctx context.Context) []doctor.Finding {
	word, err := l.health(ctx, l.Base)
	if err != nil {
		return []doctor.Finding{doctor.Bad("app.away", "the sync app: "+err.Error(), "look whether the function app runs, and in its log: with a wrong setting it does not start, and names it (doctor --settings FILE does, too)")}
	}
	return []doctor.Finding{doctor.Fine("it says " + word)}
}

func (l *look) key(ctx context.Context) []doctor.Finding {
	var err error
	l.app, err = l.Ask(ctx, l.only, l.seller)
	switch {
	case errors.Is(err, ErrKey):
		return []doctor.Finding{doctor.Bad("key.unknown", err.Error(), "use the key of SYNC_OPERATOR_KEY, or one of SYNC_OPERATOR_KEYS, of the app's settings")}
	case err != nil:
		return []doctor.Finding{doctor.Bad("app.away", "the sync app does not say what it finds: "+err.Error(), "look in the app's log; an older version does not know the question")}
	}
	return []doctor.Finding{doctor.Fine("it takes the key")}
}

func (l *look) intake(ctx context.Context) []doctor.Finding {
	if l.app.Intake == "" {
		return []doctor.Finding{doctor.Unsure("", "the app does not say where the intake is", "compare SYNC_PUBLIC_URL with the address of the intake")}
	}
	word, err := l.health(ctx, l.app.Intake)
	if err != nil {
		return []doctor.Finding{doctor.Bad("intake.away", "the intake: "+err.Error(), "look whether the function app of the intake runs, compare SYNC_PUBLIC_URL with its address, and let the world reach it over TLS")}
	}
	return []doctor.Finding{doctor.Fine("it says " + word)}
}

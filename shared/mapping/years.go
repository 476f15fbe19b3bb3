package mapping

import (
	"embed"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"go.yaml.in/yaml/v3"
)

//go:embed years/*.yaml
var yearFiles embed.FS

// Year is what Microsoft calls a fiscal year: the roles of partners, the solution areas and the plays of each, which
// change each July. https://learn.microsoft.com/partner-center/referrals/create-manage-services-co-sell
type Year struct {
	Year  string              `yaml:"year"`
	From  time.Time           `yaml:"from"`
	Grace time.Time           `yaml:"grace"` // until then the values of the year before are taken too
	Roles []string            `yaml:"roles"`
	Areas map[string][]string `yaml:"areas"`

	file string
}

// Years are those of our own files, the newest first.
func Years() ([]Year, error) { return years() }

// years are read once: they are part of the program.
var years = sync.OnceValues(readYears)

func readYears() ([]Year, error) {
	files, err := yearFiles.ReadDir("years")
	if err != nil {
		return nil, fmt.Errorf("reading the files of the years: %w", err)
	}
	var out []Year
	for _, f := range files {
		text, err := yearFiles.ReadFile("years/" + f.Name())
		if err != nil {
			return nil, fmt.Errorf("reading years/%s: %w", f.Name(), err)
		}
		y := Year{file: "years/" + f.Name()}
		if err := yaml.Unmarshal(text, &y); err != nil {
			return nil, fmt.Errorf("reading years/%s: %w", f.Name(), err)
		}
		out = append(out, y)
	}
	slices.SortFunc(out, func(a, b Year) int { return b.From.Compare(a.From) })
	return out, nil
}

// values are what the year has for a field.
func (y Year) values(f cosell.Field) []string {
	switch f {
	case cosell.PartnerRole:
		return y.Roles
	case cosell.SolutionArea:
		return slices.Sorted(maps.Keys(y.Areas))
	case cosell.SolutionPlay:
		var plays []string
		for _, area := range slices.Sorted(maps.Keys(y.Areas)) {
			plays = append(plays, y.Areas[area]...)
		}
		return plays
	}
	return nil
}

// spelled is a value as the year's file writes it.
func (y Year) spelled(f cosell.Field, text string) (string, bool) {
	for _, v := range y.values(f) {
		if FoldText(v) == FoldText(text) {
			return v, true
		}
	}
	return "", false
}

// OfYear gives a solution area, a play or a partner's role as the files of the years write it. The error names a value
// that was retired, with its year, its file and what took its place. What no file lists stays as it is: not all
// values are published.
func OfYear(years []Year, f cosell.Field, text string, now time.Time) (string, error) {
	i := slices.IndexFunc(years, func(y Year) bool { return !now.Before(y.From) })
	if i < 0 || text == "" {
		return text, nil
	}
	current := years[i]
	if v, ok := current.spelled(f, text); ok {
		return v, nil
	}
	for _, old := range years[i+1:] {
		v, ok := old.spelled(f, text)
		switch {
		case !ok:
		case now.Before(current.Grace):
			return v, nil
		default:
			return "", fmt.Errorf("%q was a value of %s (%s) and is retired; those of %s (%s) are %s", v, old.Year, old.file, current.Year, current.file,
				strings.Join(current.values(f), ", "))
		}
	}
	return text, nil
}

// Unlisted says of a value that will be sent what the files of the years have against it: that it is retired, or that
// the current one does not list it, with the value that is most like it. "" where it is listed.
func Unlisted(years []Year, f cosell.Field, text string, now time.Time) string {
	spelled, err := OfYear(years, f, text, now)
	if err != nil {
		return err.Error()
	}
	i := slices.IndexFunc(years, func(y Year) bool { return !now.Before(y.From) })
	if i < 0 || text == "" {
		return ""
	}
	if _, ok := years[i].spelled(f, spelled); ok || spelled != text {
		return ""
	}
	said := fmt.Sprintf("%q is none of the values of %s that are known (%s), and goes to Partner Center as it is", text, years[i].Year, years[i].file)
	if near := Nearest(text, years[i].values(f)); near != "" {
		said += fmt.Sprintf("; the nearest is %q", near)
	}
	return said
}

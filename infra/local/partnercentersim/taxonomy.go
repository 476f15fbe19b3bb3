package partnercentersim

import (
	_ "embed" // the values of each year
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Microsoft changes these values each 1 July. The codes of the API are not published: the portal's labels stand
// for them. Labels of FY26 that nobody has published are missing; the values of FY25 are examples of old ones.
//
//go:embed taxonomy.json
var taxonomyData []byte

// taxonomyYear is what Microsoft calls a fiscal year: roles of partners, and plays by solution area.
type taxonomyYear struct {
	Year  string              `json:"year"`
	From  string              `json:"from"`
	Roles []string            `json:"roles"`
	Areas map[string][]string `json:"areas"`
	from  time.Time
}

func readTaxonomy() ([]taxonomyYear, error) {
	var out []taxonomyYear
	if err := json.Unmarshal(taxonomyData, &out); err != nil {
		return nil, fmt.Errorf("taxonomy.json: %w", err)
	}
	for i := range out {
		var err error
		if out[i].from, err = time.Parse(time.DateOnly, out[i].From); err != nil {
			return nil, fmt.Errorf("taxonomy.json, %s: %w", out[i].Year, err)
		}
	}
	slices.SortFunc(out, func(a, b taxonomyYear) int { return b.from.Compare(a.from) })
	return out, nil
}

// years are those whose values are taken now: the present one, and the one before while its grace lasts.
func (s *Sim) years() []taxonomyYear {
	now := s.opts.Now()
	i := slices.IndexFunc(s.taxonomy, func(y taxonomyYear) bool { return !now.Before(y.from) })
	if i < 0 {
		return nil
	}
	end := i + 1
	if end < len(s.taxonomy) && now.Before(s.date("oldTaxonomyUntil")) {
		end++
	}
	return s.taxonomy[i:end]
}

// taxonomy demands role, area and play of the deals that the switch names.
// https://learn.microsoft.com/partner-center/developer/referral-resources
func (c *demands) taxonomy(d document) {
	service := c.s.is("taxonomy", "services") && c.s.catalogue.holdsService(d)
	if !d.isTrue(shareConsent) || !service && !c.s.is("taxonomy", "all") {
		return
	}
	years := c.s.years()
	c.oneOf(d, "PartnerRole", years, func(y taxonomyYear) []string { return y.Roles })
	c.oneOf(d, "SolutionArea", years, func(y taxonomyYear) []string { return keys(y.Areas) })
	areas := attributesOf(d, "SolutionArea")
	c.oneOf(d, "SolutionPlay", years, func(y taxonomyYear) []string {
		var plays []string
		for _, area := range areas {
			plays = append(plays, y.Areas[area]...)
		}
		return plays
	})
}

// oneOf demands at least one attribute of a type, and that each is a value of one of the years.
func (c *demands) oneOf(d document, kind string, years []taxonomyYear, values func(taxonomyYear) []string) {
	have := attributesOf(d, kind)
	if len(have) == 0 {
		c.wrong(attributesPath, "must hold %s", kind)
	}
	var allowed []string
	for _, y := range years {
		allowed = append(allowed, values(y)...)
	}
	for _, v := range have {
		if !slices.Contains(allowed, v) {
			c.wrong(attributesPath, "%s %q is none of %s", kind, v, strings.Join(allowed, ", "))
		}
	}
}

func keys(m map[string][]string) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

package mapping

import (
	"strconv"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
)

// Rules is what the heart compares by: one rule for each row that both sides have, or that says read.
func (s *Sheet) Rules() []cosell.Rule {
	var out []cosell.Rule
	for _, r := range s.rows {
		if r.Constant != nil || r.Way == "" {
			continue
		}
		out = append(out, cosell.Rule{
			Field: r.Field, Way: r.Way, Wins: r.Wins, Door: r.Door, List: r.list(),
			ToOpportunity: s.fit(r), ToReferral: same,
		})
	}
	return out
}

// same: no length limit of a referral is documented, so nothing is cut on the way there.
func same(text string) string { return text }

// fit cuts what the CRM cannot hold.
func (s *Sheet) fit(r Row) func(string) string {
	length := s.length[r.CRM]
	switch r.As {
	case asName:
		return func(text string) string {
			_, bare := splitMark(text)
			return cut(bare, room(length))
		}
	case "text", "memo", "country", asSeller:
		return func(text string) string { return cut(text, length) }
	case asSolutions:
		name := s.lengthOf("cosell_solution", "cosell_name")
		return func(text string) string {
			m := readSolution(text)
			m.Name = cut(m.Name, name)
			return m.text()
		}
	}
	return same
}

// room is what a name column has left beside the mark.
func room(length int) int {
	if length <= markRoom {
		return length
	}
	return length - markRoom
}

func (s *Sheet) lengthOf(table, name string) int {
	c, _ := s.crm.find(table, name)
	return c.length
}

func itoa(n int) string { return strconv.Itoa(n) }

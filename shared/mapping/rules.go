package mapping

import (
	"strings"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
)

// Rules is what the heart compares by: one rule for each row that both sides have, or that says read.
func (s *Sheet) Rules() []cosell.Rule {
	out := make([]cosell.Rule, 0, len(s.rows)+1)
	for i := range s.rows {
		r := s.rows[i]
		way := r.Way
		if way == "" && s.locked(r) {
			way = cosell.Inside
		}
		if r.Registers() || r.Constant != nil || way == "" || s.table == OpportunityTable && r.OfLeads() {
			continue
		}
		out = append(out, cosell.Rule{
			Field: r.Field, Label: r.Label(), Way: way, Wins: r.Wins, Door: r.Door, List: r.IsList(),
			FirstSight: cosell.Wins(r.FirstSight), Required: r.Required, AllowZero: r.AllowZero, WhenWon: r.CRMWhenWon != "",
			Apart:         r.Referral != "" && !r.Microsoft && !offered(r.Pointer().Plain()),
			Related:       strings.Contains(r.CRM, "/") || r.As == AsMembers,
			ToOpportunity: s.fit(&s.rows[i]), ToReferral: same, Whole: s.whole(&s.rows[i]),
		})
		if r.As == AsMembers {
			out = append(out, cosell.Rule{Field: r.Field.First(), Label: r.Label(), Way: way, Wins: r.Wins, Door: r.Door,
				ToOpportunity: same, ToReferral: same})
		}
	}
	return out
}

// offered says whether Microsoft's own connector writes the path; whether Partner Center takes others is
// not documented. https://learn.microsoft.com/partner-center/co-sell-connector-overview
func offered(pointer string) bool {
	for _, path := range []string{"/campaignId", "/consent/consentToShareReferralWithMicrosoftSellers", "/customerProfile/team",
		"/details/closingDateTime", "/details/currency", "/details/dealValue", "/details/notes", "/details/requirements/solutions",
		"/externalReferenceId", "/referralProgram", "/salesStage", "/status", "/substatus", "/statusReason", "/team"} {
		if pointer == path {
			return true
		}
	}
	return false
}

// locked says whether the row is a column of ours that nobody else may change.
func (s *Sheet) locked(r Row) bool {
	switch r.Field {
	case cosell.ReferralID, cosell.ReferralLink, cosell.Audit:
		return true
	}
	return false
}

// same: no length limit of a referral is documented, so nothing is cut on the way there.
func same(text string) string { return text }

// Fit gives the function that cuts a row's canonical text to what the CRM can hold.
func (s *Sheet) Fit(r Row) func(string) string { return s.fit(&r) }

// fit keeps the row, which never changes.
func (s *Sheet) fit(r *Row) func(string) string {
	switch r.As {
	case AsName:
		return func(text string) string {
			_, bare := SplitMark(text)
			return Cut(bare, Room(s.room(r)))
		}
	case AsText, AsMemo, AsCountry, AsSeller, AsOwn, AsContact, AsPeople:
		if len(r.Values) > 0 {
			return same
		}
		return func(text string) string { return Cut(text, s.room(r)) }
	case AsStage, AsStageName:
		if len(r.Values) > 0 {
			return same
		}
		return stageHeld
	case AsSolutions:
		name := s.LengthOf(s.tables.Rows.Table, s.tables.Rows.Name)
		return func(text string) string {
			m := ParseSolution(text)
			m.Name = Cut(m.Name, name)
			if !IsWhole(m.Quantity) {
				m.Quantity = "" // CRM counts in whole numbers; what it cannot hold is told where it is read
			}
			return m.Text()
		}
	}
	return same
}

// room is how much of a text the row's column takes: as its metadata says where the column is the organisation's own
// or was made shorter, else as shipped; 0 is no limit. It is what is written, so that what is compared was cut alike.
func (s *Sheet) room(r *Row) int {
	shipped := s.length[r.CRM]
	if r.IsLookup() {
		return shipped
	}
	if k := r.Kind(); k != AsText && k != AsMemo && k != AsCountry && k != AsName && k != AsSeller && k != AsPeople {
		return shipped
	}
	if here, _ := s.known.length(r.Written()); here > 0 && (shipped == 0 || here < shipped) {
		return here
	}
	return shipped
}

// Room is what a name column has left beside the mark.
func Room(length int) int {
	if length <= markRoom {
		return length
	}
	return length - markRoom
}

// LengthOf is how long a text column is as shipped; 0 is unlimited or unknown.
func (s *Sheet) LengthOf(table, name string) int {
	c, _ := s.crm.find(table, name)
	return c.length
}

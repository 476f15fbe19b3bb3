package mapping

import (
	"strings"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// NameByReferral gives a refusal of Partner Center the field of the sheet that its target, a JSON pointer,
// stands for. Where the pointer fits several rows, or none, the refusal stays without a field. A row that only shows what
// Partner Center says was not sent.
func (s *Sheet) NameByReferral(err error) error {
	return s.name(err, func(r Row, target string) bool {
		at := r.Pointer().Plain()
		return r.Referral != "" && !r.Microsoft && r.As != AsPeople && (at == target ||
			strings.HasPrefix(target, at+"/") || strings.HasPrefix(at, target+"/"))
	})
}

// NameByCRM does the same for a refusal of the CRM, whose target is a column or a navigation property,
// with its table before it where the CRM names one: "description", "account/name". The status of an opportunity stands
// in two columns.
func (s *Sheet) NameByCRM(err error) error {
	return s.name(err, func(r Row, target string) bool {
		table, column, named := strings.Cut(target, "/")
		if !named {
			table, column = "", target
		}
		nav, last, far := strings.Cut(r.CRM, "/")
		if !far {
			status := r.As == AsStatus && column == "statuscode" && s.table != LeadTable
			return (!named || table == s.table) && (status || r.CRM == column || r.CRMWrite == column || r.CRMWhenWon == column)
		}
		return named && last == column && (nav == table || nav == "parent"+table+"id")
	})
}

// name sets the field of the one row that fits. An exact fit counts more than a wider one, and a row of
// both sides more than one of ours: tick and cross stand in the name.
func (s *Sheet) name(err error, fits func(Row, string) bool) error {
	if !fault.Is(err, fault.Refused) {
		return err
	}
	e := fault.Of(err)
	if e.Target == "" || e.Field != "" {
		return err
	}
	var both, ours []cosell.Field
	for _, r := range s.rows {
		switch {
		case r.Referral == e.Target && !r.Microsoft && r.As != AsPeople:
			e.Field = string(r.Field)
			return err
		case !fits(r, e.Target):
		case r.Referral != "":
			both = append(both, r.Field)
		default:
			ours = append(ours, r.Field)
		}
	}
	if len(both) == 1 {
		e.Field = string(both[0])
	} else if len(both) == 0 && len(ours) == 1 {
		e.Field = string(ours[0])
	}
	return err
}

package partnercentersim

import (
	"slices"
	"strings"
	"time"
)

// shown is a version of a referral, and since when lists show it.
type shown struct {
	from time.Time
	doc  document
}

// show puts the present version of a referral into the lists, as late as the switches say, and not before from.
func (s *Sim) show(r *referral, from time.Time) {
	delay := s.duration("listDelay")
	if s.is("listOrder", "any") && delay > 0 {
		delay = time.Duration(s.luck.Int64N(int64(delay) + 1))
	}
	at := s.opts.Now().Add(delay)
	if at.Before(from) {
		at = from
	}
	r.inList(s.opts.Now()) // lets go of what nobody will see any more
	r.shown = append(r.shown, shown{at, r.doc.clone()})
}

// inList is the version that lists show now: the latest of those whose time has come, nil when none has.
func (r *referral) inList(now time.Time) document {
	for i := len(r.shown) - 1; i >= 0; i-- {
		if !now.Before(r.shown[i].from) {
			r.shown = r.shown[i:]
			return r.shown[0].doc
		}
	}
	return nil
}

// listed are the referrals that lists show to the caller now, by creation or, by switch, in no order.
func (s *Sim) listed(keep func(document) bool) []document {
	var found []document
	now := s.opts.Now()
	for _, one := range s.order {
		if one.microsoft() && s.is("microsoftReferral", "hidden") {
			continue
		}
		if doc := one.inList(now); doc != nil && s.sees(one) && !s.hiddenLead(doc, now) && keep(doc) {
			found = append(found, doc)
		}
	}
	if s.is("listOrder", "any") { // ids are random
		slices.SortFunc(found, func(a, b document) int { return strings.Compare(a.text("id"), b.text("id")) })
	}
	return found
}

// item is a referral as a list holds it: the columns that $select names, else as much as the switch says.
func (s *Sim) item(d document, columns []string) any {
	full := whole(d)
	delete(full, "@odata.context")
	switch {
	case columns != nil:
	case s.is("listItems", "sample"):
		columns = []string{"id", "engagementId", "status", "substatus", "direction"}
	case s.is("listItems", "flat"):
		for name, v := range full {
			switch v.(type) {
			case map[string]any, []any:
				delete(full, name)
			}
		}
	}
	if columns == nil {
		return s.dress(full)
	}
	part := document{}
	for _, name := range columns {
		part[name] = full[name]
	}
	return s.dress(part)
}

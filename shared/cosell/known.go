package cosell

// Known is what a decision knows of an opportunity: the row at hand, as CRM has just shown it, or the row
// assumed, as it was when both sides last agreed. An assumed row is never the side that changed; the version
// condition of the write proves that the assumption was right. Without either nothing is known: an assumed row
// without an id, which no write can meet.
type Known struct {
	row  Opportunity
	read bool
}

// AtHand is an opportunity that was just read, or just written.
func AtHand(o Opportunity) Known { return Known{row: o, read: true} }

// Assumed is the opportunity as the pair remembers it.
func Assumed(p Pair) Known {
	return Known{row: Opportunity{Side: Side{ID: p.OpportunityID, Version: p.OpportunityVersion, Record: p.Base.Opportunity}, Rows: p.Rows}}
}

// Assumed says that the row was not read.
func (k Known) Assumed() bool { return !k.read }

// Row is the opportunity, where it was read; else ok is false and there is none.
func (k Known) Row() (o Opportunity, ok bool) {
	if !k.read {
		return Opportunity{}, false
	}
	return k.row, true
}

// Side is the row either way: what is written to, and compared with what is remembered. An assumed one has
// neither Modified nor Read nor Source.
func (k Known) Side() Side { return k.row.Side }

package mapping

import (
	"slices"
	"strconv"
	"strings"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
)

// StatusFromReferral reads the pair of status and substatus, leniently: an unknown closed substatus is
// closed all the same, and Engaged, which some tools write, is accepted.
// https://learn.microsoft.com/partner-center/developer/referral-resources
func StatusFromReferral(status, substatus string) (string, error) {
	switch strings.ToLower(status) {
	case "new":
		return cosell.Pending, nil
	case "active", "engaged":
		return cosell.Accepted, nil
	case "closed":
		switch s := strings.ToLower(substatus); s {
		case cosell.Won, cosell.Lost, cosell.Declined, cosell.Expired:
			return s, nil
		}
		return cosell.Errored, nil
	}
	return "", NotA("a status of a referral", status+"/"+substatus)
}

// StatusToReferral gives the pair that is written.
func StatusToReferral(text string) (status, substatus string, err error) {
	switch text {
	case cosell.Pending:
		return "New", "Pending", nil
	case cosell.Accepted:
		return "Active", "Accepted", nil
	case cosell.Won:
		return "Closed", "Won", nil
	case cosell.Lost:
		return "Closed", "Lost", nil
	case cosell.Declined:
		return "Closed", "Declined", nil
	case cosell.Expired:
		return "Closed", "Expired", nil
	case cosell.Errored:
		return "Closed", "Error", nil
	}
	return "", "", NotA("a status that a referral can get", text)
}

// The states of an opportunity. Its status reasons are the organisation's own to add, rename and remove;
// the sheet says what they mean.
// https://learn.microsoft.com/dynamics365/developer/reference/entities/opportunity
const (
	StateOpen = 0
	StateWon  = 1
	StateLost = 2

	// Of a lead; 2 is disqualified.
	StateQualified = 1
)

// StatusReasons are the status reasons of an organisation, as the sheet reads them.
type StatusReasons struct {
	status map[int]string   // what an integer means
	values map[string][]int // the integers of a meaning, in the order of the sheet, those that exist
	states map[int][]int    // the integers of a state, as far as metadata was read
	why    map[int]int      // the number of the reason (B.3) by integer
	known  bool             // metadata was read
	lead   bool             // of leads: open is not decided, qualified is open, disqualified is lost
}

// StatusReasons resolves the status reasons that the rows status and reason name, by label in any language
// or by integer, among those that the CRM has. Without metadata (nil) the integers of the sheet count.
func (s *Sheet) StatusReasons(found []Label) StatusReasons {
	r := StatusReasons{status: map[int]string{}, values: map[string][]int{}, states: map[int][]int{}, why: map[int]int{}, known: found != nil, lead: s.table == LeadTable}
	for _, f := range found {
		r.states[f.State] = append(r.states[f.State], f.Value)
	}
	row, _ := s.Row(cosell.Status)
	for _, status := range []string{cosell.Open, cosell.OnHold, cosell.Won, cosell.Lost, cosell.Canceled} {
		for _, value := range integers(row.Reasons[status], found) {
			if _, twice := r.status[value]; !twice {
				r.status[value] = status
				r.values[status] = append(r.values[status], value)
			}
		}
	}
	row, _ = s.Row(cosell.Reason)
	ours := strings.HasPrefix(row.where, shipped+":") // as shipped it speaks of no reason that the row status leaves out
	for n := range len(closingReasons()) {
		for _, value := range integers(row.Reasons[strconv.Itoa(n+1)], found) {
			if !ours || r.status[value] != "" {
				r.why[value] = n + 1
			}
		}
	}
	return r
}

// integers are the options that the names mean: labels, or integers.
func integers(names []string, found []Label) []int {
	var out []int
	for _, name := range names {
		n, err := strconv.Atoi(name)
		for _, f := range found {
			if err == nil && f.Value == n || err != nil && f.named(name) {
				out = append(out, f.Value)
			}
		}
		if found == nil && err == nil {
			out = append(out, n)
		}
	}
	return out
}

func (l Label) named(name string) bool {
	for _, label := range l.Labels {
		if FoldText(label) == FoldText(name) {
			return true
		}
	}
	return false
}

// Known says whether the meaning of a status reason is certain without asking the CRM's metadata.
func (r StatusReasons) Known(reason string) bool {
	n, err := strconv.Atoi(reason)
	return r.known || err == nil && r.status[n] != ""
}

// Status reads state and status reason. An open row with a reason that the sheet does not name is
// cosell.Other, a lost one is canceled.
func (r StatusReasons) Status(state, reason string) (string, error) {
	code, err := strconv.Atoi(state)
	if err != nil {
		return "", NotA("a state of an opportunity", state)
	}
	value, _ := strconv.Atoi(reason) // 0 means nothing
	switch status := r.status[value]; {
	case r.lead && code == StateOpen:
		return cosell.OnHold, nil
	case r.lead && code == StateQualified:
		return cosell.Open, nil
	case code == StateOpen && (status == cosell.Open || status == cosell.OnHold):
		return status, nil
	case code == StateOpen:
		return cosell.Other, nil
	case code == StateWon:
		return cosell.Won, nil
	case code == StateLost && status == cosell.Lost:
		return cosell.Lost, nil
	case code == StateLost:
		return cosell.Canceled, nil
	}
	return "", NotA("a state of an opportunity", state)
}

// Value is the status reason to write for a status; why is the text of the closing reason, which may have a
// status reason of its own. An organisation without a fitting one gets any of the state.
func (r StatusReasons) Value(status, why string) (int, bool) {
	state := StateOpen
	switch {
	case status == cosell.Won, r.lead && status == cosell.Open:
		state = StateWon // of a lead: qualified
	case status == cosell.Lost, status == cosell.Canceled:
		state = StateLost
	}
	if value, ok := r.because(status, why); ok && state == StateLost {
		return value, true
	}
	candidates := r.values[status]
	switch status {
	case cosell.Lost:
		candidates = append(slices.Clone(candidates), r.values[cosell.Canceled]...)
	case cosell.Canceled:
		candidates = append(slices.Clone(candidates), r.values[cosell.Lost]...)
	}
	if state != StateOpen {
		candidates = append(slices.Clone(candidates), r.states[state]...)
	}
	if len(candidates) == 0 {
		return 0, false
	}
	return candidates[0], true
}

// because finds the one status reason of a closing reason, if it does not mean another status.
func (r StatusReasons) because(status, why string) (int, bool) {
	n, ok := closingReason(why)
	if !ok {
		return 0, false
	}
	for _, value := range slices.Sorted(keysOf(r.why)) {
		if r.why[value] == n && (r.status[value] == "" || r.status[value] == status) {
			return value, true
		}
	}
	return 0, false
}

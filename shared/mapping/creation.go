package mapping

import "github.com/cosell-sync/cosell-sync/shared/cosell"

// The places of a referral that Partner Center takes in a new one only: notes to Microsoft, in the invitation, and the
// partner's location.
const (
	InviteNotesPath = "/inviteContext/notes"
	LocationPath    = "/mpnId"
)

// InviteNotes is the row whose text is sent to Microsoft with an invitation; without one the deal's notes are.
func (s *Sheet) InviteNotes() (Row, bool) {
	for _, r := range s.rows {
		if r.Referral == InviteNotesPath && !r.Microsoft && r.Way != cosell.Read {
			return r, true
		}
	}
	return Row{}, false
}

// onlyAtCreation says whether Partner Center takes the path in a new referral only.
func onlyAtCreation(path string) bool { return path == InviteNotesPath || path == LocationPath }

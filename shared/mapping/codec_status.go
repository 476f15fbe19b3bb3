package mapping

import (
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

// The standard states and status reasons of an opportunity; customers add reasons of their own.
// https://learn.microsoft.com/dynamics365/developer/reference/entities/opportunity
const (
	StateOpen = 0
	stateWon  = 1
	stateLost = 2

	ReasonInProgress = 1
	ReasonOnHold     = 2
	reasonWon        = 3
	reasonCanceled   = 4
	reasonOutSold    = 5
)

// StatusFromCRM: a custom reason of an open row is open, of a lost row canceled.
func StatusFromCRM(state, reason string) (string, error) {
	code, err := strconv.Atoi(state)
	if err != nil {
		return "", NotA("a state of an opportunity", state)
	}
	switch {
	case code == StateOpen && reason == strconv.Itoa(ReasonOnHold):
		return cosell.OnHold, nil
	case code == StateOpen:
		return cosell.Open, nil
	case code == stateWon:
		return cosell.Won, nil
	case code == stateLost && reason == strconv.Itoa(reasonOutSold):
		return cosell.Lost, nil
	case code == stateLost:
		return cosell.Canceled, nil
	}
	return "", NotA("a state of an opportunity", state)
}

// ClosingReason is the status reason that the win and lose actions get.
func ClosingReason(status string) int {
	switch status {
	case cosell.Won:
		return reasonWon
	case cosell.Lost:
		return reasonOutSold
	}
	return reasonCanceled
}

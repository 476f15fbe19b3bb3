package partnercenter

import (
	"errors"
	"net/http"

	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/httpclient"
)

var errNotJSON = errors.New("it is not one JSON object")

// unknown marks a creation whose outcome cannot be told.
type unknown struct{ err error }

func (u *unknown) Error() string { return u.err.Error() }
func (u *unknown) Unwrap() error { return u.err }

// Unknown says that a Create may or may not have happened: the answer was lost, was a 5xx, or did not
// hold the new referral.
func Unknown(err error) bool {
	var u *unknown
	return errors.As(err, &u)
}

// Codes of our own, which stand where Partner Center's would not tell what to do. All other refusals keep
// Partner Center's deepest code.
const (
	CodeMFA      = "mfa.missing"    // the consent was given without MFA
	CodeAudience = "audience.wrong" // the token is for another API
	CodeRole     = "role.missing"   // the integration user may not do this at all
	CodeAccess   = "access.denied"  // to this one referral
	CodeConsent  = "consent.lost"   // the refresh token is of no use any more
)

// The codes of Partner Center that mean something of their own.
// https://learn.microsoft.com/partner-center/developer/error-codes
const (
	theirMFA      = "900421"
	theirAudience = "900420"
	theirModified = "resourceModified"
)

// asked is what a call was about: a no to one record is that record's business, elsewhere it is ours.
type asked int

const (
	oneRecord asked = iota // reads it
	change                 // of one record
	newRecord
	everything   // lists
	registration // of the webhook
)

// classify turns an answer that is not a success into a fault; it is the only place that does. A refusal
// of a read, of a list, or of a creation for want of a role is of class Ours; one of a value, or of a
// change of this one record, of class Record.
func classify(r *httpclient.Response, about asked) *fault.Error {
	b := readReply(r.Body)
	e := judge(r.Status, b, about)
	if e.Code == "" {
		e.Code = b.label(r.Status)
	}
	e.Maybe = r.Unsure
	return e.Quoting(b.text).Answered(r.Status)
}

func judge(status int, b reply, about asked) *fault.Error {
	if e := rights(status, b, about); e != nil {
		return e
	}
	clash := status == http.StatusPreconditionFailed || status == http.StatusConflict
	switch {
	case clash && about == newRecord: // nobody can have changed what does not exist yet
		return bad(status, b, about)
	case b.has(theirModified), clash:
		return plain(fault.Conflict, status, b)
	case status == http.StatusNotFound, status == http.StatusGone:
		return missing(status, b, about)
	case status == http.StatusBadRequest, status == http.StatusUnprocessableEntity, status == http.StatusRequestEntityTooLarge:
		return bad(status, b, about)
	case status == http.StatusRequestTimeout, status == http.StatusLocked:
		return plain(fault.Broken, status, b)
	case status == http.StatusNotImplemented, status >= 400 && status < 500: // a verb, a form, a header: our program or its settings
		return notUnderstood(plain(fault.Refused, status, b))
	}
	return plain(fault.Broken, status, b)
}

// plain is a fault that says what was answered, in our words.
func plain(kind fault.Kind, status int, b reply) *fault.Error {
	if b.code == "" {
		return fault.New(kind, "Partner Center answered %d", status)
	}
	return fault.New(kind, "Partner Center answered %d (%s)", status, b.code)
}

// rights are the answers about who we are and what we may do; nil for all others.
func rights(status int, b reply, about asked) *fault.Error {
	switch {
	case b.has(theirMFA):
		return plain(fault.Denied, status, b).With(CodeMFA, "").Saying("Partner Center wants a sign-in with MFA", mendConsent)
	case b.has(theirAudience):
		return plain(fault.Denied, status, b).With(CodeAudience, "").
			Saying("the token is for another API than the one called", "compare the addresses of Partner Center and the app's permissions with the guide")
	case status == http.StatusUnauthorized:
		return plain(fault.Denied, status, b).
			Saying("Partner Center takes no token of ours", mendConsent+", and compare the app's permissions with the guide")
	case status == http.StatusForbidden && about == change:
		return plain(fault.Refused, status, b).Saying("Partner Center does not let the integration user change this deal",
			"add the integration user to the deal's team, or give it the role Referrals admin for the deal's location")
	case status == http.StatusForbidden:
		return plain(fault.Refused, status, b).OfClass(fault.Ours).With(CodeRole, "").
			Saying("the integration user lacks a role in Partner Center", "give the integration user the role Referrals admin for all locations")
	}
	return nil
}

// keptFromUs makes the refusal of a read this one referral's.
func keptFromUs(e *fault.Error) *fault.Error {
	return e.OfClass(fault.Record).With(CodeAccess, "").Saying("Partner Center keeps this referral from the integration user",
		"add the integration user to the deal's team, or give it the role Referrals admin for the deal's location")
}

// changesNothing makes the refusal of a change ours: several referrals in a row were refused alike.
func changesNothing(e *fault.Error) *fault.Error {
	return e.OfClass(fault.Ours).With(CodeRole, "").Saying("Partner Center does not let the integration user change any deal",
		"give the integration user the role Referrals admin for all locations")
}

func missing(status int, b reply, about asked) *fault.Error {
	switch about {
	case newRecord: // the engagement that it was to join
		return fault.Lacking(fault.Record, "engagement", "Partner Center answered %d: what the new referral is to join does not exist", status).
			Saying("the engagement of the deal does not exist in Partner Center", "look for the deal in the Partner Center portal")
	case everything:
		return plain(fault.Refused, status, b).OfClass(fault.Ours).
			Saying("the address of Partner Center serves no referrals", "compare the addresses of Partner Center with the guide")
	}
	return plain(fault.Gone, status, b)
}

// bad is a 400, 413 or 422, and a 409 or 412 to what is new: of a write it is about a value, of a read about what we ask for.
func bad(status int, b reply, about asked) *fault.Error {
	e := plain(fault.Refused, status, b)
	if about != change && about != newRecord {
		return notUnderstood(e)
	}
	return notTaken(e, b.target)
}

// notUnderstood is about what we ask for, whichever record it met.
func notUnderstood(e *fault.Error) *fault.Error {
	return e.OfClass(fault.Ours).Saying("Partner Center does not understand what we ask for", "see the log, and report it")
}

// notTaken says which value it is about, where that is known.
func notTaken(e *fault.Error, target string) *fault.Error {
	where := "a value"
	if target != "" {
		where = "the value of " + target
	}
	return e.Naming(target).Saying("Partner Center does not take "+where, "correct the value")
}

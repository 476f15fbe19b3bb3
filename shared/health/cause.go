package health

import (
	"cmp"
	"strings"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// What ends a denial: a good answer of a system, or a new token for Partner Center.
const (
	PartnerCenter = "Partner Center"
	Token         = "token"
	CRM           = "CRM"
	Tables        = "tables"
	Queue         = "queue"
)

// Privilege is the word of a right that our role lacks; the right's name stands behind it. Watch.Answered with both ends
// it.
const Privilege = "privilege.missing"

// Where names the direction that a function's work goes.
func Where(function string) string {
	switch function {
	case "partnercenterwebhook":
		return "events from Partner Center"
	case "crmwebhook":
		return "events from CRM"
	case "partnercentertocrm":
		return "Partner Center to CRM"
	case "crmtopartnercenter":
		return "CRM to Partner Center"
	case "createcosellreferral":
		return "new deals to Partner Center"
	case "solutionssync":
		return "solutions"
	}
	return function
}

// causeOf says why a job that ended with err is not finished. ok is false where nothing waits: success,
// what was parked or held, and a wait that a rule of ours wants.
func causeOf(err error) (what string, c Cause, ok bool) {
	e := fault.Of(err)
	if e == nil {
		return "", Cause{}, false
	}
	switch {
	case e.Kind == fault.Denied:
		what = cmp.Or(e.Code, denied)
		return what, Cause{Say: "our access is refused: " + says(e, err), Mend: e.Mend, GoodKey: systemOf(e.Code), Class: denied}, true
	case fault.ClassOf(err) == fault.Ours:
		what = cmp.Or(e.Code, refused)
		if e.Target != "" {
			what += " " + e.Target
		}
		c := Cause{Say: "we lack a right, or a table or column is not as we need it: " + says(e, err), Mend: e.Mend, Class: refused, Singly: true}
		if e.Code == Privilege && e.Target != "" { // a right is the role's, whatever the record: who gets through has it
			c.GoodKey, c.Singly = what, false
		}
		return what, c, true
	case e.Code == fault.CodeStale:
		return e.Code, Cause{Say: "changes wait: " + says(e, err), Mend: e.Mend, Class: broken, Patience: staleDue, Singly: true}, true
	case e.Kind == fault.Later && !fault.ByRule(err):
		asks := "the other side asks to wait: "
		if e.Say != "" {
			asks = "changes wait: "
		}
		return e.Code, Cause{Say: asks + says(e, err), Mend: e.Mend, Class: throttled, Patience: 5 * time.Minute}, true
	case e.Kind == fault.Broken:
		return cmp.Or(e.Code, broken), Cause{Say: "changes wait: " + says(e, err), Mend: e.Mend, Class: broken, Patience: unlistedDue}, true
	case e.Kind == fault.Conflict:
		return conflict, Cause{Say: "changes wait because the records change all the time", Class: conflict, Patience: unlistedDue, Singly: true}, true
	}
	return "", Cause{}, false
}

// staleDue is how long a system may show old copies before somebody should look: replicas are seconds behind.
const staleDue = 5 * time.Minute

// says is the sentence for a person where there is one, else the log's.
func says(e *fault.Error, err error) string { return cmp.Or(e.Say, err.Error()) }

// systemOf is the system whose good answer shows that a denial with the code is over; "" where only the
// job itself can show it.
func systemOf(code string) string {
	if strings.HasPrefix(code, "0x") {
		return CRM // so are the CRM's own codes written
	}
	part, _, _ := strings.Cut(code, ".")
	switch part {
	case "mfa":
		return PartnerCenter
	case "consent", "client", "vault", "identity":
		return Token // an answer may still come by a token from before
	case "tables":
		return Tables
	case "servicebus":
		return Queue
	case "crm", "dataverse", "organization":
		return CRM
	}
	return ""
}

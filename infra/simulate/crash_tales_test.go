package simulate

import (
	"slices"
	"time"
)

// tales are the stories whose every call is a crash point. Together they reach every kind of call that the product makes:
// TestSchedules says which do not.
func tales() []tale {
	return slices.Concat(talesOfDeals(), talesOfOperators(), talesWithoutEvents(), talesOfWays(), talesOfTurns())
}

func talesOfDeals() []tale {
	return []tale{
		{name: "a deal of the CRM alone", creation: true, acts: []act{creates(nil)}},
		{name: "a co-sell deal of the CRM", creation: true, acts: []act{creates(doc{"cosell_help": 700010002})}},
		{name: "Microsoft's answers", acts: []act{creates(doc{"cosell_help": 700010002}), seller("accept", nil), seller("edit", doc{"changes": doc{"/details/dealValue": 77000}}), seller("win", nil)}},
		{name: "Microsoft declines and is asked again", acts: []act{creates(doc{"cosell_help": 700010002}), seller("decline", doc{"reason": "Others"}), edits(doc{"cosell_action": 2})}},
		{name: "an invitation is accepted in the CRM", acts: []act{invited(nil), edits(doc{"cosell_sync": true})}},
		{name: "an invitation is accepted in the portal", acts: []act{invited(nil), portal("accept", nil), portal("win", nil)}},
		{name: "a deal of the portal", acts: []act{portalCreates(nil), portal("update", doc{"changes": doc{"/name": "Deal called 1", "/details/notes": "Notes, edition 1"}}), edits(doc{"name": "Deal called 2", "estimatedvalue": 4000})}},
		{name: "a deal of the portal alone", creation: true, acts: []act{portalCreates(nil)}},
		{name: "a deal of the portal with two contacts", acts: []act{portalCreates(doc{"referral": doc{"name": "Deal 1", "customerProfile": twoOfWingtip()}})}},
		{name: "a deal of the portal that is lost there", acts: []act{portalCreates(nil), portal("lose", doc{"reason": "Others"})}},
		{name: "a lead that is qualified", acts: []act{lead("qualified"), leadDoes("update", doc{"columns": doc{"description": "About the lead"}}), timer(), leadDoes("qualify", nil)}},
		{name: "a lead that is disqualified", acts: []act{lead("marketplace"), leadDoes("disqualify", nil)}},
		{name: "won in the CRM and registered", acts: []act{creates(doc{"cosell_help": 700010002}), seller("accept", nil), waits(80 * time.Hour), closes("win"), registers(), seller("registration", doc{"status": "Approved"})}},
		{name: "lost in the CRM", acts: []act{creates(nil), closes("lose")}},
		{name: "upgraded by a seller", acts: []act{creates(nil), seller("upgrade", doc{"help": "GeneralOrOther"})}},
		{name: "solutions on both sides", acts: []act{creates(nil), solution("create"), solution("update"), solution("delete"), portal("update", doc{"changes": doc{"/details/requirements/solutions": []any{doc{"id": "SOL-15974-MQF", "name": "Northwind Insight", "type": "Name"}}}})}},
		{name: "people and customer", acts: []act{creates(nil), team(), contact(), account()}},
		{name: "the timer finds what no event told", asks: true, posting: doc{"lose": 1}, acts: withTimer(creates(nil), team(), together(contact(), account(), solution("create"), person()), portalCreates(nil))},
		{name: "the answer to a creation is lost", acts: []act{trouble("pc", "loseAnswer", "POST", "/referrals$"), creates(doc{"cosell_help": 700010002})}},
		{name: "the answer to a making is lost", acts: []act{trouble("crm", "loseAnswer", "POST", "batch"), portalCreates(nil)}},
		{name: "the answer to an invitation's making is lost", acts: []act{trouble("crm", "loseAnswer", "POST", "batch"), invited(nil)}},
		{name: "a right goes and comes back", asks: true, acts: []act{creates(nil), right("opportunity", "write", false), portal("update", doc{"changes": doc{"/details/dealValue": 4100}}), timer(), right("opportunity", "write", true), waits(time.Hour), timer()}},
		{name: "the CRM refuses a value", acts: []act{creates(nil), rule("crm", doc{"table": "opportunity", "column": "description"}, true), portal("update", doc{"changes": doc{"/details/notes": "Notes, edition 2"}}), ruleless(), edits(doc{"cosell_action": 6})}},
		{name: "Partner Center refuses and does not say what", acts: []act{creates(nil), rule("pc", doc{"path": "details/notes"}, false), edits(doc{"description": "Notes, edition 3", "estimatedvalue": 4200}), timer(), timer(), ruleless(), waits(25 * time.Hour), timer()}},
		{name: "a token that changes with each use", pc: doc{"rotateRefreshToken": true}, acts: []act{creates(nil), waits(2 * time.Hour), portal("update", doc{"changes": doc{"/details/dealValue": 4300}})}},
		{name: "the registration is lost", own: []string{"SYNC_REGISTER=restore"}, acts: []act{timer(), asks("POST", "webhookregistration", doc{"overwrite": true}), asks("POST", "webhookregistration/test", doc{}), timer(), forgets(), timer(), asks("GET", "webhookregistration", nil)}},
		{name: "tables are lost", acts: []act{creates(doc{"cosell_help": 700010002}), portalCreates(nil), loses(), timer(), timer()}},
		{name: "tables are away until letters are dead", acts: []act{creates(nil), away(siteTables, time.Hour), portal("update", doc{"changes": doc{"/details/dealValue": 4400}}), waits(time.Hour), timer()}},
		{name: "Partner Center refuses a list", acts: []act{creates(nil), rule("pc", doc{"path": "details/requirements/solutions"}, true), solution("create"), timer(), timer(), ruleless(), waits(25 * time.Hour), timer()}},
		{name: "two deals of one customer at once", asks: true, yields: 128, loose: "which of them is first decides what the account says", acts: []act{together(invited(nil), portalCreates(nil))}},
		{name: "no event tells of a creation", posting: doc{"lose": 1}, acts: []act{trouble("pc", "loseAnswer", "POST", "/referrals$"), creates(nil), timer(), waits(time.Hour)}},
		{name: "the answer to a save is lost", acts: []act{befalls("tables write state o", 2, lose), creates(nil)}},
		{name: "tables are lost and somebody edits", acts: []act{creates(nil), loses(), edits(doc{"description": "Notes, edition 5"}), timer()}},
		{name: "deleted in the CRM", acts: []act{creates(doc{"cosell_help": 700010002}), deletes(), timer()}},
		{name: "another field sheet is pushed", acts: []act{creates(nil), column("new_campaign"), asks("POST", "operator/mapping/push", campaignSheet()), edits(doc{"description": "Notes, edition 6"}), timer()}},
		{name: "unlinked and linked", acts: []act{creates(nil), edits(doc{"cosell_action": 5}), timer()}},
	}
}

package cosell

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// The directions of a line in Audit.
const (
	ToPartnerCenter = "to Partner Center"
	ToCRM           = "to CRM"
	Nowhere         = "none"
)

func (p Place) direction() string {
	if p == InCRM {
		return ToCRM
	}
	return ToPartnerCenter
}

// Words are the settings of the lines: which field people call what, and the moment and trace of the run.
type Words struct {
	Rules []Rule
	At    time.Time
	Trace string
}

func (w Words) line(direction, text string) string { return AuditLine(w.At, direction, text, w.Trace) }

// Say is the line of one problem.
func (w Words) Say(p Problem) string { return w.line(p.Place.direction(), p.Explain()) }

// Done is the line of something that was done in a direction.
func (w Words) Done(direction, text string) string { return w.line(direction, text) }

func (w Words) names(changes Record) string {
	var out []string
	for _, r := range w.Rules {
		if r.Field == Reason || r.Field == Status || r.Field == ClosedOn || !touches(changes, r.Field) || slices.Contains(out, r.label()) {
			continue
		}
		out = append(out, r.label())
	}
	return strings.Join(out, ", ")
}

func touches(changes Record, f Field) bool {
	if _, ok := changes[f]; ok {
		return true
	}
	return len(changes.Members(f)) > 0
}

// Lines are what Audit gains, newest first: what came into CRM, what is not explained yet, the steps of
// the life cycle that Partner Center has taken, and the end of problems. asked is what CRM is about to be
// asked to take; what Partner Center took is read from its answer.
func (in Pairing) Lines(plan Plan, w Written, words Words) []string {
	var lines []string
	if text := in.arrived(plan, words); text != "" {
		lines = append(lines, words.Done(ToCRM, text))
	}
	steps := in.steps(plan, w, words)
	for _, p := range in.Pair.Untold {
		if !slices.Contains(plan.Problems, p) && !slices.Contains(steps, p.Text) {
			lines = append(lines, words.Say(p))
		}
	}
	for _, p := range plan.Problems {
		if p.Class != OfOurs && !p.Quiet && !(p.Once && slices.Contains(in.Pair.Spoken, p)) && (p.Once || plan.answersAct() || !in.Pair.Explained(in.Opportunity.Side().Record[Audit], p, in.Older)) {
			lines = append(lines, words.Say(p))
		}
	}
	for _, text := range steps {
		lines = append(lines, words.Done(ToPartnerCenter, text))
	}
	if in.recovered(plan) {
		lines = append(lines, words.Done(in.troubled(), over))
	}
	return lines
}

// steps are what Partner Center took, by its answer.
func (in Pairing) steps(plan Plan, w Written, words Words) []string {
	var out []string
	if in.Options.AuditSuccess == "none" {
		return nil
	}
	if w.Referral != nil {
		for _, step := range in.stepsTaken(plan.ToReferral, w.Referral.Record) {
			out = append(out, step.Text)
		}
		if names := words.names(plan.ToReferral); in.Options.AuditSuccess == "all" && names != "" {
			out = append(out, "updated "+names)
		}
	}
	if w.Invited {
		out = append(out, askedMicrosoft(plan.Invite).Text)
	}
	return out
}

// stepsTaken are the steps of the life cycle that Partner Center took, as notes: whoever cannot tell them
// at once keeps them in Untold.
func (in Pairing) stepsTaken(sent, answered Record) []Problem {
	var out []Problem
	if in.Options.AuditSuccess == "none" {
		return nil
	}
	if s := sent[Status]; s != "" && answered[Status] == s {
		text := sentStatus(s, answered[Reason])
		if s == Won {
			text += in.registration(answered)
		}
		out = append(out, step(Status, text))
	}
	if sent[Visibility] == True && answered[Visibility] == True {
		out = append(out, step(Visibility, "shared: Microsoft's sellers can see the deal"))
	}
	return out
}

// askedMicrosoft is the note that Microsoft was asked for help.
func askedMicrosoft(help string) Problem { return step(Help, "Microsoft was asked for help: "+help) }

func step(f Field, text string) Problem {
	return Problem{Field: f, Place: InPartnerCenter, Text: text, Warn: true, Once: true}
}

func sentStatus(status, reason string) string {
	text := map[string]string{Accepted: "accepted the referral", Declined: "declined the referral", Won: "closed as won", Lost: "closed as lost"}[status]
	if reason != "" && status != Accepted && status != Won {
		text += ", reason: " + reason
	}
	return text
}

// arrived says what comes into CRM, Microsoft's answer and a closing in words.
func (in Pairing) arrived(plan Plan, words Words) string {
	var parts []string
	changes, customer := withoutCustomer(plan.ToOpportunity)
	if customer != "" {
		parts = append(parts, "the customer is "+customer)
	}
	for _, f := range []Field{MicrosoftStatus, MicrosoftSeller} {
		delete(changes, f)
	}
	if names := words.names(changes); names != "" {
		parts = append(parts, "updated "+names)
	}
	if s := plan.ToOpportunity[Status]; s != "" {
		parts = append(parts, in.cameWith(s, plan.ToOpportunity[Reason]))
	}
	if s := plan.ToOpportunity[MicrosoftStatus]; s != "" {
		parts = append(parts, in.answered(s, plan))
	} else if seller := plan.ToOpportunity[MicrosoftSeller]; seller != "" {
		parts = append(parts, "Microsoft's seller is "+seller)
	}
	return strings.Join(parts, "; ")
}

// cameWith says in Partner Center's own words what closed or opened the opportunity.
func (in Pairing) cameWith(status, reason string) string {
	p := in.Referral.Record[Status]
	text := map[string]string{Accepted: "accepted in Partner Center", Won: "won in Partner Center", Lost: "lost in Partner Center",
		Declined: "declined in Partner Center", Expired: "expired: nobody answered the referral in time", Errored: "closed as an error in Partner Center"}[p]
	if text == "" {
		text = "status " + status
	}
	if reason != "" {
		text += ", reason: " + reason
	}
	if p == Won {
		text += in.registration(in.Referral.Record)
	}
	return text
}

// notProvided is the reason that Microsoft does not tell.
const notProvided = "not provided"

func (in Pairing) answered(status string, plan Plan) string {
	if strings.EqualFold(status, "Pending") || strings.EqualFold(status, "Received") {
		return "Microsoft has the request"
	}
	if unanswered(status) {
		return "Microsoft did not answer in time: its referral expired, reason: " + cmp.Or(in.Referral.Record[MicrosoftReason], notProvided) +
			". The deal goes on without Microsoft's help"
	}
	text := "Microsoft's answer: " + status
	if day := in.Referral.Record[MicrosoftAccepted]; day != "" && strings.EqualFold(status, "Accepted") {
		text += " on " + day
	}
	if seller := plan.ToOpportunity[MicrosoftSeller]; seller != "" {
		text += ", seller " + seller
	}
	reason := in.Referral.Record[MicrosoftReason]
	switch {
	case strings.EqualFold(status, "Declined") && reason == "":
		text += ", reason: " + notProvided
	case reason != "" && !strings.EqualFold(status, "Accepted"):
		text += ", reason: " + reason
	}
	return text
}

// recovered says whether everything that Audit explains is over. What ends because the referral is closed is
// not in step.
func (in Pairing) recovered(plan Plan) bool {
	if slices.ContainsFunc(plan.Problems, func(p Problem) bool { return p.Code == "referral.closed" }) {
		return false
	}
	return !in.Opportunity.Assumed() && len(in.Pair.Told) > 0 && len(Prints(plan.Problems)) == 0 && !plan.Ends
}

// troubled is the direction in which the problems were.
func (in Pairing) troubled() string {
	if held := in.Pair.Loud(); len(held) > 0 && !slices.ContainsFunc(held, func(h Held) bool { return h.Place != InCRM }) {
		return ToCRM
	}
	return ToPartnerCenter
}

// The values of State.
const (
	StateInSync      = "insync"
	StateWaiting     = "waiting"
	StatePending     = "pending"
	StateIncomplete  = "acceptance.incomplete"
	StateWonWaiting  = "won.waiting"
	StateHeld        = "held"
	StateFailed      = "failed"
	StateUnconfirmed = "link.unconfirmed"
	StateUnclear     = "account.unclear"
	StateClosed      = "closed"
)

// stateOf is the state that a lasting problem stands for.
var stateOf = map[string]string{"acceptance.incomplete": StateIncomplete, "won.waiting": StateWonWaiting, "won.early": StateWonWaiting,
	"waiting": StateWaiting, "account.unclear": StateUnclear, CodeUnconfirmed: StateUnconfirmed, "decline.waiting": StatePending, "reopen.pending": StatePending}

// Standing is how things stand, for the columns of the opportunity: referral is its status, empty where
// there is none yet.
func Standing(referral string, problems []Problem) Record {
	state, code := StateInSync, ""
	switch {
	case referral == Pending:
		state = StatePending
	case ReferralClosed(referral):
		state = StateClosed
	}
	rank := 0
	for _, p := range problems {
		if p.Once || p.Quiet || p.Class == OfOurs {
			continue
		}
		if code == "" {
			code = p.Code
		}
		s, r := stateOf[p.Code], 3
		switch {
		case s != "":
		case p.Class == OfRule:
			s, r = StateHeld, 1
		default:
			s, r = StateFailed, 2
		}
		if r > rank {
			state, rank = s, r
		}
	}
	return Record{State: state, ErrorCode: code}
}

// Columns are what CRM is to show beside the values: state, error code, when something last crossed, when a
// pending referral ends, and that no other referral asks for the opportunity.
func (in Pairing) Columns(plan Plan, w Written) Record {
	status := in.Referral.Record[Status]
	if s := plan.ToReferral[Status]; s != "" && w.Referral != nil {
		status = w.Referral.Record[Status]
	}
	if in.Referral.Microsoft {
		status = in.Pair.Base.Referral[Status]
	}
	out := Standing(status, plan.Problems)
	switch was, known := in.Pair.Base.Opportunity[LastSync]; {
	case len(plan.ToOpportunity) > 0 || w.sent(plan) || w.Invited:
		out[LastSync] = in.At.UTC().Format(time.RFC3339)
	case plan.Stamp:
		out[LastSync] = in.Pair.LastSuccess.UTC().Format(time.RFC3339)
	case known:
		out[LastSync] = was
	}
	out[Expires], out[Proposed] = "", ""
	if status == Pending && !in.Referral.ExpiresAt.IsZero() {
		out[Expires] = in.Referral.ExpiresAt.UTC().Format(time.RFC3339)
	}
	return out
}

// Tick decides the mark: "" leaves it as it is.
func (in Pairing) Tick(plan Plan) string {
	if Crossed(plan.Problems) {
		return MarkFailed
	}
	return MarkOK
}

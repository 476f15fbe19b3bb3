package flow

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// refusal turns the other side's no into a problem.
func refusal(err error, what string) cosell.Problem {
	p := cosell.Problem{Code: "refused", Text: what + ": " + err.Error()}
	var e *fault.Error
	if errors.As(err, &e) {
		p.Mend, p.Field = e.Mend, cosell.Field(e.Field)
		if e.Say != "" {
			p.Text = what + ": " + e.Say
		}
		if e.Theirs != "" {
			p.Text += " (" + e.Theirs + ")"
		}
		if e.Code != "" {
			p.Code = e.Code
		}
	}
	return p
}

func names(fields []cosell.Field) string {
	var out []string
	for _, f := range fields {
		if list, _, ok := f.List(); ok {
			f = list
		}
		if !slices.Contains(out, string(f)) {
			out = append(out, string(f))
		}
	}
	return strings.Join(out, ", ")
}

// lines are what Audit gains: changes from Partner Center, problems not yet explained, and the recovery
// from problems that are over.
func (f *Flow) lines(ctx context.Context, w *work, o *cosell.Opportunity, plan cosell.Plan) []string {
	at, trace := o.Read, shortTrace(ctx)
	var lines []string
	if len(plan.ToOpportunity) > 0 {
		lines = append(lines, cosell.AuditLine(at, toCRM, f.describe(w, plan), trace))
	}
	for _, p := range plan.Problems {
		if p.Once || !slices.Contains(w.pair.Problems, p.Code) {
			direction := toPartnerCenter
			if p.Inbound {
				direction = toCRM
			}
			lines = append(lines, cosell.AuditLine(at, direction, p.Explain(), trace))
		}
	}
	if plan.Invite != "" {
		lines = append(lines, cosell.AuditLine(at, toPartnerCenter, "Microsoft was asked for help: "+plan.Invite, trace))
	}
	if len(w.pair.Problems) > 0 && w.opportunity != nil && len(cosell.Codes(plan.Problems)) == 0 {
		lines = append(lines, cosell.AuditLine(at, toPartnerCenter, "in step again", trace))
	}
	return lines
}

// describe says what came from Partner Center, Microsoft's answer in words.
func (f *Flow) describe(w *work, plan cosell.Plan) string {
	text := "updated " + names(slices.Sorted(maps.Keys(plan.ToOpportunity)))
	if status := plan.ToOpportunity[cosell.MicrosoftStatus]; status != "" {
		text += "; Microsoft's answer: " + status
		if seller := plan.ToOpportunity[cosell.MicrosoftSeller]; seller != "" {
			text += ", seller " + seller
		}
		if status != "Accepted" && status != "Pending" {
			reason := w.referral.Record[cosell.MicrosoftReason]
			if reason == "" {
				reason = "not provided"
			}
			text += ", reason: " + reason
		}
	}
	if reason := plan.ToOpportunity[cosell.Reason]; reason != "" {
		text += "; reason: " + reason
	}
	return text
}

// mark decides tick or cross. Problems are only known in full when the opportunity was read.
func (f *Flow) mark(values cosell.Record, o *cosell.Opportunity, plan cosell.Plan, read bool) {
	if !f.Settings.CheckMark {
		return
	}
	want := o.Record[cosell.Mark]
	switch {
	case cosell.Crossed(plan.Problems):
		want = cosell.MarkFailed
	case read || len(values) > 0:
		want = cosell.MarkOK
	}
	if want != o.Record[cosell.Mark] {
		values[cosell.Mark] = want
	}
}

package office

import (
	"context"

	"github.com/cosell-sync/cosell-sync/shared/doctor"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// Doctor looks at everything that the app needs.
type Doctor interface {
	// Examine runs the checks that only names, or all of them. seller is whose rights in the CRM are looked at.
	Examine(ctx context.Context, only, seller string) []doctor.Finding
}

// Examination is what the checks have found.
type Examination struct {
	// Intake is the address to which events come: whoever asked can look whether it answers.
	Intake   string           `json:"intake,omitempty"`
	Findings []doctor.Finding `json:"findings"`
}

// Examine runs the checks of the sync app that only names ("" for all). Invalid: there is no such check.
func (o *Office) Examine(ctx context.Context, only, seller string) (Examination, error) {
	if o.Doctor == nil {
		return Examination{}, fault.New(fault.Refused, "this app cannot look at itself").OfClass(fault.Ours).With("desk.none", "ask the sync app")
	}
	if !doctor.Known(doctor.Checks(), only) {
		return Examination{}, fault.New(fault.Invalid, "there is no check %q: docs/doctor.md has them all", only)
	}
	return Examination{Intake: o.Intake, Findings: o.Doctor.Examine(ctx, only, seller)}, nil
}

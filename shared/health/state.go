package health

import (
	"log/slog"

	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// StateMessage is the message of the line that State makes up: alarms ask for it.
const StateMessage = "state"

// State is the report as one line of the log, for whoever watches logs and cannot ask: infra/azure/modules/alerts.bicep.
// What is not known is left out.
func (r Report) State() []slog.Attr {
	n := 0
	for _, class := range []string{denied, refused} {
		for _, count := range r.Counts[class] {
			n += count
		}
	}
	problems := make([]string, 0, len(r.Problems))
	for _, p := range r.Problems {
		problems = append(problems, p.What)
	}
	out := []slog.Attr{
		slog.Bool("ok", r.OK), slog.Any("problems", problems),
		slog.Int("parked", r.Parked), slog.Int("held_ours", r.Held[string(fault.Ours)]), slog.Int("held_record", r.Held[string(fault.Record)]),
		slog.Int("held_rule", r.Held[string(fault.Rule)]), slog.Int("refused", n), slog.Int("braked", r.Braked),
		slog.String("registration", r.Registration), slog.Bool("registration_lost", r.registrationLost()),
	}
	if r.tokenSince != nil {
		out = append(out, slog.Time("token_since", *r.tokenSince))
	}
	if at, ever := r.LastAnswers[PartnerCenter]; ever {
		out = append(out, slog.Time("partner_center_read", at))
	}
	if at, ever := r.LastAnswers[CRM]; ever {
		out = append(out, slog.Time("crm_read", at))
	}
	if r.Oldest != nil {
		out = append(out, slog.Time("oldest_unfinished", *r.Oldest))
	}
	return out
}

// registrationLost says whether the registration was seen, and is not as it should be.
func (r Report) registrationLost() bool {
	switch r.Registration {
	case "", registrationFine, registrationUnknown, registrationLeft, registrationShadow:
		return false
	}
	return true
}

package app

import (
	"context"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/dataverse"
	"github.com/cosell-sync/cosell-sync/shared/doctor"
	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/health"
	"github.com/cosell-sync/cosell-sync/shared/office"
)

// oldFlows implements office.OldFlows.
type oldFlows struct{ crm *dataverse.Client }

// OldFlows implements office.OldFlows.
func (o oldFlows) OldFlows(ctx context.Context) (out []office.OldFlow, err error) {
	on, err := o.crm.ConnectorFlows(ctx)
	for _, f := range on {
		out = append(out, office.OldFlow(f))
	}
	return out, err
}

// connector is Microsoft's connector in the same CRM.
type connector struct {
	crm  *dataverse.Client
	live bool

	turn   chan struct{} // holds one token
	looked time.Time
	on     bool
}

func newConnector(crm *dataverse.Client, live bool) *connector {
	c := &connector{crm: crm, live: live, turn: make(chan struct{}, 1)}
	c.turn <- struct{}{}
	return c
}

// flowsAge is how soon it is looked again whether flows of Microsoft's connector are on, and onAge the same where they
// were: somebody is about to switch them off.
const (
	flowsAge = time.Hour
	onAge    = 5 * time.Minute
)

// OldFlows has health tell of flows of Microsoft's connector that are on while this installation works in earnest: both
// write. In shadow mode they are meant to be. Where they are not ours to read nobody can say.
func (a *App) OldFlows(ctx context.Context) error {
	c := a.connector
	if c == nil || c.crm == nil || !c.live || a.first != nil {
		return nil
	}
	if err := enter(ctx, c.turn); err != nil {
		return fault.New(fault.Broken, "waiting to ask for flows of Microsoft's connector: %w", err)
	}
	defer func() { c.turn <- struct{}{} }()
	age := flowsAge
	if c.on {
		age = onAge
	}
	if !c.looked.IsZero() && a.Now().Sub(c.looked) < age {
		return nil
	}
	on, err := c.crm.ConnectorFlows(ctx)
	if err != nil && fault.ClassOf(err) != fault.Ours {
		return err
	}
	c.looked, c.on = a.Now(), len(on) > 0
	var problems []health.Problem
	if c.on {
		var names []string
		for _, f := range on {
			names = append(names, f.Name)
		}
		problems = append(problems, health.Problem{What: "flows.on", Where: "CRM", Count: len(on), Mend: doctor.FlowsMend(len(on), false),
			Say: doctor.FlowsOn(names) + "; this installation works in earnest, so both write"})
	}
	a.stand("flows of Microsoft's connector", problems)
	return nil
}

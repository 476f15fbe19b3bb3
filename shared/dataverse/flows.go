package dataverse

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// CloudFlow is a cloud flow of Microsoft's connector that is on.
type CloudFlow struct {
	ID, Name string
	Changed  time.Time
}

// The rows of the table workflow that are cloud flows, and those of them that are on.
// https://learn.microsoft.com/power-automate/manage-flows-with-code
const (
	workflowSet = "workflows"
	cloudFlow   = 5
	activated   = 1
)

// flowNames are the beginnings of what the flows of "Partner Center Referrals Synchronization for Dynamics 365" are
// called, without what follows in brackets. https://learn.microsoft.com/partner-center/referrals/connector-dynamics
var flowNames = []string{
	"Partner Center Webhook Registration", "[Customize] Create or Get Details from Dynamics 365", "Create Co-sell Referral - Dynamics 365 to Partner Center",
	"Partner Center to Dynamics 365", "Partner Center Microsoft Co-sell Referral Updates to Dynamics 365", "Dynamics 365 to Partner Center",
	"Dynamics 365 Opportunity to Partner Center", "Dynamics 365 Microsoft Solution(s) to Partner Center", "Dynamics 365 Leads to Partner Center",
	"Auto-heal of Microsoft Partner Center synchronization details",
}

// flowConnectors are the two premium connectors that every flow of it, whatever it is called, works with.
const flowConnectors = "shared_partnercenter"

// ConnectorFlows lists the cloud flows of Microsoft's connector that are on, by name or by the connectors that they work
// with: two calls. Refused of class Ours: the flows are not ours to read.
func (c *Client) ConnectorFlows(ctx context.Context) ([]CloudFlow, error) {
	on := And(EqInt("category", cloudFlow), EqInt("statecode", activated))
	var named []string
	for _, n := range flowNames {
		named = append(named, StartsWith("name", n))
	}
	out, err := c.flows(ctx, And(on, Or(named...)))
	if err != nil {
		return nil, err
	}
	// The definition of a flow is a long text, in which not every environment searches.
	others, err := c.flows(ctx, And(on, Contains("clientdata", flowConnectors)))
	if fault.Is(err, fault.Broken) || fault.Is(err, fault.Later) {
		return nil, err
	}
	for _, f := range others {
		if !slices.ContainsFunc(out, func(had CloudFlow) bool { return had.ID == f.ID }) {
			out = append(out, f)
		}
	}
	slices.SortFunc(out, func(a, b CloudFlow) int { return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.ID, b.ID)) })
	return out, nil
}

func (c *Client) flows(ctx context.Context, filter string) (out []CloudFlow, err error) {
	rows, err := c.List(ctx, workflowSet, Query{Select: []string{"workflowid", "name", "modifiedon"}, Filter: filter})
	for _, r := range rows {
		changed, _ := time.Parse(time.RFC3339, r.Text("modifiedon"))
		out = append(out, CloudFlow{r.ID("workflowid"), r.Text("name"), changed})
	}
	return out, err
}

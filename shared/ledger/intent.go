package ledger

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// Intent reads the row that guards the creation of a referral: one call.
func (l *Ledger) Intent(ctx context.Context, opportunityID, target string) (cosell.Intent, bool, error) {
	r, ok, err := l.get(ctx, stateTable, key("i", opportunityID, target))
	if err != nil || !ok {
		return cosell.Intent{}, false, err
	}
	return intentOf(r), true, nil
}

// PutIntent writes the intent: without Version it must not exist yet, else it must not have changed. The
// result has Version, and in At the row's own server time stamp, which only reading it back gives: two
// calls. Conflict: another worker owns the creation.
func (l *Ledger) PutIntent(ctx context.Context, i cosell.Intent) (cosell.Intent, error) {
	write := l.newID()
	o := op{kind: put, key: key("i", i.OpportunityID, i.Target), version: i.Version, props: map[string]string{
		"V": schema, "Write": write, "Opportunity": i.OpportunityID, "Target": i.Target,
		"Attempt": strconv.Itoa(i.Attempt), "RequestID": i.RequestID, "Sent": strconv.FormatBool(i.Sent),
		"Doubted": writeTime(i.Doubted),
	}}
	setJSON(o.props, "Base", i.Base, i.Base.Referral == nil)
	setJSON(o.props, "Earlier", i.Earlier, len(i.Earlier) == 0)
	setJSON(o.props, "GaveUp", i.GaveUp, len(i.GaveUp) == 0)
	if i.Version == "" {
		o.kind = insert
	}
	if _, err := l.rows.write(ctx, stateTable, o); err != nil && err != errTaken && err != errStale {
		return i, fmt.Errorf("writing the intent of opportunity %s: %w", i.OpportunityID, err)
	}
	// Refused or not: if the row carries this write, it is ours, and an answer was lost.
	r, ok, err := l.get(ctx, stateTable, o.key)
	if err != nil {
		return i, fmt.Errorf("reading the intent of opportunity %s back: %w", i.OpportunityID, err)
	}
	if !ok || r.props["Write"] != write {
		return i, fault.New(fault.Conflict, "another worker is creating the referral of opportunity %s", i.OpportunityID)
	}
	return intentOf(r), nil
}

// DropIntent deletes the intent; gone already is fine. Conflict: it has changed since it was read.
func (l *Ledger) DropIntent(ctx context.Context, i cosell.Intent) error {
	o := op{kind: remove, key: key("i", i.OpportunityID, i.Target), version: i.Version}
	_, err := l.rows.write(ctx, stateTable, o)
	if err != errStale {
		return err
	}
	if _, ok, err := l.get(ctx, stateTable, o.key); err != nil || !ok {
		return err
	}
	return fault.New(fault.Conflict, "the intent of opportunity %s has changed meanwhile", i.OpportunityID)
}

func intentOf(r row) cosell.Intent {
	attempt, _ := strconv.Atoi(r.props["Attempt"])
	i := cosell.Intent{
		OpportunityID: r.props["Opportunity"], Target: r.props["Target"], Attempt: attempt,
		RequestID: r.props["RequestID"], Sent: r.props["Sent"] == "true", At: r.changed, Version: r.version, Doubted: readTime(r.props["Doubted"]),
	}
	_ = json.Unmarshal([]byte(r.long("Base")), &i.Base) // of an older version: none
	_ = json.Unmarshal([]byte(r.long("Earlier")), &i.Earlier)
	_ = json.Unmarshal([]byte(r.long("GaveUp")), &i.GaveUp)
	return i
}

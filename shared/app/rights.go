package app

import (
	"context"
	"slices"
	"strings"
	"sync"

	"github.com/cosell-sync/cosell-sync/shared/dataverse"
	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/flow"
	"github.com/cosell-sync/cosell-sync/shared/health"
	"github.com/cosell-sync/cosell-sync/shared/ledger"
)

// rights is what the application user was seen to be allowed in the CRM.
type rights struct {
	crm *dataverse.Client

	mu  sync.Mutex
	had map[string]bool // in lower case; nil: nobody has looked yet
}

// Rights ends what health says of privileges that have come back, and has what is held for want of one tried again at
// once: the work itself would come by only minutes or hours later. The CRM is asked only while health says that one is
// missing, and where the privileges are not ours to read nothing is judged.
func (a *App) Rights(ctx context.Context) error {
	if a.rights.crm == nil || a.Health == nil {
		return nil
	}
	missing := missingRights(a.Health.Fresh(ctx))
	if len(missing) == 0 {
		return nil
	}
	has, err := a.rights.look(ctx)
	if err != nil {
		if fault.ClassOf(err) == fault.Ours {
			return nil
		}
		return err
	}
	grown, back := a.rights.grown(has), false
	for _, what := range missing {
		_, name, named := strings.Cut(what, " ")
		if named && has[strings.ToLower(name)] {
			a.Watch.Answered(what)
		}
		back = back || named && has[strings.ToLower(name)] || !named && grown
	}
	if !back {
		return nil
	}
	return a.again(ctx, dataverse.CodePrivilege)
}

// missingRights are the problems of privileges; one of held rows alone does not name which.
func missingRights(r health.Report) (out []string) {
	for _, p := range r.Problems {
		if word, _, _ := strings.Cut(p.What, " "); word == health.Privilege {
			out = append(out, p.What)
		}
	}
	return out
}

// look asks the CRM what the application user may do.
func (r *rights) look(ctx context.Context) (map[string]bool, error) {
	who, err := r.crm.WhoAmI(ctx)
	if err != nil {
		return nil, err
	}
	has, err := r.crm.Privileges(ctx, who.UserID)
	if err != nil {
		return nil, err
	}
	out := map[string]bool{}
	for name := range has {
		out[strings.ToLower(name)] = true
	}
	return out, nil
}

// grown says whether there is a privilege that was not there at the last look; at the first nobody knows, so that it may be.
func (r *rights) grown(has map[string]bool) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	had := r.had
	r.had = has
	if had == nil {
		return true
	}
	for name := range has {
		if !had[name] {
			return true
		}
	}
	return false
}

// again has everything tried that is held with the code.
func (a *App) again(ctx context.Context, code string) error {
	var ids []string
	err := a.Ledger.HeldRows(ctx, func(h ledger.HeldRow) bool {
		if h.Code == code && !slices.Contains(ids, h.OpportunityID) {
			ids = append(ids, h.OpportunityID)
		}
		return true
	})
	if err != nil {
		return err
	}
	for _, id := range ids {
		if err := a.Post.OpportunityChanged(ctx, flow.Hint{Kind: "opportunity", ID: id, Why: "a right has come back", Retry: true}); err != nil {
			return err
		}
	}
	return nil
}

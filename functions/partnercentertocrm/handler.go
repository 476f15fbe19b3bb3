// Package partnercentertocrm brings what changed on a referral, the partner's own or Microsoft's, into CRM.
package partnercentertocrm

import (
	"context"

	"github.com/cosell-sync/cosell-sync/shared/flow"
	"github.com/cosell-sync/cosell-sync/shared/post"
)

// Flow is what this function calls.
type Flow interface {
	FromReferral(ctx context.Context, h flow.Hint) error
}

// Handler works on the queue referral-changed, whose pointers the post has read and checked.
func Handler(f Flow) post.Work { return f.FromReferral }

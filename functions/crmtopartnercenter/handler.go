// Package crmtopartnercenter brings what changed on an opportunity, or on a row that it shows, to Partner Center.
package crmtopartnercenter

import (
	"context"

	"github.com/cosell-sync/cosell-sync/shared/flow"
	"github.com/cosell-sync/cosell-sync/shared/post"
)

// Flow is what this function calls.
type Flow interface {
	FromOpportunity(ctx context.Context, h flow.Hint) error
}

// Handler works on the queue opportunity-changed, whose pointers the post has read and checked.
func Handler(f Flow) post.Work { return f.FromOpportunity }

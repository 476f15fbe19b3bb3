// Package createcosellreferral makes the referral of an opportunity that has none.
package createcosellreferral

import (
	"context"

	"github.com/cosell-sync/cosell-sync/shared/flow"
	"github.com/cosell-sync/cosell-sync/shared/post"
)

// Flow is what this function calls.
type Flow interface {
	CreateReferral(ctx context.Context, h flow.Hint) error
}

// Handler works on the queue referral-wanted, whose pointers the post has read and checked.
func Handler(f Flow) post.Work { return f.CreateReferral }

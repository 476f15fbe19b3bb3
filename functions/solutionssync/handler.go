// Package solutionssync keeps an opportunity's solution rows and its referral's solutions in step.
package solutionssync

import (
	"context"

	"github.com/cosell-sync/cosell-sync/shared/flow"
	"github.com/cosell-sync/cosell-sync/shared/post"
)

// Flow is what this function calls.
type Flow interface {
	SyncSolutions(ctx context.Context, h flow.Hint) error
}

// Handler works on the queue solutions-changed, whose pointers the post has read and checked.
func Handler(f Flow) post.Work { return f.SyncSolutions }

package referrals

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/partnercenter"
)

// Whether Partner Center takes a PATCH of a whole list is not documented, and a list cannot be shortened by one
// otherwise: remove is no operation there. Where it is refused the whole referral is sent, which is obsolete and was
// the way of the first connector.

// listsRefused says whether a refusal is, or may well be, about whole lists: it names one, or it names nothing and a
// list was among what was sent.
func listsRefused(ops []partnercenter.Operation, err error) bool {
	f := fault.Of(err)
	refused := fault.ClassOf(err) == fault.Record && f.Status >= http.StatusBadRequest && f.Status != http.StatusForbidden
	if !refused && !(fault.Is(err, fault.Conflict) && f.Status == http.StatusConflict) || f.Maybe { // a 409 may be either
		return false
	}
	for _, op := range ops {
		_, isList := op.Value.([]json.RawMessage)
		if isList && (f.Target == "" || strings.EqualFold(f.Target, op.Path)) { // else a value, perhaps one inside of it
			return true
		}
	}
	return false
}

// replace sends the referral as it was read with the operations applied. What is refused so, too, keeps the answer to
// the PATCH, which says more.
func (s *Store) replace(ctx context.Context, d partnercenter.Document, ops []partnercenter.Operation, refused error) (partnercenter.Document, error) {
	body, err := applied(d.JSON(), ops)
	if err != nil {
		return partnercenter.Document{}, err
	}
	written, err := s.api.Put(ctx, d.ID(), d.ETag(), body)
	if fault.Is(err, fault.Refused) || fault.Is(err, fault.Invalid) {
		return written, refused
	}
	return written, err // done, or trouble that passes: perhaps it was done
}

// applied is the body of a PUT: every member as it was read, also those that nobody here knows, but for the links,
// which must not be sent.
func applied(doc []byte, ops []partnercenter.Operation) ([]byte, error) {
	var tree map[string]any
	reader := json.NewDecoder(bytes.NewReader(doc))
	reader.UseNumber()
	if err := reader.Decode(&tree); err != nil {
		return nil, fmt.Errorf("reading the referral that is to be replaced: %w", err)
	}
	delete(tree, "links")
	for _, op := range ops {
		if err := put(tree, strings.Split(strings.TrimPrefix(op.Path, "/"), "/"), op.Value); err != nil {
			return nil, fmt.Errorf("applying %s: %w", op.Path, err)
		}
	}
	return json.Marshal(tree)
}

func put(tree map[string]any, path []string, value any) error {
	for _, name := range path[:len(path)-1] {
		next, ok := tree[name].(map[string]any)
		if !ok && tree[name] != nil {
			return fault.New(fault.Invalid, "%s is no object", name)
		}
		if !ok {
			next = map[string]any{}
			tree[name] = next
		}
		tree = next
	}
	tree[path[len(path)-1]] = value
	return nil
}

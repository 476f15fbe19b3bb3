package partnercenter

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/cosell-sync/cosell-sync/shared/fault"
)

func encodeOperations(etag string, ops []Operation) ([]byte, error) {
	if !strongETag.MatchString(etag) {
		return nil, fault.New(fault.Invalid, "a referral is only changed under the condition of its ETag").With("etag.unusable", "")
	}
	if len(ops) == 0 {
		return nil, fault.New(fault.Invalid, "there is nothing to change").With("patch.invalid", "")
	}
	for _, op := range ops {
		if op.Op != "add" && op.Op != "replace" || !strings.HasPrefix(op.Path, "/") {
			return nil, fault.New(fault.Invalid, "operation %q on %q is not an add or replace of a member", op.Op, op.Path).With("patch.invalid", "")
		}
	}
	text, err := json.Marshal(ops)
	if err != nil {
		return nil, fault.New(fault.Invalid, "the change cannot be written as JSON: %w", err)
	}
	return text, nil
}

// offered are the paths that Microsoft's own connector writes; which others the service takes is not
// documented. https://learn.microsoft.com/partner-center/co-sell-connector-overview
var offered = []string{
	"/campaignId", "/consent/consentToShareReferralWithMicrosoftSellers", "/customerProfile/team",
	"/details/closingDateTime", "/details/currency", "/details/dealValue", "/details/notes", "/details/requirements/solutions",
	"/externalReferenceId", "/referralProgram", "/salesStage", "/status", "/substatus", "/statusReason", "/team", "/registrations",
}

// apart puts what is not offered into parts of its own, one for each object ("/customerProfile/address")
// or member ("/name"), and the rest into the last. Where objects are made on the way, order matters, and
// only the name goes apart. A step of the life cycle takes everything with it that is said at that moment.
func apart(ops []Operation) [][]Operation {
	if slices.ContainsFunc(ops, func(op Operation) bool { return op.Path == "/status" }) {
		return [][]Operation{ops}
	}
	var keys []string
	parts, ordered := map[string][]Operation{}, makesObjects(ops)
	for _, op := range ops {
		key := "" // of the rest
		if !isOffered(op.Path) && (!ordered || op.Path == "/name") {
			key = object(op.Path)
		}
		if len(parts[key]) == 0 && key != "" {
			keys = append(keys, key)
		}
		parts[key] = append(parts[key], op)
	}
	var out [][]Operation
	for _, key := range append(keys, "") {
		if len(parts[key]) > 0 {
			out = append(out, parts[key])
		}
	}
	return out
}

func makesObjects(ops []Operation) bool {
	for i, op := range ops[:max(len(ops)-1, 0)] {
		if strings.HasPrefix(ops[i+1].Path, op.Path+"/") {
			return true
		}
	}
	return false
}

func isOffered(path string) bool {
	return slices.ContainsFunc(offered, func(o string) bool {
		return path == o || strings.HasPrefix(path, o+"/") || strings.HasPrefix(o, path+"/")
	})
}

// object is the path's first two segments.
func object(path string) string {
	segments := strings.SplitN(path, "/", 4)
	return strings.Join(segments[:min(len(segments), 3)], "/")
}

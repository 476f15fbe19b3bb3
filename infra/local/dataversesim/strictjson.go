package dataversesim

import (
	"bytes"
	"encoding/json"
	"strings"
)

// strictly reads the parameters of an action: a member that it does not have is refused.
func strictly(body []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		if name, unknown := strings.CutPrefix(err.Error(), "json: unknown field "); unknown {
			return fail(400, codePayload, "The parameter %s in the request payload is not a valid parameter for the operation.", name)
		}
		return fail(400, codePayload, "Error identified in Payload provided by the user: %v", err)
	}
	return nil
}

// loosely reads parameters whose complex values may carry annotations and more members.
func loosely(body []byte, into any) error {
	if err := json.Unmarshal(body, into); err != nil {
		return fail(400, codePayload, "Error identified in Payload provided by the user: %v", err)
	}
	return nil
}

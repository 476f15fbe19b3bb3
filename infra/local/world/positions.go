package world

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

// Positions say which of the behaviours that the documents leave open a world starts with. The zero value is
// the first position of everything.
type Positions struct {
	PartnerCenter map[string]any `json:"partnerCenter"` // as POST switches of that system takes them
	Dataverse     map[string]any `json:"dataverse"`     // likewise
	Organisation  string         `json:"organisation"`  // kind of the CRM's organisation: plain (default) or opinionated
}

// ReadPositions reads the JSON form of a file. Names and values are checked when the systems start; an unknown
// member is an error here.
func ReadPositions(file string) (Positions, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return Positions{}, fmt.Errorf("SWITCHES=%s cannot be read: %w", file, errors.Unwrap(err))
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	var out Positions
	if err := d.Decode(&out); err != nil {
		return Positions{}, fmt.Errorf(`SWITCHES=%s: %w: write {"partnerCenter": {switch: position}, "dataverse": {switch: position}, "organisation": "opinionated"}`, file, err)
	}
	if _, err := d.Token(); err != io.EOF {
		return Positions{}, fmt.Errorf("SWITCHES=%s: there is more after the one object", file)
	}
	return out, nil
}

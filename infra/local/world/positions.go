package world

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/dataversesim"
	"github.com/cosell-sync/cosell-sync/infra/local/lambdasim"
	"github.com/cosell-sync/cosell-sync/infra/local/partnercentersim"
)

// Positions say which of the behaviours that the documents leave open a world starts with. The zero value is
// the first position of everything.
type Positions struct {
	PartnerCenter map[string]any    `json:"partnerCenter"` // as POST switches of that system takes them
	Dataverse     map[string]any    `json:"dataverse"`     // likewise
	Lambda        map[string]string `json:"lambda"`        // of AWS Lambda, where that is the host
	Tenants       []string          `json:"tenants"`       // aliases of further partners, each with a Partner Center of its own
	Organisation  string            `json:"organisation"`  // kind of the CRM's organisation: plain (default) or another of dataversesim.Organisations
}

// ReadPositions reads the JSON form of a file, and checks its names and values by making the systems that they
// are for.
func ReadPositions(file string) (Positions, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return Positions{}, fmt.Errorf("SWITCHES=%s cannot be read: %w", file, errors.Unwrap(err))
	}
	d := json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(text, []byte("\xef\xbb\xbf")))) // as Windows begins a file
	d.DisallowUnknownFields()
	var some *Positions
	err = d.Decode(&some)
	if err == nil && some == nil {
		err = errors.New("null says nothing")
	}
	if err != nil {
		return Positions{}, fmt.Errorf(`SWITCHES=%s: %w: write {"partnerCenter": {switch: position}, "dataverse": {switch: position}, "organisation": "opinionated", "tenants": ["acme"]}`, file, err)
	}
	if _, err := d.Token(); err != io.EOF {
		return Positions{}, fmt.Errorf("SWITCHES=%s: there is more after the one object", file)
	}
	if err := some.check(); err != nil {
		return Positions{}, fmt.Errorf("SWITCHES=%s: %w", file, err)
	}
	return *some, nil
}

// check asks the systems themselves what they take.
func (p Positions) check() error {
	if err := checkTenants(p.Tenants); err != nil {
		return err
	}
	if _, err := partnercentersim.New(partnercentersim.Options{Now: time.Now, Switches: p.PartnerCenter}); err != nil {
		return fmt.Errorf("partnerCenter: %w", err)
	}
	if err := lambdasim.CheckSwitches(p.Lambda); err != nil {
		return fmt.Errorf("lambda: %w", err)
	}
	if kinds := dataversesim.Organisations(); p.Organisation != "" && !slices.Contains(kinds, p.Organisation) {
		return fmt.Errorf("organisation %q: use %s", p.Organisation, strings.Join(kinds, ", "))
	}
	const any = "of no consequence"
	_, err := dataversesim.New(dataversesim.Options{Now: time.Now, Host: any, Tenant: any, ClientID: any, ClientSecret: any, OrganizationID: any,
		WebhookURL: any, SecretHeader: any, Switches: p.Dataverse})
	if err != nil {
		return fmt.Errorf("dataverse: %w", err)
	}
	return nil
}

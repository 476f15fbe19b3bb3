package dataverse

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// Caller is who we are to the CRM.
type Caller struct {
	UserID, BusinessUnitID, OrganizationID string
	Date                                   time.Time // the CRM's clock
}

// WhoAmI says who we are: one call. Denied: the token is not taken. Refused of class Ours: there is no application user
// for it. https://learn.microsoft.com/power-apps/developer/data-platform/webapi/reference/whoami
func (c *Client) WhoAmI(ctx context.Context) (Caller, error) {
	resp, err := c.send(ctx, http.MethodGet, c.root+"/WhoAmI", http.Header{}, nil)
	if err != nil {
		return Caller{}, fmt.Errorf("asking the CRM who we are: %w", err)
	}
	if resp.Status != http.StatusOK {
		return Caller{}, fmt.Errorf("asking the CRM who we are: %w", classify(resp, reading()))
	}
	var w struct{ UserID, BusinessUnitID, OrganizationID string }
	if json.Unmarshal(resp.Body, &w) != nil || guid(w.UserID) == "" {
		return Caller{}, fault.New(fault.Broken, "the answer to WhoAmI names no user").With("answer.malformed", "")
	}
	return Caller{guid(w.UserID), guid(w.BusinessUnitID), guid(w.OrganizationID), resp.Date()}, nil
}

// Definition is what a table's definition says beside its columns.
type Definition struct {
	Name       string
	Tracked    bool              // change tracking is on
	Privileges map[string]string // names by what they allow: "Read" is "prvReadAccount"
	Keys       []Key
}

// Key is an alternate key. Status is Active, Pending, InProgress or Failed: its index is made in the background.
// https://learn.microsoft.com/power-apps/developer/data-platform/define-alternate-keys-entity
type Key struct {
	Name, Status string
	Columns      []string
}

// Active says whether the key finds rows.
func (k Key) Active() bool { return strings.EqualFold(k.Status, "Active") }

// Definitions reads what is said of several tables: one call. A table that does not exist is left out. Refused of class
// Ours: the definitions are not ours to read.
func (c *Client) Definitions(ctx context.Context, tables ...string) (map[string]Definition, error) {
	var which []string
	for _, t := range tables {
		if !isName(t) {
			return nil, badQuery("table", t)
		}
		which = append(which, "LogicalName%20eq%20'"+t+"'")
	}
	var wire struct {
		Value []struct {
			LogicalName string
			Tracked     bool `json:"ChangeTrackingEnabled"`
			Privileges  []struct{ Name, PrivilegeType string }
			Keys        []struct {
				SchemaName    string
				KeyAttributes []string
				Status        string `json:"EntityKeyIndexStatus"`
			}
		} `json:"value"`
	}
	err := c.definition(ctx, c.root+"/EntityDefinitions?$select=LogicalName,ChangeTrackingEnabled,Privileges&$expand=Keys($select=SchemaName,KeyAttributes,EntityKeyIndexStatus)&$filter="+
		strings.Join(which, "%20or%20"), &wire)
	if err != nil {
		return nil, fmt.Errorf("reading the definitions of tables: %w", err)
	}
	out := map[string]Definition{}
	for _, t := range wire.Value {
		d := Definition{Name: t.LogicalName, Tracked: t.Tracked, Privileges: map[string]string{}}
		for _, p := range t.Privileges {
			d.Privileges[p.PrivilegeType] = p.Name
		}
		for _, k := range t.Keys {
			d.Keys = append(d.Keys, Key{k.SchemaName, k.Status, k.KeyAttributes})
		}
		out[t.LogicalName] = d
	}
	return out, nil
}

// Privileges are the names of what a user may do by all roles together, his teams' included: one call. Refused of class
// Ours: they are not ours to read.
// https://learn.microsoft.com/power-apps/developer/data-platform/webapi/reference/retrieveuserprivileges
func (c *Client) Privileges(ctx context.Context, userID string) (map[string]bool, error) {
	row := Bind("systemusers", userID)
	if row == "" {
		return nil, fault.New(fault.Invalid, "%q is no user's id", userID).With("id.invalid", "")
	}
	resp, err := c.send(ctx, http.MethodGet, c.root+row+"/Microsoft.Dynamics.CRM.RetrieveUserPrivileges()", http.Header{}, nil)
	if err != nil {
		return nil, fmt.Errorf("reading the privileges of a user: %w", err)
	}
	if resp.Status != http.StatusOK {
		return nil, fmt.Errorf("reading the privileges of a user: %w", classify(resp, reading()))
	}
	var w struct {
		RolePrivileges []struct{ PrivilegeName string }
	}
	if json.Unmarshal(resp.Body, &w) != nil || slices.ContainsFunc(w.RolePrivileges, func(p struct{ PrivilegeName string }) bool { return p.PrivilegeName == "" }) {
		return nil, fault.New(fault.Broken, "the answer names no privileges").With("answer.malformed", "")
	}
	out := map[string]bool{}
	for _, p := range w.RolePrivileges {
		out[p.PrivilegeName] = true
	}
	return out, nil
}

// Languages are the languages that are switched on in the organisation: one call.
// https://learn.microsoft.com/power-apps/developer/data-platform/webapi/reference/retrieveprovisionedlanguages
func (c *Client) Languages(ctx context.Context) ([]int, error) {
	var w struct{ RetrieveProvisionedLanguages []int }
	if err := c.definition(ctx, c.root+"/RetrieveProvisionedLanguages()", &w); err != nil {
		return nil, fmt.Errorf("reading the languages of the organisation: %w", err)
	}
	return w.RetrieveProvisionedLanguages, nil
}

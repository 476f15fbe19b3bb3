package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"strings"
)

// ofFile are the lines of --settings.
func ofFile(g commands) (map[string]string, error) {
	if g.Settings == "" {
		return nil, nil
	}
	text, err := os.ReadFile(g.Settings)
	if err != nil {
		return nil, fmt.Errorf("--settings: %w", err)
	}
	return pairs(strings.Split(string(text), "\n")), nil
}

// given are the environment under the lines of --settings.
func given(g commands, environ []string) (map[string]string, error) {
	values := pairs(environ)
	own, err := ofFile(g)
	maps.Copy(values, own)
	return values, err
}

// settings are what is given, under what --local says of the app and of Partner Center in a world on this machine.
func settings(g commands, environ []string) (map[string]string, error) {
	values, err := given(g, environ)
	if err != nil || g.Local == "" {
		return values, err
	}
	text, err := os.ReadFile(g.Local)
	var w world
	if err == nil {
		err = json.Unmarshal(text, &w)
	}
	if err != nil {
		return nil, fmt.Errorf("--local: %w: does a world run (make run)?", err)
	}
	maps.Copy(values, w.settings())
	return values, nil
}

// world is what local.json says that the command needs.
type world struct {
	CAFile    string `json:"caFile"`
	Simulated string `json:"simulated"`
	Product   struct {
		URL         string `json:"url"`
		OperatorKey string `json:"operatorKey"`
	} `json:"product"`
	PartnerCenter partner            `json:"partnerCenter"`
	Tenants       map[string]partner `json:"tenants"`
	Vault         struct {
		Host               string `json:"host"`
		Tenant             string `json:"tenant"`
		ClientID           string `json:"clientId"`
		ClientSecret       string `json:"clientSecret"`
		RefreshTokenSecret string `json:"refreshTokenSecret"`
	} `json:"vault"`
}

type partner struct {
	Tenant             string `json:"tenant"`
	ClientID           string `json:"clientId"`
	ClientSecret       string `json:"clientSecret"`
	RefreshTokenSecret string `json:"refreshTokenSecret"`
}

// settings are those that a deployment would have, and who may write to the world's vault.
func (w world) settings() map[string]string {
	out := map[string]string{
		"SYNC_OPERATOR_URL": w.Product.URL, "SYNC_OPERATOR_KEY": w.Product.OperatorKey, "SYNC_OPERATOR_KEYS": "",
		"SYNC_CA_FILE": w.CAFile, "SYNC_SIMULATED": w.Simulated,
		"PARTNER_CENTER_VAULT_URL": "https://" + w.Vault.Host, "PARTNER_CENTER_REFRESH_TOKEN_SECRET": w.Vault.RefreshTokenSecret,
		"AZURE_TENANT_ID": w.Vault.Tenant, "AZURE_CLIENT_ID": w.Vault.ClientID, "AZURE_CLIENT_SECRET": w.Vault.ClientSecret,
		"PARTNER_CENTER_TENANT": w.PartnerCenter.Tenant, "PARTNER_CENTER_CLIENT_ID": w.PartnerCenter.ClientID, "PARTNER_CENTER_CLIENT_SECRET": w.PartnerCenter.ClientSecret,
	}
	var aliases []string
	for alias, t := range w.Tenants {
		prefix := strings.ToUpper(strings.ReplaceAll(alias, "-", "_")) + "_PARTNER_CENTER_"
		aliases = append(aliases, alias)
		out[prefix+"TENANT"], out[prefix+"CLIENT_ID"], out[prefix+"CLIENT_SECRET"], out[prefix+"REFRESH_TOKEN_SECRET"] = t.Tenant, t.ClientID, t.ClientSecret, t.RefreshTokenSecret
	}
	out["SYNC_TENANTS"] = strings.Join(aliases, ",")
	return out
}

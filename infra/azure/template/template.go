// Package template holds the templates of infra/azure against the code that they deploy; it consists of tests.
package template

//go:generate go test -run TestProductJSONIsMadeFromTheCode -update .

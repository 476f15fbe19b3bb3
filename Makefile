SHELL := bash
.DEFAULT_GOAL := help

PORT ?= 7400
MODE ?= proxy
# All checks but one: ST1005 wants no capital in errors, and some begin with a product's name or quote the real host.
CHECKS := all,-ST1005
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
# Built and then run by exec: a signal to make has to reach it, which `go run` would not pass on.
LOCAL := .build/local

.PHONY: help demo run test race check package contract bench generate ready

help: ## lists the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "%-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ready ## plays the whole story on this machine, step by step; MODE=forward for older hosts
	@exec $(LOCAL) demo -mode $(MODE)

run: ready ## keeps the same world up and prints its addresses; PORT=7400 is the first of its ports
	@exec $(LOCAL) run -port $(PORT) -mode $(MODE)

test: ready ## runs all tests
	@go test -timeout 15m ./...

race: ready ## runs all tests with the race detector (slow)
	@go test -race -timeout 40m ./...

check: ## format, vet, lint, layers, generated files
	@.ci/need go
	@unformatted=$$(gofmt -l $$(git ls-files '*.go')); [ -z "$$unformatted" ] || { echo "not formatted, run gofmt -w:"; echo "$$unformatted"; exit 1; }
	@go vet ./...
	@go run $(STATICCHECK) -checks '$(CHECKS)' ./...
	@go test -count=1 -run 'Layers' ./shared
	@.ci/fresh

package: ## builds .build/app and .build/app.zip, and prints its sha256
	@.ci/need go
	@go build -o $(LOCAL) ./infra/local
	@$(LOCAL) package

contract: ## holds the systems to what we take for granted of them: the simulators, and a tenant where LIVE_… settings name one
	@.ci/need go
	@CONTRACT_REPORT=$(CURDIR)/.build/reports/contract.json go test -count=1 -p 1 -run '^TestContract$$' ./shared/partnercenter ./shared/dataverse
	@echo ".build/reports/contract.json"

bench: ready ## measures speed and memory into .build/reports/bench.json
	@exec $(LOCAL) bench -mode $(MODE)

generate: ## makes the generated files anew
	@.ci/need go
	@go generate ./...

ready:
	@.ci/need go node
	@go build -o $(LOCAL) ./infra/local
	@$(LOCAL) setup

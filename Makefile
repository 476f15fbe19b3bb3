SHELL := bash
.DEFAULT_GOAL := help

# What `make run`, `make demo`, `make bench` and `make calls` take: PORT, the first port (run: 7400, else free ones), MODE, proxy
# or forward for older hosts, LAYOUT, one, flex or flex2: in how many processes the functions run, SETTINGS, a file of NAME=value lines, MAPPING, a field sheet, and SWITCHES, a file
# of positions that the systems start with.
MODE ?= proxy
export MODE PORT SETTINGS MAPPING SWITCHES LAYOUT
# What runs the functions: azure (the default) or lambda. Some shells export a HOST of their own, the machine's name.
ON = $(if $(filter command,$(firstword $(origin HOST)))$(filter lambda,$(HOST)), -host '$(HOST)')
# All checks but one: ST1005 wants no capital in errors, and some begin with a product's name or quote the real host.
CHECKS := all,-ST1005
# The tests that hold lists against each other: who imports whom, the sheet and the event steps, the README and what it
# shows, the functions with their folders, function.json, queues and the world's broker, the mutants and the code that they break,
# the table of requirements and the tests.
HOUSE := Layers|House|R144|Readme|Links|Agree|Trigger|RepositoryAreFound|Sample
# Built and then run by exec: a signal to make has to reach it, which `go run` would not pass on.
LOCAL := .build/local
WORLD = -mode '$(MODE)'$(ON)$(if $(LAYOUT), -layout '$(LAYOUT)')$(if $(SETTINGS), -settings '$(SETTINGS)')$(if $(MAPPING), -mapping '$(MAPPING)')$(if $(SWITCHES), -switches '$(SWITCHES)')
# Go would ask git for the version of each program, which fails in a checkout that belongs to another user. The
# package gets its version from infra/local/pack. What is compiled without the checkout's folder in it, and without C, as the
# package is, serves every other checkout, and much of it the package.
export GOFLAGS := $(GOFLAGS) -buildvcs=false -trimpath
export CGO_ENABLED := 0

.PHONY: help crash demo run test race lint check package habits contract bench calls positions nightly upgrade mutants requirements cosellctl deploy rehearse generate ready inputs simulate chaos decisions

help: ## lists the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "%-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ready ## plays the whole story on this machine, step by step; MODE=forward for older hosts, LAYOUT=flex2 for many processes, HOST=lambda for AWS
	@exec $(LOCAL) demo $(if $(PORT),-port '$(PORT)' )$(WORLD)

run: ready ## keeps the same world up and prints its addresses; PORT=7400 is the first of its ports
	@exec $(LOCAL) run -port $(or $(PORT),7400) $(WORLD)

# make check vets, and no test needs a debugger. Most of what is played lives for a moment only, so that its memory is looked
# through less often, as long as it is little. Three packages at a time, as several wait for processes of theirs. FRESH=1: what
# another checkout has tested counts for nothing.
test: ready ## runs all tests
	@GOGC=400 GOMEMLIMIT=1GiB go test -p 3 -vet=off -ldflags=-w -timeout 15m$(if $(FRESH), -count=1) ./...

race: export CGO_ENABLED := 1
race: ready ## runs all tests with the race detector (slow)
	@go test -race -timeout 40m ./...

# TESTED=1: all tests have just been run, those of the house among them.
lint: inputs ## format, vet, lint
	@unformatted=$$(.ci/files '*.go' | xargs gofmt -l); [ -z "$$unformatted" ] || { echo "not formatted, run gofmt -w:"; echo "$$unformatted"; exit 1; }
	@go vet ./...
	@.ci/staticcheck -checks '$(CHECKS)' ./...

check: $(if $(LINTED),ready,lint) ## format, vet, lint, the rules of the house, generated files
	@$(if $(TESTED),:,go test -count=1 -run '$(HOUSE)' ./shared ./shared/mapping ./shared/app ./functions ./infra/local/world ./infra/local/mutants ./infra/local/requirements)
	@$(if $(TESTED),:,go test -count=1 ./infra/azure/bicep ./infra/azure/template ./infra/azure/habits ./infra/aws/template)
	@.ci/bicep
	@.ci/sam
	@.ci/fresh

package: inputs ## builds .build/app, .build/app.zip and the CRM's solution zips, and prints their sha256; MAPPING=file packs a field sheet, HOST=lambda makes .build/lambda.zip (ARCH=arm64)
	@.ci/need go
	@.ci/build-local
	@$(LOCAL) package$(ON)$(if $(ARCH), -arch '$(ARCH)')$(if $(MAPPING), -mapping '$(MAPPING)')

habits: package ## holds the package and azure.yaml to the rules that func, azd and the Functions host enforce
	@go build -o .build/habits ./infra/azure/habits
	@exec .build/habits

contract: ## holds the systems to what we take for granted of them: the simulators, and a tenant where LIVE_… settings name one
	@.ci/need go
	@CONTRACT_REPORT=$(CURDIR)/.build/reports/contract.json go test -count=1 -p 1 -run '^TestContract$$' ./shared/partnercenter ./shared/dataverse
	@echo ".build/reports/contract.json"

bench: ready ## measures speed and memory as ratios beside bare programs into .build/reports/bench.json; ROW=receive takes one part
	@exec $(LOCAL) bench $(if $(PORT),-port '$(PORT)' )$(WORLD)$(if $(ROW), -only '$(ROW)')

calls: ready ## counts the remote calls per change beside their ceilings into .build/reports/calls.json
	@exec $(LOCAL) calls $(if $(PORT),-port '$(PORT)' )$(WORLD)

positions: ready ## plays the story in every position of both systems' switches into .build/reports/positions.json; CASE=name plays one
	@exec $(LOCAL) positions $(if $(PORT),-port '$(PORT)' )$(if $(LAYOUT),-layout '$(LAYOUT)' )$(if $(CASE),-only '$(CASE)')

upgrade: ready ## publishes this version over an earlier one, back, and again, while people work, and says whether anything was lost; FROM=commit; ROLLING=1 side by side, and a later version beside this one (FROM=later)
	@exec $(LOCAL) upgrade $(if $(PORT),-port '$(PORT)' )$(WORLD)$(if $(FROM), -only '$(FROM)')$(if $(ROLLING), -rolling)$(if $(LASTS), -lasts '$(LASTS)')

# SCHEDULES histories from SEED on; LAYOUT one, flex or flex2, or each in turn. SHRINK=1 tells the shortest story of one seed, TELL=1 the whole.
# AGAIN=1 plays each once more and compares the traces; the trace of a whole run is printed at its end and is the same in another program.
SIMULATE = -schedules '$(or $(SCHEDULES),10000)' -seed '$(or $(SEED),1)' -layout '$(LAYOUT)'$(if $(FINDINGS), -findings)$(if $(AGAIN), -again '$(AGAIN)')
# A run of 50,000 has to leave no way through the code below unused, and is built to know.
EXPLORED = $(if $(filter 1,$(shell test '$(or $(SCHEDULES),10000)' -ge 50000 && echo 1)),-cover -covermode=set -coverpkg=./shared/flow$(COMMA)./shared/cosell$(COMMA)./shared/post )
COMMA = ,
simulate: inputs ## plays random histories with faults in virtual time, one for each seed; SCHEDULES=n SEED=s LAYOUT=…, SHRINK=1 for the shortest story of a seed
	@.ci/need go
	@mkdir -p .build
	@go test -c -o .build/simulate $(EXPLORED)./infra/simulate
	@cd infra/simulate && exec ../../.build/simulate -test.timeout 0 $(SIMULATE) $(if $(SHRINK),-test.run '^TestShrink$$' -shrink,$(if $(TELL),-test.run '^TestSeed$$' -tell,-test.run '^TestSchedules$$'))

chaos: ready ## lets people work and things go wrong in a world of processes, and judges by what both systems hold; SECONDS=n SEED=s LAYOUT=…, PORT of one that runs, SCENARIOS=1 plays the named ones, CASE=name one
	@exec $(LOCAL) chaos $(if $(PORT),-port '$(PORT)' )$(WORLD) -seconds '$(or $(SECONDS),60)' -seed '$(or $(SEED),1)'$(if $(SCENARIOS)$(CASE), -scenarios)$(if $(CASE), -only '$(CASE)')

decisions: inputs ## plays a simulated month and the cases of the tests, and keeps what was decided in infra/decisions/testdata, for the next version to decide again; AGAIN=1 plays nothing and keeps what those come to now
	@.ci/need go
	@exec go run ./infra/decisions/record$(if $(AGAIN), -again)

# TALE=name plays one tale, with AT=12:before,30:lost it is told with these crash points; HASTY=1: people are in a hurry; FINDINGS=1: calm tales too; POINTS=n plays a part.
CRASH = $(if $(TALE),-tale '$(TALE)' )$(if $(LAYOUT),-layout '$(LAYOUT)' )$(if $(FINDINGS),-findings )$(if $(HASTY),-hasty )$(if $(POINTS),-points '$(POINTS)',-crash)
crash: inputs ## kills the process, or loses the answer, at every call of every tale in virtual time, and at all pairs of calls within a creation; TALE=name LAYOUT=…, AT=12:before tells one
	@.ci/need go
	@mkdir -p .build
	@go test -c -o .build/simulate ./infra/simulate
	@cd infra/simulate && exec ../../.build/simulate -test.timeout 0 $(CRASH) $(if $(AT),-test.run '^TestTale$$' -at '$(AT)',-test.run '^TestCrashPoints$$')

nightly: ready ## plays the story in every layout and both ways of the host, on Lambda, and what one process meets for all, into .build/reports/nightly.json; CASE=processes plays one
	@exec $(LOCAL) nightly $(if $(PORT),-port '$(PORT)' )$(if $(CASE),-only '$(CASE)')

mutants: ## breaks rules on purpose, one at a time, and says whether a test notices; MUTANT=M1 tries one
	@.ci/need go
	@.ci/build-local
	@exec $(LOCAL) mutants$(if $(MUTANT), -only '$(MUTANT)')

requirements: ready ## runs the tests of R1 to R155 into .build/reports/requirements.json and docs/requirements.md
	@exec $(LOCAL) requirements

cosellctl: ## builds the operator's command, .build/cosellctl
	@.ci/need go
	@go build -o .build/cosellctl ./infra/cosellctl

deploy: ## from infra/azure/ENV.env and an empty subscription to a connector that works; PLAN=1 prints the plan; docs/deploy.md
	@.ci/need go
	@go build -o .build/deploy ./infra/azure/deploy
	@exec .build/deploy -env '$(or $(ENV),production)'$(if $(PLAN), -plan)$(if $(SETTINGS), -settings '$(SETTINGS)')$(if $(WITH), -with '$(WITH)')$(if $(SKIP), -skip '$(SKIP)')$(if $(ONLY), -only '$(ONLY)')$(if $(LAST), -last '$(LAST)')$(if $(PACKAGE), -package '$(PACKAGE)')$(if $(MAPPING), -mapping '$(MAPPING)')$(if $(OVERWRITE), -overwrite)

rehearse: ready ## goes the whole way of make deploy on this machine, in a world whose CRM nobody has set up; PORT=7700
	@PORT='$(or $(PORT),7700)' .ci/rehearse

generate: ## makes the generated files anew
	@.ci/need go
	@go generate ./...

ready: inputs
	@.ci/need go node
	@.ci/build-local
	@$(LOCAL) setup

inputs:
	@.ci/inputs

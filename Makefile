# Taffrail: what there is to do with a checkout. `make help` lists it.
SHELL := /bin/bash
GO ?= go
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS := -s -w -X main.version=$(VERSION)
TOOL := $(GO) tool -modfile=tools/go.mod
LAB := eval "$$(lab/up.sh env)" &&
# TEST narrows: make test-one PKG=./internal/redact RUN=TestSplit
PKG ?= ./...
RUN ?= .

# torture: how long, in what order (any number unless given), and what else to pass on
MINUTES ?= 5
SEED ?=
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help build run demo demo-down test test-short test-one lint fmt bench torture torture-mutants cover lab lab-down

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## bin/taffrail: one static binary
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '$(LDFLAGS)' -o bin/taffrail ./cmd/taffrail

run: build ## a server on 127.0.0.1:8000, data in ./data, Docker set up if there is none
	lab/up.sh engine
	bin/taffrail server --listen 127.0.0.1:8000 --data ./data

demo: build ## a tour: server, token, service, deployment, history
	lab/up.sh engine
	lab/demo.sh

demo-down: ## ends what make demo left running
	lab/demo.sh down

test: build ## everything: lab, linters, all tests with the race detector
	lab/up.sh test
	$(MAKE) --no-print-directory lint
	$(LAB) GO=$(GO) $(TOOL) gotestsum --format pkgname --format-hide-empty-pkg --raw-command -- tools/test.sh

test-short: ## unit tests only: no root, no lab, no Docker
	$(GO) test -short ./...

test-one: ## tests in the lab, narrowed: make test-one PKG=./internal/host RUN=TestCancel
	@$(LAB) $(GO) test -race -count=1 -run '$(RUN)' $(PKG)

lint: ## go vet and the linters of .golangci.yml
	$(GO) vet ./...
	cd lab && $(GO) vet ./...
	$(TOOL) golangci-lint run

fmt: ## formats the Go code
	$(TOOL) golangci-lint fmt

bench: build ## the figures: store, redactor, runner, then the whole product against plain Docker Compose
	$(GO) test -run '^$$' -bench '/sqlite' ./internal/sqlstore
	$(GO) test -run '^$$' -bench 'Million' -benchtime 1x ./internal/sqlstore
	$(GO) test -run '^$$' -bench . ./internal/redact ./internal/run
	$(LAB) $(GO) run ./e2e/bench bin/taffrail

torture: ## breaks a controller for MINUTES=5 and checks that nothing is lost; SEED=n repeats a run, ARGS='faults' lists them
	CGO_ENABLED=0 $(GO) build -o bin/torture ./e2e/torture
	bin/torture $(ARGS) -minutes $(MINUTES) $(if $(SEED),-seed $(SEED))

torture-mutants: ## breaks controllers that were made worse on purpose: each must be caught
	CGO_ENABLED=0 $(GO) build -o bin/torture ./e2e/torture
	bin/torture mutants -minutes 5 $(if $(SEED),-seed $(SEED)) $(ARGS)

cover: ## coverage of all tests in the lab: cover.html
	$(LAB) $(GO) test -coverprofile=cover.out -coverpkg=./... $(PKG)
	$(GO) tool cover -html=cover.out -o cover.html
	@$(GO) tool cover -func=cover.out | tail -1

lab: ## sets up what the tests need: Docker, registry, hosts, PostgreSQL (lab/README.md)
	lab/up.sh test

lab-down: ## stops the lab; Docker itself keeps running
	lab/up.sh down

# `make test` is what CI runs: it installs what is missing and runs everything.
# A machine with Go alone can run `make unit`.

GO            ?= go
TOOLS         := $(CURDIR)/.tools
LINT_VERSION  := v2.15.0
LINT          := $(TOOLS)/golangci-lint-$(LINT_VERSION)
VERSION       ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo development)
LDFLAGS       := -s -w -X main.version=$(VERSION)

.PHONY: help build test unit race lint e2e bench fuzz fmt tools npm debian clean

help: ## show this list
	@grep -hE '^[a-z0-9]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

build: ## a static binary in bin/
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '$(LDFLAGS)' -o bin/cleengate ./cmd/cleengate

test: tools debian npm unit race lint e2e ## everything, as CI runs it

unit: ## all Go tests that need nothing but Go
	$(GO) test $$($(GO) list ./... | grep -v '/e2e')

race: ## the rooms' tests under the race detector
	$(GO) test -race -timeout 8m ./cache/... ./cmd/... ./internal/... ./limiter/... ./proxy/... ./tokens/...

lint: $(LINT) ## golangci-lint
	$(LINT) run ./...

# -count=1: the test cache does not know that the binary changed.
e2e: debian npm ## the real binary with real clients; nothing may be skipped
	CLEENGATE_E2E_REQUIRED=1 $(GO) test -count=1 -timeout 10m ./e2e/...

bench: ## benchmarks; figures and what they mean stand in docs/benchmarks.md
	$(GO) test -run '^$$' -bench . -benchmem ./...

fuzz: ## every fuzz target for a short while
	@for pkg in $$($(GO) list ./...); do \
	  for target in $$($(GO) test -list '^Fuzz' $$pkg | grep '^Fuzz'); do \
	    echo "$$pkg $$target"; $(GO) test -run '^$$' -fuzz "^$$target$$" -fuzztime 20s $$pkg || exit 1; \
	  done; \
	done

fmt: ## format all Go files
	$(GO) run mvdan.cc/gofumpt@v0.9.2 -w .

tools: $(LINT)

$(LINT):
	mkdir -p $(TOOLS)
	GOBIN=$(TOOLS) $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(LINT_VERSION)
	mv $(TOOLS)/golangci-lint $(LINT)

npm: e2e/mediastore/node_modules/.package-lock.json e2e/importers/node_modules/.package-lock.json

e2e/%/node_modules/.package-lock.json: e2e/%/package-lock.json
	cd e2e/$* && npm ci --ignore-scripts --no-audit --no-fund

# A program that is there already stays as it is, whoever installed it.
debian:
	@missing=; \
	for tool in prometheus promtool node npm curl; do \
	  command -v $$tool >/dev/null && continue; \
	  case $$tool in promtool) tool=prometheus;; node) tool=nodejs;; esac; \
	  missing="$$missing $$tool"; \
	done; \
	[ -z "$$missing" ] || { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing; }

clean:
	rm -rf bin .tools e2e/*/node_modules

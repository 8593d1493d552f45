# The commands of the project. Each is a script too (`sh scripts/run`), for a machine without make.

.DEFAULT_GOAL := help
.PHONY: help run bundle test unit desktop screenshots lint deny audit check-macos coverage mutants fuzz chaos bench bench-desktop fmt generate codex-update icons page setup clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' Makefile

run: ## Install what is missing, build the application and start it (ARGS="--port 9000", HEADLESS=1)
	@sh scripts/run $(ARGS)

bundle: ## Pack the application for installing: .deb and .rpm, or .dmg on macOS
	@sh scripts/bundle

test: ## Install what is missing, then run every check: formats, lints, Rust, real Codex, SDKs
	@sh scripts/test

unit: ## Only the Rust tests, with those of the tray application
	@sh scripts/test unit

desktop: ## Only the tests of the tray application
	@sh scripts/test desktop

screenshots: ## Make the pictures in docs/images anew, of the page with its calls mocked
	@sh scripts/screenshots

check-macos: ## Type-check what only macOS compiles
	@sh scripts/check-macos

lint: ## Only the formats and lints
	@sh scripts/test lint

deny: ## Only the dependencies' licences, sources and bans
	@sh scripts/test deny

audit: ## Ask the public lists of known weaknesses about the crates and npm packages (needs the network)
	@sh scripts/audit

coverage: ## Count the lines of crates/ that the tests run; fails under 95 %
	@sh scripts/coverage

mutants: ## Change the code in small ways and see whether a unit test fails (ARGS="--file '**/policy.rs'")
	@sh scripts/mutants $(ARGS)

fuzz: ## Try each property with ever new inputs (MINUTES=10)
	@sh scripts/fuzz $(MINUTES)

chaos: ## Break Codex, the provider and the gateway under load (ARGS="--minutes 10 --seed 1")
	@sh scripts/chaos $(ARGS)

bench: ## Compare the speed with the Python gateway, into docs/performance.md (QUICK=1 for a first look, ONLY=alone, ONLY=soak)
	@sh scripts/bench $(if $(ONLY),--only $(ONLY)) $(if $(QUICK),--quick)

bench-desktop: ## Measure the tray application, into docs/performance.md
	@sh scripts/bench-desktop

fmt: ## Format the Rust and Python sources in place
	@sh scripts/fmt

generate: ## Make generated/, the tests' recordings and the documents' tables anew, from the pinned Codex
	@sh scripts/generate

codex-update: ## Move to the newest Codex, or VERSION=0.171.0: pin it, say what moved, make generated/ anew, run every test
	@sh scripts/codex-update $(VERSION)

icons: ## Draw icons/ from their sources
	@sh scripts/icons

page: ## Build the page of the window
	@sh scripts/page

setup: ## Only install what is missing
	@sh scripts/setup

clean: ## Remove everything that was built or installed into this folder
	rm -rf target node_modules ui/dist ui/node_modules gen permissions tests/codex/node_modules tests/node/node_modules .venv .venv-others .tools .pytest_cache .ruff_cache
	find tests -name __pycache__ -type d -exec rm -rf {} +

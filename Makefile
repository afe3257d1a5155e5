# What people call, and what .ci/run calls: nothing else is needed. `make` alone lists it.
SHELL := /bin/bash
export PATH := $(CURDIR)/.tools/node_modules/.bin:$(CURDIR)/.tools/bin:$(CURDIR)/node_modules/.bin:$(PATH):/usr/sbin:/usr/local/sbin
NODE := node --conditions=development --disable-warning=ExperimentalWarning

PICTURE ?= examples/portrait-object.jpg

.PHONY: help setup demo test test-busy test-deep check check-ops check-deploy bench soak eval-models eval-tiles dist images rehearse-images generate generate-ops format clean
.DEFAULT_GOAL := help

help: ## List what there is to make
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-16s %s\n", $$1, $$2}'

setup: ## Bring Node 24, pnpm, nats-server and the packages; quick the second time
	@bash scripts/setup.sh

demo: setup ## Upscale, cut out and stylise a picture (PICTURE=path for your own); results in out/
	@$(NODE) examples/demo.ts "$(PICTURE)"

test: setup ## All tests: unit, property, service, and the whole mesh as processes
	@vitest run --project unit --project mesh

test-busy: setup ## All tests, TIMES=3 times in a row, beside four busy loops
	@bash scripts/test-busy.sh $(or $(TIMES),3)

test-deep: setup ## The property tests of the pure cores, 10,000 runs each; RUNS=50000 for more
	@PIXELMESH_PROPERTY_RUNS=$(or $(RUNS),10000) vitest run --project unit --testTimeout=3600000 property

check: setup ## Static checks and unit tests, under 90 s
	@bash scripts/check.sh

check-ops: setup ## Alert rules, their tests, metrics pages and live alerts, by a real Prometheus
	@bash scripts/check-ops.sh

check-deploy: setup ## Images' steps and the Helm chart, without a cluster: rendered, judged, and run as processes
	@bash scripts/check-deploy.sh

# Figures are also of other people's models, where they are at hand; nothing else needs them.
bench eval-models eval-tiles: export PIXELMESH_MODELS_DIR := $(or $(PIXELMESH_MODELS_DIR),$(wildcard ../shared/data/models))

bench: setup ## Measure, as ratios to the raw libraries in the same run; results in bench/results/
	@$(NODE) bench/run.ts

soak: setup ## 5,000 small pictures through one mesh (PICTURES=n): no process may keep growing; takes minutes
	@PICTURES="$(PICTURES)" $(NODE) bench/soak.ts

eval-models: setup ## Judge models (MODELS=a,b; default all here) through a mesh on Set5 and GrabCut; sheets in out/eval/
	@MODELS="$(MODELS)" $(NODE) eval/run.ts

eval-tiles: setup ## What tiling changes and costs, for each upscaler that is here (MODELS=a,b); results in eval/results/
	@MODELS="$(MODELS)" $(NODE) eval/tiles/run.ts

dist: setup ## The tree of each image (ROLES="upscale cli" for some; ARCH=arm64, FLAVOUR=cuda) in out/images/<role>
	@$(NODE) deploy/images/src/build.ts $(if $(ARCH),--arch $(ARCH)) $(if $(FLAVOUR),--flavour $(FLAVOUR)) $(ROLES)

images: setup ## Build all images with an engine (REGISTRY=… TAG=… ROLES=… PLATFORMS=…) and print their digests
	@bash scripts/images.sh

rehearse-images: setup ## Build the Dockerfile on stand-ins for its bases, with buildah (root, Debian, ROLE=…; minutes)
	@bash scripts/rehearse-images.sh

generate: setup ## Regenerate proto/gen from the contracts
	@bash proto/generate.sh

generate-ops: setup ## Regenerate dashboards, Grafana's alerts and the chart's files from deploy/
	@$(NODE) deploy/src/generate.ts

format: setup ## Format and fix what can be fixed
	@biome check --write .

clean: ## Remove what was built, not what was downloaded
	@rm -rf out helm/out coverage .pixelmesh

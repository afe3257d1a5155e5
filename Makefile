# All that people call. .ci/run calls the same targets. `make` alone lists them.
SHELL := /bin/bash
export PATH := $(CURDIR)/.tools/node_modules/.bin:$(CURDIR)/.tools/bin:$(CURDIR)/node_modules/.bin:$(PATH):/usr/sbin:/usr/local/sbin
NODE := node --conditions=development --disable-warning=ExperimentalWarning

PICTURE ?= examples/portrait-object.jpg

.PHONY: help setup demo up debug test watch test-busy test-deep check check-deep check-convert check-training check-ops check-deploy check-kubernetes chart check-clients check-console check-storage console console-picture bench bench-peers soak eval-models eval-tiles eval-confidence dist pack images rehearse-images generate kernels generate-docs generate-ops format clean
.DEFAULT_GOAL := help

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-16s %s\n", $$1, $$2}'

setup: ## Install Node 24, pnpm, nats-server and the packages; quick the second time
	@bash scripts/setup.sh

demo: setup ## Upscale, cut out and stylise a picture (PICTURE=path for your own); results in out/
	@$(NODE) examples/demo.ts "$(PICTURE)"

up: setup ## Start a mesh that restarts services when their sources change (FLAGS="--only ingest,storage" for more)
	@bin/pixelmesh up --watch $(FLAGS)

debug: setup ## The same, and SERVICE=upscale takes a debugger on port 9229 (chrome://inspect, or your editor's "attach")
	@$(if $(SERVICE),,echo 'Expected SERVICE to be a service, as in: make debug SERVICE=upscale' >&2; exit 2)
	@bin/pixelmesh up --watch --inspect "$(SERVICE)" $(FLAGS)

test: setup ## All tests; FILE=path for one file or folder, NAME=pattern for tests of that name
	@vitest run --project 'unit*' --project mesh $(if $(NAME),--testNamePattern "$(NAME)") $(FILE)

watch: setup ## Unit tests, run again at each change (FILE=path, NAME=pattern)
	@vitest watch --project 'unit*' $(if $(NAME),--testNamePattern "$(NAME)") $(FILE)

test-busy: setup ## All tests, TIMES=3 times in a row, beside four busy loops
	@bash scripts/test-busy.sh $(or $(TIMES),3)

test-deep: setup ## The property tests of the pure cores, 10,000 runs each; RUNS=50000 for more
	@PIXELMESH_PROPERTY_RUNS=$(or $(RUNS),10000) vitest run --project 'unit*' --testTimeout=3600000 property

check: setup ## Static checks and unit tests, under 90 s
	@bash scripts/check.sh

check-deep: setup ## Slow checks of the code itself: what it takes to add an operation; kernels against their sources
	@bash scripts/check-deep.sh

check-convert: setup ## Convert the real weights of Real-ESRGAN and compare with ncnn (Python, PyPI); tests of models/convert
	@bash scripts/check-convert.sh

check-training: setup ## The training scripts end to end on a CPU with a tiny budget (Python, torch: 2.5 GB from PyPI)
	@bash scripts/check-training.sh

check-ops: setup ## Alert rules, their tests, metrics pages and live alerts, by a real Prometheus
	@bash scripts/check-ops.sh

check-deploy: setup ## Steps of the images and the Helm chart, without a cluster: rendered, checked, and run as processes
	@bash scripts/check-deploy.sh

check-kubernetes: setup ## The chart on a real API server and node, built from Go modules (8 GB; BUILD=never: only what is there; PART=a or b)
	@BUILD="$(BUILD)" PART="$(PART)" bash scripts/check-kubernetes.sh

chart: setup ## The Helm package of the chart with the NATS chart inside, in out/helm (NATS_CHART=path of a copy)
	@bash scripts/chart.sh

check-clients: pack ## Install the packages of `make pack` in empty projects and run every example against a mesh (minutes; npm, PyPI)
	@node --disable-warning=ExperimentalWarning scripts/check-clients.ts

# Benches and evaluations also measure third-party models, where these are present.
bench bench-peers eval-models eval-tiles eval-confidence: export PIXELMESH_MODELS_DIR := $(or $(PIXELMESH_MODELS_DIR),$(wildcard ../shared/data/models))

bench: setup ## Measure, as ratios to the raw libraries in the same run; results in bench/results/
	@$(NODE) bench/run.ts

bench-peers: setup ## Compare with rembg, ipx, thumbor, BullMQ and others, installed into .tools/peers (CASE=name, ROUNDS=5)
	@bash bench/peers/setup.sh
	@$(NODE) bench/peers/run.ts

soak: setup ## 5,000 small pictures through one mesh (PICTURES=n): no process may keep growing; takes minutes
	@PICTURES="$(PICTURES)" $(NODE) bench/soak.ts

eval-models: setup ## Rate models (MODELS=a,b; default all here) through a mesh on Set5, photographs and GrabCut; writes docs/reference/models.md
	@MODELS="$(MODELS)" $(NODE) eval/run.ts

eval-tiles: setup ## What tiling changes and costs, for each upscaler that is here (MODELS=a,b); results in eval/results/
	@MODELS="$(MODELS)" $(NODE) eval/tiles/run.ts

eval-confidence: setup ## How well the confidence of cut-outs tells bad ones from good ones, for each matte model that is here
	@$(NODE) eval/confidence/run.ts

dist: setup ## The file tree of each image (ROLES="upscale cli" for some; ARCH=arm64, FLAVOUR=cuda) in out/images/<role>
	@$(NODE) deploy/images/src/build.ts $(if $(ARCH),--arch $(ARCH)) $(if $(FLAVOUR),--flavour $(FLAVOUR)) $(ROLES)

console: setup ## Build the console into services/gateway/console/dist, which is committed
	@$(NODE) services/gateway/console/build.ts

check-storage: setup ## The shared store in S3 against a real S3 server, versitygw (go installs it: 84 MB)
	@bash scripts/check-storage.sh

check-console: setup ## The console in a real browser on a real mesh: use, keyboard, 360 px, themes, accessibility, figures (installs chromium)
	@bash scripts/check-console.sh

console-picture: setup ## Make docs/images/console.png, the picture of the README
	@bash scripts/check-console.sh --picture

pack: setup ## The npm packages of SDK and command line, and the Python wheel, in out/packages
	@$(NODE) scripts/pack.ts

images: setup ## Build all images with an engine (REGISTRY=… TAG=… ROLES=… PLATFORMS=…) and print their digests
	@bash scripts/images.sh

rehearse-images: setup ## Build the Dockerfile on stand-ins for its bases, with buildah (root, Debian, ROLE=…; minutes)
	@bash scripts/rehearse-images.sh

generate: setup ## Regenerate proto/gen from the contracts
	@bash proto/generate.sh

kernels: setup ## Compile the WebAssembly kernels from */*/kernels/*.ts (AssemblyScript, installed into .tools/)
	@bash scripts/build-kernels.sh

generate-docs: setup ## Regenerate docs/reference from the code
	@$(NODE) scripts/reference/generate.ts

generate-ops: setup ## Regenerate dashboards, Grafana's alerts and the chart's files from deploy/
	@$(NODE) deploy/src/generate.ts

format: setup ## Format, fix what can be fixed, and lower the words baseline
	@biome check --write .
	@node scripts/check-words.ts --shrink

clean: ## Remove build outputs; downloads stay
	@rm -rf out helm/out coverage .pixelmesh

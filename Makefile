# One command each. `make demo` and `make test` set up everything that they need.

CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/offhook
# On a build server the build outlives the checkout.
export CARGO_TARGET_DIR ?= $(if $(filter true,$(CI)),$(CACHE)/target,target)
# The chat model's kernels are built for this machine's processor.
$(foreach setting,$(shell .ci/processor),$(eval export $(setting)))
OFFHOOK := $(CARGO_TARGET_DIR)/release/offhook
# Where what draws flame graphs is, once it was asked for.
INFERNO := $(CACHE)/tools/inferno-0.12.8/bin
# Where what builds fuzz targets is, which of them run, and for how long each.
FUZZER := $(CACHE)/tools/cargo-fuzz-0.13.2/bin
WIRES ?= $(basename $(notdir $(wildcard tests/wires/targets/*.rs)))
SECONDS_EACH := $(if $(filter command%,$(origin SECONDS)),$(SECONDS),30)
# Where `make bench` leaves its report.
LOAD ?= target/bench/load.json

.PHONY: help demo test dev bench bench-micro bench-turns fuzz setup lint models

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 13

demo: release ## one real call, from a bare machine, with no key
	@$(OFFHOOK) models pull
	@$(OFFHOOK) demo

test: ## everything that must pass
	@.ci/test

lint: ## the part of test that runs no code
	@.ci/test lint

dev: ## the server, built for debugging
	@.ci/setup
	cargo run --locked -p offhook -- serve

bench: release ## what calls cost, with simulated callers and providers (ARGS="--calls 1,10 --profile …")
	@.ci/setup bench
	@$(if $(findstring --profile,$(ARGS)),.ci/setup profile)
	cargo build --release --locked -p offhook-simulators
	@$(OFFHOOK) models pull
	@mkdir -p $(dir $(LOAD)) && { ulimit -n 65536 || ulimit -n "$$(ulimit -Hn)"; } 2>/dev/null; \
	  PATH="$(INFERNO):$$PATH" $(OFFHOOK) bench --json $(LOAD) $(ARGS)

bench-micro: ## the micro benches
	@.ci/setup
	cargo bench --locked -p offhook-benches

bench-turns: ## score turn-taking on real audio (SEED=1, CLIPS=folder of WAVs, ARGS="--quick …")
	@.ci/setup bench
	cargo run --release --locked -p offhook-benches --bin bench-turns -- \
	  $(if $(SEED),--seed $(SEED)) $(if $(CLIPS),--clips "$(CLIPS)") $(ARGS)

fuzz: ## the readers of carriers' messages, as coverage leads (SECONDS=30 each, WIRES="twilio telnyx")
	@.ci/setup fuzz
	@for wire in $(WIRES); do echo "fuzz: $$wire"; mkdir -p tests/wires/corpus/$$wire; \
	  CARGO_TARGET_DIR="$(abspath $(CARGO_TARGET_DIR))/fuzz" PATH="$(FUZZER):$$PATH" \
	    cargo fuzz run --fuzz-dir tests/wires --sanitizer none $$wire \
	    tests/wires/corpus/$$wire tests/wires/seeds/$$wire -- \
	    -max_total_time=$(SECONDS_EACH) -max_len=4096 -dict=tests/wires/words.dict -verbosity=0 \
	    -print_final_stats=1 || exit 1; done

models: release ## fetch the embedded models (MODELS="name …" or MODELS=--all for others)
	@$(OFFHOOK) models pull $(MODELS)

setup: ## what the build needs and this machine lacks
	@.ci/setup test

.PHONY: release
release:
	@.ci/setup
	cargo build --release --locked -p offhook

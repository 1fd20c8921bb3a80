# A thin front: Meson and Ninja build, scripts/ do the rest. `make help` lists the targets.
BUILD  ?= build
PREFIX ?= /usr/local
MESON  ?= meson
export PREFIX

.PHONY: all setup setup-test setup-demo setup-bench setup-programs test demo bench fuzz asan tsan check-zones check-rooms install format goldens programs storm clean help

all: $(BUILD)/build.ninja ## build/pprof, build/libpprof.so, build/libpprof.a
	ninja -C $(BUILD)
	@scripts/place-products.sh $(BUILD)

$(BUILD)/build.ninja: | setup
	$(MESON) setup $(BUILD) $(if $(CI),--werror,) --prefix $(PREFIX) >$(BUILD).log 2>&1 || { cat $(BUILD).log; exit 1; }
	@rm -f $(BUILD).log

setup: ## install what building and testing need (Debian packages; asks for sudo only when not root)
	@scripts/setup.sh build

setup-test setup-demo setup-bench setup-programs: setup-%:
	@scripts/setup.sh $*

test: setup-test all ## all unit, golden and runtime tests
	@scripts/test.sh $(BUILD)

demo: setup-demo all ## redis-server under load: CPU, heap and threads, with a picture
	@scripts/demo.sh $(BUILD)

bench: setup-bench all ## ours and the peers in one run, as ratios
	@scripts/bench.sh $(BUILD)

fuzz: ## every fuzz target for FUZZ_SECONDS (60)
	@scripts/setup.sh fuzz
	@scripts/fuzz.sh

asan: ## all tests under AddressSanitizer and UBSan
	@scripts/setup.sh test
	@scripts/sanitize.sh address,undefined

tsan: ## the runtime's and threads' unit tests under ThreadSanitizer
	@scripts/setup.sh test
	@scripts/sanitize.sh thread

storm: all ## signals at 10 kHz over malloc, fork, dlopen, threads, exceptions (STORM_SECONDS, 120)
	@scripts/storm.sh $(BUILD)

programs: setup-programs all ## Debian's servers unmodified; writes docs/programs.md
	@scripts/programs.sh $(BUILD)

check-zones: all ## signal-handler and hook code uses nothing it may not; libpprof.so needs libc alone
	@scripts/check-zones.sh $(BUILD)

check-rooms: ## rooms include only what rooms.txt allows
	@scripts/check-rooms.sh

goldens: all ## makes the goldens again with google/pprof (needs Go)
	@scripts/goldens.sh $(BUILD)

install: all ## into PREFIX
	DESTDIR=$(DESTDIR) $(MESON) configure $(BUILD) -Dprefix=$(PREFIX) && DESTDIR=$(DESTDIR) ninja -C $(BUILD) install

format: ## clang-format over what changed
	@clang-format -i $$(git diff --name-only --diff-filter=d HEAD -- '*.c' '*.h')

clean: ## removes the build directories
	rm -rf build build-*

help: ## this list
	@grep -E '^[a-z-]+:.*##' Makefile | sed 's/:.*## /\t/' | expand -t 14

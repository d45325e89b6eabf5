# Self-host for PostgreSQL. This file orchestrates only: each folder builds itself.
#
#   make run      install what is missing, build, and start a complete local Self-host
#   make check    install what is missing, build, and run every test
#   make help     the other targets

PG_CONFIG ?= pg_config
export PG_CONFIG

# WERROR=1 (as CI sets) turns warnings into errors.
ifdef WERROR
export EXTRA_CFLAGS += -Werror
endif

PREFIX ?= /usr/local
DESTDIR ?=
TMP_INSTALL = $(CURDIR)/tmp_install
PROGRAMS = common gateway selfctl worker

# Arguments of "selfctl up" for "make run": make run UP="--port 9000"
UP ?=

all: extension $(PROGRAMS)

extension:
	$(MAKE) -C extension

common:
	$(MAKE) -C common

gateway selfctl worker: common
	$(MAKE) -C $@

# ---- running ----

deps:
	packaging/install-deps test
	packaging/fetch-swagger-ui
	packaging/fetch-node-modules

# The documentation page is fetched if that is possible; everything else works without it.
run:
	packaging/install-deps
	packaging/fetch-swagger-ui || echo "make: going on without the documentation page" >&2
	$(MAKE) all
	packaging/as-root $(MAKE) -C extension install
	selfctl/selfctl up $(UP)

install: all
	$(MAKE) -C extension install DESTDIR=$(DESTDIR)
	$(MAKE) -C gateway install DESTDIR=$(DESTDIR) PREFIX=$(PREFIX)
	$(MAKE) -C selfctl install DESTDIR=$(DESTDIR) PREFIX=$(PREFIX)
	$(MAKE) -C worker install DESTDIR=$(DESTDIR) PREFIX=$(PREFIX)

uninstall:
	$(MAKE) -C extension uninstall DESTDIR=$(DESTDIR)
	$(MAKE) -C gateway uninstall DESTDIR=$(DESTDIR) PREFIX=$(PREFIX)
	$(MAKE) -C selfctl uninstall DESTDIR=$(DESTDIR) PREFIX=$(PREFIX)
	$(MAKE) -C worker uninstall DESTDIR=$(DESTDIR) PREFIX=$(PREFIX)

# ---- tests ----

# A fresh clone has no dependencies yet, so everything behind "deps" runs in a second make.
check: deps
	$(MAKE) check-all

check-all: all lint-structure check-unit check-regress check-isolation check-tap

check-unit: common
	$(MAKE) -C t/unit check

# The tests of processes run from a staged copy where need be: see t/run.
stage: all
	rm -rf $(TMP_INSTALL)
	$(MAKE) -s -C extension install DESTDIR=$(TMP_INSTALL) >/dev/null

check-regress check-isolation: stage
	t/run $(patsubst check-%,%,$@)

# One file: make check-tap PROVE_TESTS=t/020_full_path.pl PROVE_FLAGS=-v
PROVE_TESTS ?=
PROVE_FLAGS ?=
export PROVE_TESTS PROVE_FLAGS
check-tap: stage
	t/run tap

# Takes about five minutes; CRASH_KILLS=50, CRASH_SEED to repeat one.
check-crash: stage
	SELFHOST_TEST_LIMIT=3600 PROVE_TESTS=t/long/100_crash.pl PROVE_FLAGS=-v t/run tap

# Needs a quiet machine. Takes two minutes; IDLE_SECONDS=60.
check-costs: stage
	PROVE_TESTS=t/long/110_program_costs.pl PROVE_FLAGS=-v t/run tap

# ---- checks of the source ----

lint: lint-structure lint-c lint-shell

lint-structure: all
	packaging/lint-structure

lint-c: compile_commands.json
	packaging/lint-c

lint-shell:
	shellcheck packaging/install-deps packaging/fetch-swagger-ui packaging/fetch-node-modules packaging/as-root packaging/lint-structure packaging/lint-c t/run t/one .ci/run bench/sizes

SOURCES = $(wildcard */*.[ch] extension/src/*.[ch] t/unit/*.[ch] t/fuzz/*.[ch])

format:
	clang-format -i --style=file $(SOURCES)

format-check:
	clang-format --dry-run --Werror --style=file $(SOURCES)

compile_commands.json: deps-lint
	bear -- $(MAKE) -B all
	$(MAKE) -C t/unit

deps-lint:
	packaging/install-deps lint

# ---- sanitizers and fuzzing; all but the unit tests in a copy, the build here stays as it is ----

SANITIZED = build/sanitized
SAN_FLAGS = -fno-sanitize-recover=all -fno-omit-frame-pointer
ASAN_TESTS ?= $(wildcard t/02*.pl t/03[5-9]*.pl) t/031_limits.pl t/040_selfctl.pl t/047_selfctl_migrate.pl t/048_selfctl_doctor.pl $(wildcard t/05*.pl t/06*.pl)

asan: asan-unit asan-tap

asan-unit:
	$(MAKE) -C t/unit check SAN=1

# The gateway and selfctl with AddressSanitizer and UndefinedBehaviorSanitizer, and LeakSanitizer.
asan-tap: deps sanitized-copy
	$(MAKE) -C $(SANITIZED) extension
	$(MAKE) -C $(SANITIZED) $(PROGRAMS) EXTRA_CFLAGS="-fsanitize=address,undefined $(SAN_FLAGS)"
	SELFHOST_SANITIZED=1 $(MAKE) -C $(SANITIZED) check-tap PROVE_TESTS="$(ASAN_TESTS)"

# The extension with UndefinedBehaviorSanitizer: PostgreSQL itself is not built for more.
ubsan: sanitized-copy
	$(MAKE) -C $(SANITIZED)/extension EXTRA_CFLAGS="-fsanitize=undefined $(SAN_FLAGS)" EXTRA_LDFLAGS=-lubsan
	SELFHOST_SANITIZED=1 $(MAKE) -C $(SANITIZED) check-regress check-isolation

sanitized-copy:
	rm -rf $(SANITIZED)
	mkdir -p $(SANITIZED)
	tar -cf - --exclude='*.[oa]' --exclude='*.so' --exclude=bin --exclude=corpus Makefile common extension gateway selfctl worker \
		docs packaging sql expected t README.md | tar -xf - -C $(SANITIZED)
	rm -f $(SANITIZED)/gateway/selfserv $(SANITIZED)/selfctl/selfctl $(SANITIZED)/worker/selfpwrk*
	mkdir $(SANITIZED)/build
	[ ! -d build/swagger-ui ] || cp -Rp build/swagger-ui $(SANITIZED)/build

# One after the other, so many seconds each.
SECONDS ?= 60
fuzz: deps-lint
	$(MAKE) -C t/fuzz run SECONDS=$(SECONDS)

# ---- measuring ----

# Uses the installed extension, as the stack of "make run" does.
bench: all
	packaging/install-deps bench
	packaging/as-root $(MAKE) -C extension install
	$(MAKE) -C bench load
	bench/run

bench-micro:
	$(MAKE) -C bench micro

bench-sizes: stage
	bench/sizes

# What "make deps" has fetched into build stays.
clean:
	$(MAKE) -C extension clean
	for d in $(PROGRAMS) t/unit bench; do $(MAKE) -C $$d clean || exit 1; done
	rm -rf tmp_install tmp_check $(SANITIZED) t/fuzz/bin

help:
	@echo 'make run          start a complete local Self-host (UP="--port 9000" for options)'
	@echo 'make check        every test; make check-unit, -regress, -isolation, -tap: one kind'
	@echo 'make check-crash  kill the processes that run programs, at random moments under load'
	@echo 'make check-costs  what webhooks and idle domains cost'
	@echo 'make all          build; make install, make uninstall (PREFIX, DESTDIR, PG_CONFIG)'
	@echo 'make deps         install the Debian and npm packages that are missing, to build, run and test'
	@echo 'make lint         clang-tidy, cppcheck, structure, shellcheck; make format, format-check'
	@echo 'make asan, ubsan  tests under sanitizers; make fuzz (SECONDS=60)'
	@echo 'make bench        measure against plain PostgreSQL, InfluxDB and VictoriaMetrics; make bench-micro: codec and parsers; bench-sizes: bytes a point'

.PHONY: all extension $(PROGRAMS) deps deps-lint run install uninstall check check-all check-unit \
	check-regress check-isolation check-tap check-crash check-costs stage lint lint-structure lint-c lint-shell format \
	format-check compile_commands.json asan asan-unit asan-tap ubsan sanitized-copy fuzz \
	bench bench-micro bench-sizes clean help

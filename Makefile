# Rowhouse.  `make help` lists what can be made; nothing is listed by hand below: a new .c file, a
# new test or a new page is found where it lies.

PORT    ?= 8080
DATA    ?= data
PREFIX  ?= /usr/local
DESTDIR ?=
CC      ?= cc
ifeq ($(origin CC),default)
CC      := gcc
endif

# Every kind of build has its own folder: build, build-clang, build-san, build-clang-san ...
kind    := $(if $(findstring clang,$(CC)),-clang)$(if $(SAN),-san)$(if $(FUZZ),-fuzz)
BUILD   ?= build$(kind)
Q       := $(if $(V),,@)

VERSION := 0.1.0
PKGS    := fcgi jansson libxml-2.0 sqlite3 libcrypto libseccomp libsodium libzip libzstd zlib liblzma
BASE_PKGS := jansson libxml-2.0 libcrypto libzip zlib libzstd liblzma
PKGS_C  := $(shell pkg-config --cflags $(PKGS) 2>/dev/null | sed 's/-I/-isystem /g')
PKGS_L  := $(shell pkg-config --libs $(PKGS) 2>/dev/null) -lbz2 # which has no .pc file
BASE_L  := $(shell pkg-config --libs $(BASE_PKGS) 2>/dev/null) -lbz2

comma    := ,
WARNINGS := -Wall -Wextra -Wpedantic -Werror -Wshadow -Wundef -Wvla -Wstrict-prototypes \
	-Wmissing-prototypes -Wcast-qual -Wformat=2 -Wswitch-enum -Wpointer-arith -Wwrite-strings \
	-Wno-missing-field-initializers # what a table does not say of a row is zero
HARDENING := -fstack-protector-strong -fstack-clash-protection -fno-strict-aliasing -fPIC -fvisibility=hidden \
	$(if $(SAN)$(FUZZ),,-D_FORTIFY_SOURCE=2)
SANITIZE := $(if $(SAN),-fsanitize=address$(comma)undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -DARENA_DEBUG) \
	$(if $(FUZZ),-fsanitize=fuzzer-no-link$(comma)address$(comma)undefined -fno-sanitize-recover=all)
OPTIMIZE ?= $(if $(SAN)$(FUZZ),-O1,-O2) -g
CFLAGS  ?=
LDFLAGS ?=

ALL_C = -std=c11 -D_DEFAULT_SOURCE -D_FILE_OFFSET_BITS=64 -Ifcgi -DROWHOUSE_VERSION='"$(VERSION)"' \
	$(OPTIMIZE) $(WARNINGS) $(HARDENING) $(SANITIZE) $(PKGS_C) $(CFLAGS)
ALL_L = -pie -Wl,-z,relro,-z,now,-z,noexecstack $(SANITIZE) $(LDFLAGS)

sources := $(wildcard fcgi/*/*.c)
objects := $(sources:%.c=$(BUILD)/%.o)
base    := $(filter $(BUILD)/fcgi/base/% $(BUILD)/fcgi/formats/%,$(objects))
units   := $(wildcard tests/unit/test_*.c)
unit_programs := $(units:%.c=$(BUILD)/%)
fuzzers := $(filter-out tests/fuzz/standalone.c,$(wildcard tests/fuzz/*.c))
fuzz_programs := $(fuzzers:%.c=$(BUILD)/%)
format_reader := $(BUILD)/tests/formats/read

# On all cores, unless the caller has said on how many.
cores   := $(shell nproc 2>/dev/null || echo 1)
parallel = $(if $(filter -j%,$(MAKEFLAGS)),,-j$(cores))

# A plugin is a folder; its shared object has the folder's name, its templates lie beside it.
plugin_folders := $(patsubst %/,%,$(sort $(dir $(wildcard plugins/*/*.c tests/plugins/*/*.c))))
plugins        := $(patsubst %,$(BUILD)/%.so,$(filter plugins/%,$(plugin_folders)))
test_plugins   := $(patsubst %,$(BUILD)/%.so,$(filter tests/plugins/%,$(plugin_folders)))
plugin_objects := $(patsubst %.c,$(BUILD)/%.o,$(wildcard plugins/*/*.c tests/plugins/*/*.c))
plugin_pages   := $(patsubst %,$(BUILD)/%,$(wildcard plugins/*/*.xhtml))
test_pages     := $(patsubst %,$(BUILD)/%,$(wildcard tests/plugins/*/*.xhtml))

.DEFAULT_GOAL := all
.SECONDARY:
.DELETE_ON_ERROR:
FORCE:

## all: build the server as build/rowhouse, and its plugins (the default)
all: $(BUILD)/rowhouse $(BUILD)/rowhouse-outbound $(plugins) $(plugin_pages)

## run: install what is missing, build, start on PORT=8080 with DATA=data
run:
	$(Q)sh conf/install-packages run
	$(Q)$(MAKE) --no-print-directory $(parallel) all
	$(Q)exec $(BUILD)/rowhouse up --port "$(PORT)" --data "$(DATA)"

$(BUILD)/rowhouse: $(BUILD)/fcgi/main.o $(BUILD)/libcore.a
	@echo "  link  $@"
	$(Q)$(CC) $(ALL_L) -o $@ $^ $(PKGS_L) -lm -ldl

# The one program with a network; only it loads what speaks TLS with the world.
$(BUILD)/rowhouse-outbound: $(BUILD)/fcgi/outbound.o $(BUILD)/libcore.a
	@echo "  link  $@"
	$(Q)$(CC) $(ALL_L) -o $@ $^ $(shell pkg-config --libs libcurl 2>/dev/null) $(BASE_L)

$(BUILD)/libbase.a: $(base)
	$(Q)rm -f $@ && ar rcs $@ $^
$(BUILD)/libcore.a: $(objects)
	$(Q)rm -f $@ && ar rcs $@ $^

# It may use base/ and formats/ and the libraries it names, never the core: what is left open does not
# link (the sanitizers leave their own symbols open).
objects_in = $(foreach o,$(plugin_objects),$(if $(findstring $(BUILD)/$1/,$o),$o))
.SECONDEXPANSION:
$(plugins) $(test_plugins): $(BUILD)/%.so: $$(call objects_in,$$*) $(BUILD)/libbase.a
	@echo "  link  $@"
	$(Q)$(CC) -shared -Wl,-z,relro,-z,now,-z,noexecstack $(if $(SAN),,-Wl$(comma)-z$(comma)defs) $(SANITIZE) $(LDFLAGS) -o $@ $^ \
		$(if $(wildcard $*/libraries),$(shell pkg-config --libs $(shell cat $*/libraries 2>/dev/null))) $(BASE_L) -lm
	$(Q)chmod go-w $@ $(@D)
$(plugin_pages) $(test_pages): $(BUILD)/%: %
	@mkdir -p $(@D)
	$(Q)cp $< $@

$(BUILD)/%.o: %.c $(BUILD)/flags
	@mkdir -p $(@D)
	@echo "  cc    $<"
	$(Q)$(CC) $(ALL_C) -MMD -MP -c -o $@ $<

# Rebuild when the flags change, not only when the files do.
$(BUILD)/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(CC) $(ALL_C)' | cmp -s - $@ || echo '$(CC) $(ALL_C)' > $@

-include $(objects:.o=.d) $(plugin_objects:.o=.d) $(BUILD)/fcgi/main.d $(BUILD)/fcgi/outbound.d $(units:%.c=$(BUILD)/%.d) $(fuzzers:%.c=$(BUILD)/%.d) $(format_reader).d

$(BUILD)/tests/unit/%: $(BUILD)/tests/unit/%.o $(BUILD)/libcore.a
	@echo "  link  $@"
	$(Q)$(CC) $(ALL_L) -o $@ $^ $(PKGS_L) -lcmocka -lm -ldl

$(format_reader): $(BUILD)/tests/formats/read.o $(BUILD)/libbase.a
	@echo "  link  $@"
	$(Q)$(CC) $(ALL_L) -o $@ $^ $(BASE_L) -lm

# A fuzz target is linked with libFuzzer, or else with a main() that runs it over files.
$(BUILD)/tests/fuzz/%: $(BUILD)/tests/fuzz/%.o $(if $(FUZZ),,$(BUILD)/tests/fuzz/standalone.o) \
		$(BUILD)/libcore.a
	@echo "  link  $@"
	$(Q)$(CC) $(ALL_L) $(if $(FUZZ),-fsanitize=fuzzer) -o $@ $^ $(PKGS_L) -lm -ldl

# Plugins that only tests load: one that uses every hook, others that misbehave.
test-plugins: $(test_plugins) $(test_pages)

## test: install what the tests need and run all of them
test:
	$(Q)sh conf/install-packages run test
	$(Q)$(MAKE) --no-print-directory $(parallel) check

## check: run all tests with what is installed
check: all check-unit
	$(Q)$(MAKE) --no-print-directory SAN=1 check-unit check-fuzz
	$(Q)$(MAKE) --no-print-directory check-formats
	$(Q)$(MAKE) --no-print-directory check-http
	$(Q)$(MAKE) --no-print-directory check-faults
	$(Q)$(MAKE) --no-print-directory check-browser

## check-unit: the unit tests alone (with SAN=1 under the sanitizers)
check-unit: $(unit_programs)
	$(Q)printf '%s\n' $(unit_programs) | xargs -P $(cores) -I{} sh -c '{} > {}.log 2>&1 && echo "  ok    {}" || { cat {}.log; exit 255; }'

## units: build the unit programs and run none
units: $(unit_programs)

## check-fuzz: every fuzz target over its stored corpus
check-fuzz: $(fuzz_programs)
	$(Q)for t in $(fuzz_programs); do $$t tests/fuzz/corpus/$$(basename $$t)/* || exit 1; done

# Tests of the whole server.  They keep to the checkout and to folders of their own under TMPDIR.
node = HOME="$(CURDIR)/$(BUILD)/home" ROWHOUSE_BUILD=$(BUILD) node --test --test-concurrency=$(at_once)
at_once = 1
modules := tests/node_modules/.installed
npm = npm_config_cache="$(CURDIR)/build/npm" npm --silent
$(modules): tests/package.json tests/package-lock.json
	@echo "  npm   tests"
	$(Q)cd tests && $(npm) ci
	@touch $@

## check-formats: files of all kinds against what other programs expect of them (ROWHOUSE_SHARED)
check-formats: at_once = 2
check-formats: $(format_reader) $(modules)
	$(Q)$(node) tests/formats/*.test.mjs

## check-http: the server from outside, over HTTP and the command line (TESTS="tests/http/rows.test.mjs ...")
TESTS ?= tests/http/*.test.mjs
check-http: at_once = 2
check-http: all test-plugins $(modules)
	$(Q)$(node) $(TESTS)

## check-faults: processes killed, disks full, memory refused (FAULTS=all: at every single call)
check-faults: at_once = 2
check-faults: all test-plugins $(modules)
	$(Q)$(node) tests/faults/*.test.mjs

## check-browser: the pages, in Chromium
check-browser: at_once = 2
check-browser: all test-plugins $(modules)
	$(Q)$(node) tests/browser/*.test.mjs

## fuzz: TARGET=csv SECONDS=60: look for new inputs that break a parser (clang)
SECONDS ?= 60
fuzz:
	$(Q)$(MAKE) --no-print-directory CC=clang FUZZ=1 build-clang-fuzz/tests/fuzz/$(TARGET)
	$(Q)mkdir -p build-clang-fuzz/found/$(TARGET)
	build-clang-fuzz/tests/fuzz/$(TARGET) -max_total_time=$(SECONDS) -rss_limit_mb=1024 \
		build-clang-fuzz/found/$(TARGET) tests/fuzz/corpus/$(TARGET)

## bench: how fast it is beside others, in one run
bench: all
	$(Q)sh conf/install-packages run bench
	$(Q)cd tests/bench && $(npm) install --no-package-lock
	$(Q)sh tests/bench/run

## install: copy the program and its files below DESTDIR/PREFIX (/usr/local)
install: all
	install -d "$(DESTDIR)$(PREFIX)/bin" "$(DESTDIR)$(PREFIX)/share/rowhouse/conf"
	install -m 755 $(BUILD)/rowhouse "$(DESTDIR)$(PREFIX)/bin/rowhouse"
	install -d "$(DESTDIR)$(PREFIX)/lib/rowhouse"
	install -m 755 $(BUILD)/rowhouse-outbound "$(DESTDIR)$(PREFIX)/lib/rowhouse/rowhouse-outbound"
	cp -r --no-preserve=mode,ownership templates static "$(DESTDIR)$(PREFIX)/share/rowhouse/"
	install -m 644 conf/nginx.conf conf/rowhouse.conf conf/rowhouse.socket "$(DESTDIR)$(PREFIX)/share/rowhouse/conf/"
	for unit in rowhouse rowhouse-outbound; do sed 's,/usr/local/,$(PREFIX)/,' conf/$$unit.service > \
		"$(DESTDIR)$(PREFIX)/share/rowhouse/conf/$$unit.service" || exit 1; done
	$(Q)for p in $(plugins) $(plugin_pages); do \
		to="$(DESTDIR)$(PREFIX)/lib/rowhouse/$${p#$(BUILD)/}"; \
		echo "install $$to"; install -d "$${to%/*}" && install -m 644 "$$p" "$$to" || exit 1; done

code    := $(wildcard fcgi/*.[ch] fcgi/*/*.[ch] tests/unit/*.[ch] tests/fuzz/*.[ch] tests/bench/*.[ch] tests/faults/*.[ch] tests/formats/*.[ch] plugins/*/*.[ch] tests/plugins/*/*.[ch])
headers := $(wildcard fcgi/*.h fcgi/*/*.h)
banned  := strcpy|strcat|sprintf|vsprintf|gets|strtok|atoi|atol|system|popen|gmtime|localtime|asctime|ctime|signal

## format: lay out all C files with clang-format 14
format:
	@clang-format -i $(code)

## lint: layout, headers that compile alone, functions that nobody may call
lint: all
	@clang-format --dry-run -Werror $(code)
	@for h in $(headers); do \
		echo "#include \"$$h\"" | $(CC) $(ALL_C) -Wno-pedantic -I. -fsyntax-only -x c - || exit 1; done
	@! nm -A -u $(objects) $(BUILD)/fcgi/main.o | grep -E ' U (__)?($(banned))(_chk)?(@.*)?$$' || \
		{ echo "lint: these functions are banned: each has a safe twin" >&2; exit 1; }

## clean: remove what was built
clean:
	rm -rf build build-*

## help: this list
help:
	@sed -n 's/^## \([a-z-]*\): /\1	/p' $(MAKEFILE_LIST) | expand -t 16

.PHONY: all run test test-plugins check check-unit units check-fuzz check-formats check-http check-faults check-browser fuzz bench \
	install format lint clean help FORCE

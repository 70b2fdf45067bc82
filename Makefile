# ruastat.  "make help" lists the targets.  Each variant has its own tree below build/, so
# that they never mix: build/plain, build/clang-plain, build/address-undefined, ...
# A .c file in a folder is in the build.

VERSION = 0.1.0
PREFIX  = /usr/local
BINDIR  = $(PREFIX)/bin
MANDIR  = $(PREFIX)/share/man
DOCDIR  = $(PREFIX)/share/doc/ruastat
UNITDIR = $(PREFIX)/lib/systemd/system
SYSUSERSDIR = $(PREFIX)/lib/sysusers.d
TMPFILESDIR = $(PREFIX)/lib/tmpfiles.d
CFLAGS  = $(if $(VALGRIND)$(filter address%,$(SAN)),-O1,-O2) -g
WERROR  = $(if $(SAN)$(VALGRIND),,-Werror)
T       = 60

# pkg-config modules; a new one is a word here and a line in tests/build/deps.sh
MODULES = gmime-3.0 libarchive libxml-2.0 zlib libpq libssl libcrypto libseccomp libconfuse smartcols \
	  libmicrohttpd jansson libcurl libidn2 libpsl

# The arrows: what a folder may use, and the order in which archives are linked.
FOLDERS       := $(foreach f,cli dashboard store ingest parser core,$(wildcard $f))
USES_core      = core
USES_ingest    = ingest core
USES_parser    = parser core
USES_store     = store core
USES_dashboard = dashboard store core
USES_cli       = cli dashboard store ingest parser core

comma  := ,
variant = $(if $(VALGRIND),valgrind-)$(addsuffix -,$(filter-out cc gcc,$(notdir $(firstword $(CC)))))$(or $(subst $(comma),-,$(SAN)),plain)
B      := build/$(variant)
W      := build/web
Q       = $(if $(V),,@)
say     = $(if $(V),,@printf '%-5s %s\n' $(1) $(patsubst $(B)/%,%,$@))
objs    = $(patsubst %.c,$(B)/%.o,$(wildcard $(1)/*.c))
libs    = $(patsubst %,$(B)/%.a,$(filter $(FOLDERS),$(USES_$(1))))
# Expanded at first use and kept, so that "make deps" works where nothing is installed yet.
once    = $(eval $(1) := $(2))$($(1))
try     = $(shell $(CC) -Werror $(1) -c -x c -o /dev/null /dev/null 2>/dev/null && echo $(1))
pkg     = $(or $(shell pkg-config $(1)),$(error libraries are missing: "make deps" installs them))

WARN    = -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wstrict-prototypes \
	  -Wmissing-prototypes $(WERROR)
HARDEN  = $(call once,HARDEN,-fPIE -fstack-protector-strong \
	  $(call try,-fstack-clash-protection) $(call try,-fcf-protection) \
	  $(if $(SAN)$(findstring -O0,$(CFLAGS)),,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2))
SANITIZE = $(if $(SAN),-fno-sanitize-recover=all -fno-omit-frame-pointer \
	  -fsanitize=$(subst fuzzer,fuzzer-no-link,$(SAN)))
PKG_C   = $(call once,PKG_C,$(patsubst -I%,-isystem %,$(call pkg,--cflags $(MODULES))))
PKG_L   = $(call once,PKG_L,$(call pkg,--libs $(MODULES)))
INC     = -std=c17 -D_GNU_SOURCE $(if $(VALGRIND),-DRUASTAT_VALGRIND) -DRUASTAT_VERSION='"$(VERSION)"' -I. -I$(B)/gen -I$(W)
COMPILE = $(CC) $(INC) $(PKG_C) $(WARN) $(HARDEN) $(SANITIZE) $(CPPFLAGS) $(CFLAGS)
LINK    = $(CC) -pie -Wl,-z,relro,-z,now,-z,noexecstack,--as-needed $(SANITIZE) $(CFLAGS) \
	  $(LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(PKG_L) $(LDLIBS)

units   = $(patsubst %.c,$(B)/%.t,$(wildcard tests/unit/*/*.c))
drivers = $(patsubst %.c,$(B)/%,$(wildcard tests/bench/*.c tests/integration/*.c))
mailgen = $(if $(wildcard tests/gen/*.c),$(B)/tests/mailgen)
fuzzers = $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/*.c))
pages   = $(wildcard cli/*.[15])
services = $(wildcard cli/systemd/*.service cli/systemd/*.timer)
# MAIL is a variable of every login shell too: only the one given to make counts.
mail    = $(if $(findstring command,$(origin MAIL)),"$$MAIL")
deps    = $(if $(filter no,$(DEPS)),:,tests/build/deps.sh)
submake = +$(Q)$(MAKE) --no-print-directory
export CC B V

all: $(B)/ruastat                      ## build the program (never installs anything)
tests: all $(units) $(mailgen) $(call objs,tests/fuzz) $(drivers) $(if $(SAN),$(B)/tests/replay)

$(B)/ruastat: $(call objs,cli) $(filter-out $(B)/cli.a,$(call libs,cli))
	$(call say,LINK)
	$(Q)$(LINK)
$(B)/tests/mailgen: $(call objs,tests/gen) $(call libs,core)
	$(call say,LINK)
	$(Q)$(LINK)
$(drivers): %: %.o $(call libs,cli)
	$(call say,LINK)
	$(Q)$(LINK)

# Each target of tests/fuzz alone, by libFuzzer; else all of them in one program that plays inputs
# back, where each has a name of its own.  The configuration is read in cli/, which has a main.
configs = $(patsubst %.c,$(B)/%.o,$(wildcard cli/config*.c) cli/domains.c cli/size.c)
$(B)/tests/fuzz/config: $(configs)
$(B)/tests/fuzz/%: $(B)/tests/fuzz/%.o $(filter-out $(B)/cli.a,$(call libs,cli))
	$(call say,LINK)
	$(Q)$(LINK) -fsanitize=$(SAN)
ifeq ($(findstring fuzzer,$(SAN)),)
$(B)/tests/fuzz/%.o: INC += -DLLVMFuzzerTestOneInput=fuzz_$(basename $(@F))
endif
$(call objs,tests/fuzz) $(B)/tests/build/replay.o: Makefile
$(B)/tests/build/replay.o: INC += -DTARGETS="$(patsubst %,TARGET(%),$(fuzzers))"
$(B)/tests/replay: $(B)/tests/build/replay.o $(call objs,tests/fuzz) $(configs) \
    $(filter-out $(B)/cli.a,$(call libs,cli))
	$(call say,LINK)
	$(Q)$(LINK)

# A unit test links what its folder may use and nothing else: the arrows, kept by the linker.
# An archive depends on its directory too, so that a deleted .c leaves it.
define folder
$(B)/$(1).a: $(call objs,$(1)) $(1)
$(B)/tests/unit/$(1)/%.t: LDLIBS = -lcmocka
$(B)/tests/unit/$(1)/%.t: $(B)/tests/unit/$(1)/%.o $(call libs,$(1))
	$$(call say,LINK)
	$$(Q)$$(LINK)
endef
$(foreach f,$(FOLDERS),$(eval $(call folder,$(f))))

$(B)/store.a: $(B)/gen/sql.o
$(B)/dashboard.a: $(B)/gen/web.o
$(B)/%.a:
	$(call say,AR)
	$(Q)rm -f $@ && $(AR) rcs $@ $(filter %.o,$^)
$(B)/%.o: %.c | $(B)/gen/sql.h $(W)/web.h
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(COMPILE) -MMD -MP -c -o $@ $<
$(B)/gen/sql.o: $(B)/gen/sql.S
	$(call say,AS)
	$(Q)$(CC) $(HARDEN) -I. -c -o $@ $<
$(B)/gen/web.o: $(W)/web.S
	@mkdir -p $(@D)
	$(call say,AS)
	$(Q)$(CC) $(HARDEN) -I. -c -o $@ $<

# The pages, gzipped; the same for all variants.
$(W)/web.S: $(wildcard dashboard/web dashboard/web/*) tests/build/web.sh
	$(call say,EMBED)
	$(Q)tests/build/web.sh $(W)
$(W)/web.h: $(W)/web.S
	@:

# sql/DIR/FILE.sql becomes the NUL-terminated sql_DIR_FILE[]; each folder also becomes an array
# in the order of file names.  The directories are prerequisites for the sake of deleted files.
$(B)/gen/sql.S: $(wildcard sql sql/* sql/*/*.sql) Makefile
	@mkdir -p $(@D)
	$(call say,EMBED)
	@printf '%s\n' $(sort $(wildcard sql/*/*.sql)) | awk -v h=$(@D)/sql.h.new "$$EMBED" >$@
	@cmp -s $(@D)/sql.h.new $(@D)/sql.h || mv $(@D)/sql.h.new $(@D)/sql.h
$(B)/gen/sql.h: $(B)/gen/sql.S
	@:
define EMBED
BEGIN {
	split("migrate view query api example", dir)
	split("sql_migrations sql_views sql_queries sql_api sql_examples", array)
	print "/* sql.h - every file below sql/, NUL-terminated; written by make. */" >h
	print "#ifndef GEN_SQL_H\n#define GEN_SQL_H\n#include <stddef.h>\n" >h
	print "struct sql_file {\n\tconst char *name, *text;\n\tsize_t len;\n};\n" >h
	print "#if __SIZEOF_POINTER__ == 8\n#define WORD .quad\n#else\n#define WORD .long\n#endif"
	print "#ifdef __CET__\n#include <cet.h>\n#endif\n.section .note.GNU-stack,\"\",%progbits"
}
/./ {
	n = split($$0, part, "/"); name = part[n]; sub(/\.sql$$/, "", name)
	symbol = "sql_" part[2] "_" name; gsub(/[^A-Za-z0-9_]/, "_", symbol)
	print "extern const char " symbol "[];" >h
	printf ".section .rodata\n.globl %s\n%s: .incbin \"%s\"\n", symbol, symbol, $$0
	printf "%s_end: .byte 0\n%s_name: .asciz \"%s\"\n", symbol, symbol, name
	rows[part[2]] = rows[part[2]] sprintf("WORD %s_name, %s, %s_end - %s\n", symbol, symbol, symbol, symbol)
	count[part[2]]++
}
END {
	for (i = 1; i in dir; i++) {
		printf "extern const struct sql_file %s[];\nextern const size_t %s_n;\n", array[i], array[i] >h
		printf ".section .data.rel.ro,\"aw\"\n.balign 8\n.globl %s, %s_n\n", array[i], array[i]
		printf "%s_n: WORD %d\n%s:\n%s", array[i], count[dir[i]], array[i], rows[dir[i]]
	}
	print "#endif" >h
}
endef
export EMBED

deps:                                  ## install what building and running needs (root, or sudo)
	$(Q)tests/build/deps.sh run
run:                                   ## try it: a demo mailbox (MAIL=/path: yours), then the dashboard
	$(Q)$(deps) run
	$(submake) demo
demo: all $(mailgen)                   ## the same without looking for packages
	$(Q)tests/build/demo.sh $(B) $(mail)
check:                                 ## everything: builds, lint, unit, corpus, integration, sanitizers
	$(Q)$(deps) check
	+$(Q)MAKE="$(MAKE)" tests/build/run-tests build lint unit corpus integration e2e san
check-unit check-corpus check-integration check-e2e: check-%: tests   ## one part of it, as built here
	$(Q)tests/build/run-tests $*
check-san:                             ## the whole suite under ASan and UBSan, 20 minutes
	$(submake) SAN=address,undefined tests
	$(Q)tests/build/run-tests san san-db
check-valgrind:                        ## most of it under valgrind, an hour or two
	$(submake) VALGRIND=1 tests
	$(Q)tests/build/run-tests valgrind valgrind-db
lint: $(B)/gen/sql.h $(W)/web.h                   ## arrows, library homes, banned calls, format, cppcheck, ...
	$(Q)LINT_CFLAGS="$$($(MAKE) --no-print-directory flags)" tests/build/lint
flags:; @echo '$(INC) $(PKG_C) $(WARN)'
format:                                ## let clang-format rewrite the C
	$(Q)clang-format -i $(wildcard $(foreach f,$(FOLDERS) tests/*,$f/*.[ch] $f/*/*.[ch]))
golden: all $(mailgen)                 ## rewrite what corpus and API tests expect; git shows what changed
	$(Q)tests/build/corpus.t --golden
	$(Q)tests/integration/72-api.t --golden
fuzz:                                  ## fuzz all stages of tests/fuzz for T seconds each, needs clang
	$(submake) CC=clang SAN=fuzzer,address,undefined FUZZ="$(fuzzers)" do-fuzz
fuzz-%:                                ## fuzz one of them
	$(submake) CC=clang SAN=fuzzer,address,undefined FUZZ=$* do-fuzz
do-fuzz: $(addprefix $(B)/tests/fuzz/,$(FUZZ))
	$(Q)tests/build/fuzz.sh run $(B)/tests/fuzz $(T) $(FUZZ)
screenshots: all $(mailgen)            ## take those of README anew, needs chromium
	$(Q)tests/e2e/screenshots dashboard
bench-dashboard: all $(mailgen) $(filter $(B)/tests/bench/%,$(drivers))   ## its answers with a million records
	$(Q)tests/bench/dashboard
bench-imap: all $(mailgen) $(filter $(B)/tests/bench/%,$(drivers))   ## a mailbox behind IMAP against one of files
	$(Q)tests/bench/imap
bench: all $(mailgen) $(filter $(B)/tests/bench/%,$(drivers))   ## the benchmark of tests/bench
	$(Q)tests/bench/run
install: all                           ## program, man pages and units below DESTDIR PREFIX, none enabled
	install -d $(DESTDIR)$(BINDIR) $(DESTDIR)$(MANDIR)/man1 $(DESTDIR)$(MANDIR)/man5 $(DESTDIR)$(DOCDIR)
	install -m 755 $(B)/ruastat $(DESTDIR)$(BINDIR)
	$(foreach p,$(pages),install -m 644 $p $(DESTDIR)$(MANDIR)/man$(lastword $(subst ., ,$p)) &&) :
	$(foreach e,$(wildcard sql/example/*.sql),install -m 644 $e $(DESTDIR)$(DOCDIR) &&) :
	install -d $(DESTDIR)$(UNITDIR) $(DESTDIR)$(SYSUSERSDIR) $(DESTDIR)$(TMPFILESDIR)
	$(foreach u,$(services),sed 's,@BINDIR@,$(BINDIR),' $u >$(DESTDIR)$(UNITDIR)/$(notdir $u) &&) :
	chmod 644 $(addprefix $(DESTDIR)$(UNITDIR)/,$(notdir $(services)))
	install -m 644 cli/systemd/ruastat.sysusers.conf $(DESTDIR)$(SYSUSERSDIR)/ruastat.conf
	install -m 644 cli/systemd/ruastat.tmpfiles.conf $(DESTDIR)$(TMPFILESDIR)/ruastat.conf
	$(if $(DESTDIR),,tests/build/deps.sh user)
uninstall:                             ## remove what install put there (not the user, not the data)
	rm -f $(DESTDIR)$(BINDIR)/ruastat
	rm -f $(foreach p,$(notdir $(pages)),$(DESTDIR)$(MANDIR)/man$(lastword $(subst ., ,$p))/$p)
	rm -rf $(DESTDIR)$(DOCDIR)
	rm -f $(addprefix $(DESTDIR)$(UNITDIR)/,$(notdir $(services)))
	rm -f $(DESTDIR)$(SYSUSERSDIR)/ruastat.conf $(DESTDIR)$(TMPFILESDIR)/ruastat.conf
dist: $(W)/web.S                       ## a release tarball of the last commit, with what npm gives
	$(Q)tests/build/dist.sh ruastat-$(VERSION) $(W)
clean:                                 ## remove build/
	rm -rf build
help:                                  ## this list
	@sed -n 's/^\([a-z%-][a-z %-]*\):.*## \(.*\)/\1\t\2/p' Makefile | expand -t 44
	@echo 'knobs: CC CFLAGS CPPFLAGS LDFLAGS PREFIX DESTDIR UNITDIR SAN=address,undefined DEPS=no WERROR= V=1'

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all tests deps run demo check check-unit check-corpus check-integration check-e2e check-san check-valgrind \
	lint flags format golden fuzz do-fuzz screenshots bench bench-dashboard bench-imap install uninstall dist clean help
-include $(shell find $(B) -name '*.d' 2>/dev/null)

# paene: one Makefile. `make help` lists what it can do.
VERSION := 0.1.0

CC      ?= gcc
PREFIX  ?= /usr/local
DESTDIR ?=
BUILD   ?= build
V       ?=
Q       := $(if $(V),,@)
say     = $(if $(V),@:,@printf '  %-8s%s\n' $(1) $(2))

ifeq ($(origin CC),default)
CC := gcc
endif

libexec := $(PREFIX)/libexec/paene

CPPFLAGS += -I. -D_GNU_SOURCE -DPAENE_VERSION='"$(VERSION)"'
warnings := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wformat=2 -Wundef -Werror
CFLAGS   ?= -O2 -g
flags    := -std=gnu17 $(warnings) -fno-strict-aliasing -fno-common -fvisibility=hidden -ffunction-sections -fdata-sections

ifdef SANITIZE
flags    += -fsanitize=address,undefined -fno-omit-frame-pointer -fno-sanitize-recover=undefined
hardening :=
static   := -pie
else
hardening := -fstack-protector-strong -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -fstack-clash-protection -fcf-protection
static   := -static-pie
endif
flags    += $(hardening) -fPIE
ldflags  := -pie -Wl,-z,relro,-z,now,-z,noexecstack -Wl,--gc-sections -Wl,--as-needed $(LDFLAGS)

# One archive for each folder, in the order of the layers: a program takes from them only what it calls.
folders  := cli/quadlet cli runtime namespaces cgroups seccomp network images images/fetch images/worker spec base
sources  := $(foreach d,$(folders),$(wildcard $(d)/*.c))
mains    := cli/paene.c cli/paene_oci.c cli/paene_init.c cli/paene_monitor.c cli/paene_systemd.c cli/quadlet/main.c images/worker/main.c images/fetch/main.c
objects  := $(sources:%.c=$(BUILD)/%.o)
lib      = $(BUILD)/lib/$(subst /,-,$(1)).a
libs_of  = $(foreach d,$(1),$(call lib,$(d)))
programs := $(foreach p,$(if $(wildcard cli/paene.c),paene) $(if $(wildcard cli/paene_oci.c),paene-oci) \
	$(if $(wildcard images/worker/main.c),paene-worker) paene-fetch paene-init paene-monitor paene-systemd paene-quadlet,$(BUILD)/$(p))

archives := -Wl,-Bstatic -lseccomp -lcap -ljansson -Wl,-Bdynamic

#: all            build everything below $(BUILD)
all: $(programs)

$(BUILD)/%.o: %.c Makefile
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) $(flags) -MMD -MP -c $< -o $@

define archive_rule
$(call lib,$(1)): $$(patsubst %.c,$(BUILD)/%.o,$$(filter-out $(mains),$$(wildcard $(1)/*.c)))
	$$(call say,AR,$$@)
	@mkdir -p $$(@D) && rm -f $$@
	$$(Q)ar rcs $$@ $$^
endef
$(foreach d,$(folders),$(eval $(call archive_rule,$(d))))

engine   := cli runtime namespaces cgroups seccomp network images spec base
oci      := cli runtime namespaces cgroups seccomp spec base
worker   := images/worker images seccomp spec base
fetch    := images/fetch images/worker images spec base

$(BUILD)/paene: $(BUILD)/cli/paene.o $(call libs_of,$(engine))
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(flags) $(ldflags) $^ -Wl,-Bstatic -lnftnl -lseccomp -lcap -ljansson -Wl,-Bdynamic -lmnl -o $@

$(BUILD)/paene-oci: $(BUILD)/cli/paene_oci.o $(call libs_of,$(oci))
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(flags) $(filter-out -pie,$(ldflags)) $(static) $^ $(if $(SANITIZE),$(archives),-lseccomp -lcap -ljansson) -o $@

$(BUILD)/paene-worker: $(BUILD)/images/worker/main.o $(call libs_of,$(worker))
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(flags) $(ldflags) $^ -larchive -lcrypto -lisal -lzstd $(archives) -o $@

# The one program that speaks with registries.
$(BUILD)/paene-fetch: $(BUILD)/images/fetch/main.o $(call libs_of,$(fetch))
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(flags) $(ldflags) $^ -lcurl -lcrypto $(archives) -o $@

# It runs inside containers, where no sanitizer's library is.
$(BUILD)/cli/paene_init.o $(BUILD)/paene-init: flags := $(filter-out -fsanitize% -fno-sanitize%,$(flags))
$(BUILD)/paene-init: $(BUILD)/cli/paene_init.o
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(flags) $(filter-out -pie,$(ldflags)) -static-pie $^ -o $@

$(BUILD)/paene-monitor: $(BUILD)/cli/paene_monitor.o $(call libs_of,runtime cgroups base)
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(flags) $(filter-out -pie,$(ldflags)) $(static) $^ -o $@

# The one program that knows the bus of systemd; nothing of ours but the words of a failure.
$(BUILD)/cgroups/systemd.o: CPPFLAGS += -DPAENE_LIBEXEC='"$(libexec)"'
$(BUILD)/paene-systemd: $(BUILD)/cli/paene_systemd.o
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(flags) $(ldflags) $^ -lsystemd -o $@

# systemd calls it at each boot: nothing of ours but what takes files apart.
$(BUILD)/cli/quadlet/main.o: CPPFLAGS += -DPAENE_PROGRAM='"$(PREFIX)/bin/paene"'
$(BUILD)/paene-quadlet: $(BUILD)/cli/quadlet/main.o $(call libs_of,cli/quadlet cli base)
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(flags) $(filter-out -pie,$(ldflags)) $(static) $^ -o $@

include tests/tests.mk

#: demo           install what is needed to build, build, and run a container on this machine's own root
demo:
	$(Q)tests/install-packages dist/packages.build
	$(Q)$(MAKE) --no-print-directory all
	$(Q)dist/demo $(BUILD)

install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(libexec) $(addprefix $(DESTDIR)$(PREFIX)/share/man/man,1 5)
	install -m 0755 $(BUILD)/paene $(BUILD)/paene-oci $(DESTDIR)$(PREFIX)/bin/
	install -m 0755 $(BUILD)/paene-worker $(BUILD)/paene-fetch $(BUILD)/paene-init $(BUILD)/paene-monitor \
		$(BUILD)/paene-systemd $(BUILD)/paene-quadlet $(DESTDIR)$(libexec)/
	install -d $(DESTDIR)$(PREFIX)/share/bash-completion/completions $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d \
		$(DESTDIR)$(PREFIX)/share/zsh/site-functions
	for p in paene paene-oci; do $(BUILD)/$$p man >$(DESTDIR)$(PREFIX)/share/man/man1/$$p.1 || exit 1; done
	for p in paene.conf paene-registries.json paene-policy.json; do \
		$(BUILD)/paene man $$p >$(DESTDIR)$(PREFIX)/share/man/man5/$$p.5 || exit 1; done
	$(BUILD)/paene-quadlet --man >$(DESTDIR)$(PREFIX)/share/man/man5/paene-quadlet.5
	$(BUILD)/paene completion bash >$(DESTDIR)$(PREFIX)/share/bash-completion/completions/paene
	$(BUILD)/paene completion fish >$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/paene.fish
	$(BUILD)/paene completion zsh >$(DESTDIR)$(PREFIX)/share/zsh/site-functions/_paene
	install -d $(DESTDIR)$(PREFIX)/share/paene $(DESTDIR)$(PREFIX)/lib/systemd/system
	sed 's|/usr/local/bin/|$(PREFIX)/bin/|' dist/paene-restart.service >$(DESTDIR)$(PREFIX)/lib/systemd/system/paene-restart.service
	install -d $(DESTDIR)$(PREFIX)/lib/systemd/system-generators $(DESTDIR)$(PREFIX)/lib/systemd/user-generators
	ln -sf $(libexec)/paene-quadlet $(DESTDIR)$(PREFIX)/lib/systemd/system-generators/paene-system-generator
	ln -sf $(libexec)/paene-quadlet $(DESTDIR)$(PREFIX)/lib/systemd/user-generators/paene-user-generator
	install -m 0644 $(addprefix dist/,containers.conf docker-daemon.json containerd.toml crio.conf registries.json policy.json) $(DESTDIR)$(PREFIX)/share/paene/

#: install        below DESTDIR= and PREFIX=/usr/local
#: tidy           clang-tidy over all sources
tidy:
	$(Q)clang-tidy --quiet $(sources) -- $(CPPFLAGS) -std=gnu17

asan:
	$(Q)$(MAKE) --no-print-directory BUILD=$(BUILD)/asan SANITIZE=1 CFLAGS='-O1 -g' check-built

clean:
	rm -rf $(BUILD)

help:
	@sed -n 's/^#: //p' Makefile tests/tests.mk

.PHONY: all demo install tidy asan clean help
-include $(objects:.o=.d)

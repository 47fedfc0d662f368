# Tests. Unit tests: one program for each file of tests/unit (cmocka); the rest is bats, run by tests/run-tests.
#: check          install what the tests need, build, and run all that this machine can run
#: check-built    the same, without installing; the last line says how many passed, failed, were skipped
#: check-vm       limits, systemd and the like, in a virtual machine of its own (SUITE=bookworm: on Linux 6.1; VM_TESTS="limits ports")
#: asan           check-built with the address and undefined behaviour sanitizers
#: bench          paene beside its peers (BENCH=ROW…: only those rows)
#: bench-isolation  what a container loses beside one that misbehaves, in a virtual machine (ISOLATION="--quick cpu fork")
#: compat         ordinary services of Debian's in containers of the default profile
#: fuzz           each fuzz target for FUZZ_SECONDS (30)
unit_sources  := $(wildcard tests/unit/*.c)
unit_programs := $(unit_sources:tests/unit/%.c=$(BUILD)/tests/unit/%)
all_libs       = $(call libs_of,cli/quadlet cli runtime namespaces cgroups seccomp network images images/fetch images/worker spec base)
test_libs      = -Wl,--start-group $(all_libs) -Wl,--end-group -Wl,-Bstatic -lnftnl -lseccomp -lcap -ljansson -Wl,-Bdynamic \
	-lmnl -lcurl -larchive -lcrypto -lisal -lzstd
# those that take longest first: two run at once, and none of them should be left over at the end
test_files    := $(wildcard tests/fault/*.bats tests/security/*.bats tests/integration/*.bats tests/lib/*.bats \
	tests/layering/*.py)

# What an ordinary user does most: these run as one, too.
user_files    := $(patsubst %,tests/integration/%.bats,attach commit cp diff exec export format health image_verbs images \
	lifecycle login logs pull restart run secret settings stats terminal top volume_verbs volumes)

$(BUILD)/tests/unit/%: tests/unit/%.c $(all_libs)
	$(call say,TEST,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) $(flags) -MMD -MP $< $(ldflags) $(test_libs) -lcmocka -o $@

check:
	$(Q)tests/install-packages dist/packages.build dist/packages.test
	$(Q)$(MAKE) --no-print-directory check-built

check-built: $(programs) $(unit_programs)
	$(Q)tests/run-tests --build $(BUILD) $(test_files) $(unit_programs) --user $(user_files)

unit-programs: $(unit_programs)

check-unit: $(programs) $(unit_programs)
	$(Q)tests/run-tests --build $(BUILD) $(unit_programs)

# The unit tests that this machine may not have the controllers for.
vm_unit_programs := $(filter $(BUILD)/tests/unit/test_cgroups_%,$(unit_programs))

# What containers run there: static programs, as there is nothing else in them.
vm_helpers := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/vm/*.c))

$(vm_helpers): $(BUILD)/%: %.c
	$(call say,VM,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) -O2 -std=gnu17 $(warnings) $< -static -o $@

check-vm: $(programs) $(vm_unit_programs) $(vm_helpers)
	$(Q)tests/install-packages dist/packages.test dist/packages.vm
	$(Q)tests/vm/make
	$(Q)tests/vm/check $(BUILD) $(programs) $(vm_unit_programs) $(vm_helpers)

# What a measurement starts must not cost anything itself: static programs.
$(BUILD)/tests/bench/%: tests/bench/%.c
	$(call say,BENCH,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) $(flags) $< -static -o $@

bench: $(programs) $(patsubst tests/bench/%.c,$(BUILD)/tests/bench/%,$(wildcard tests/bench/*.c))
	$(Q)tests/bench/bench --build $(BUILD) $(BENCH)

isolation_programs := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/bench/isolation/*.c))

bench-isolation: $(programs) $(isolation_programs)
	$(Q)tests/install-packages dist/packages.vm
	$(Q)tests/vm/make
	$(Q)tests/bench/isolation/run $(BUILD) $(ISOLATION)

compat: $(programs)
	$(Q)tests/compat/run --build $(BUILD)

# Fuzz targets need every archive built by clang, with its coverage counters: a build folder of their own.
FUZZ_CC      ?= clang
FUZZ_SECONDS ?= 30
fuzz_programs := $(patsubst tests/fuzz/%.c,$(BUILD)/tests/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))

$(BUILD)/tests/fuzz/%: tests/fuzz/%.c $(all_libs)
	$(call say,FUZZ,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) $(flags) -fsanitize=fuzzer -MMD -MP $< $(ldflags) $(test_libs) -o $@

fuzz:
	$(Q)tests/install-packages dist/packages.fuzz
	$(Q)$(MAKE) --no-print-directory BUILD=$(BUILD)/fuzz CC=$(FUZZ_CC) SANITIZE=1 \
		CFLAGS='-O1 -g -fsanitize=fuzzer-no-link' fuzz-built

fuzz-built: $(fuzz_programs)
	$(Q)tests/fuzz/run $(FUZZ_SECONDS) $(BUILD)/corpus $(fuzz_programs)

.PHONY: check check-built check-unit unit-programs check-vm bench bench-isolation compat fuzz fuzz-built
.SECONDARY: $(fuzz_programs)
-include $(unit_programs:=.d) $(fuzz_programs:=.d)

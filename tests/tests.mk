# Tests: one program for each file of tests/unit (cmocka); the rest is bats.
unit_sources  := $(wildcard tests/unit/*.c)
unit_programs := $(unit_sources:tests/unit/%.c=$(BUILD)/tests/unit/%)
all_libs       = $(call libs_of,cli runtime namespaces cgroups seccomp network images images/worker images spec base)

$(BUILD)/tests/unit/%: tests/unit/%.c $(all_libs)
	$(call say,TEST,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) $(flags) -MMD -MP $< $(ldflags) -Wl,--start-group $(all_libs) -Wl,--end-group \
		-Wl,-Bstatic -lnftnl -lseccomp -lcap -ljansson -Wl,-Bdynamic -lmnl -larchive -lcrypto -lisal -lzstd -lcmocka -o $@

check-unit: $(unit_programs)
	$(Q)for t in $(unit_programs); do $$t || exit 1; done

.PHONY: check-unit
-include $(unit_programs:=.d)

# SPDX-License-Identifier: GPL-2.0
#
# The commands of the project; `make help` lists them. The modules themselves are
# described in Kbuild.

LAB     := tools/testing/lab
KDIR    ?= /lib/modules/$(shell uname -r)/build
# Where `make` compiles: one directory for each kernel.
RELEASE := $(shell cat "$(KDIR)/include/config/kernel.release" 2> /dev/null)
OUT     := $(CURDIR)/build/$(or $(RELEASE),unknown)

# Where `make install` puts things: tc looks for plugins in the tc/ of the LIBDIR it was
# compiled with, which on Debian has the name of the architecture in it.
LIBDIR  ?= /usr/lib$(addprefix /,$(shell $(CC) -print-multiarch 2> /dev/null))
MANDIR  ?= /usr/share/man
SBINDIR ?= /usr/sbin
COMPDIR ?= /usr/share/bash-completion/completions
INSTALL_MOD_PATH ?= $(DESTDIR)

KERNELS := 6.12 7.3 rt debug-mem debug-lock unit
DRIVERS := tgbe in-tree
NICS    := igb e1000e
CPULIST := 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16

# one-of NAME,ALLOWED: stops with a line of its own on anything else
one-of = $(if $($(1)),$(if $(and $(filter $(2),$($(1))),$(filter 1,$(words $($(1))))),,$(error $(1) must be one of: $(2) (not '$($(1))'))))
$(call one-of,KERNEL,$(KERNELS))
$(call one-of,NIC,$(NICS))
$(call one-of,CPUS,$(CPULIST))
$(call one-of,FULL,1)
$(call one-of,DRIVER,$(DRIVERS))

VM := $(if $(KERNEL),--kernel $(KERNEL)) $(if $(NIC),--nic $(NIC)) $(if $(CPUS),--cpus $(CPUS))

.PHONY: modules modules_install install netpath netpath_install load unload demo check check-debug check-unit check-mutants check-knobs check-rows check-upstream try bench shell lint help clean distclean

modules:
	@test -n "$(RELEASE)" || { echo "no kernel headers in $(KDIR): install linux-headers-$$(uname -r), or set KDIR=" >&2; exit 1; }
	@$(LAB)/build "$(KDIR)" "$(OUT)" $(if $(W),W=$(W)) $(if $(C),C=$(C))

modules_install: modules
	@$(MAKE) --no-print-directory -C "$(KDIR)" M="$(OUT)" INSTALL_MOD_PATH="$(INSTALL_MOD_PATH)" CONFIG_MODULE_SIG_ALL= DEPMOD=true modules_install
	@depmod $(if $(INSTALL_MOD_PATH),-b "$(INSTALL_MOD_PATH)") "$(RELEASE)"

install: modules_install
	install -D -m 644 "$(OUT)/q_txpath.so" "$(DESTDIR)$(LIBDIR)/tc/q_txpath.so"
	install -D -m 644 tools/tc/tc-txpath.8 "$(DESTDIR)$(MANDIR)/man8/tc-txpath.8"
	@[ ! -x "$(OUT)/netpath/netpath" ] || $(MAKE) --no-print-directory netpath_install

# It needs nothing of the driver: `make netpath` builds it alone.
netpath:
	@$(MAKE) --no-print-directory -C tools/net/netpath KDIR="$(KDIR)" OUT="$(OUT)/netpath"

netpath_install: netpath
	install -D -m 755 "$(OUT)/netpath/netpath" "$(DESTDIR)$(SBINDIR)/netpath"
	install -D -m 644 "$(OUT)/netpath/netpath.8" "$(DESTDIR)$(MANDIR)/man8/netpath.8"
	install -D -m 644 tools/net/netpath/netpath.bash "$(DESTDIR)$(COMPDIR)/netpath"

load:
	@tools/load "$(OUT)/drivers/net/ethernet/tgbe/tgbe.ko" $(PCI)

unload:
	@tools/unload $(PCI)

demo:
	@$(LAB)/demo $(if $(KERNEL),KERNEL=$(KERNEL)) $(if $(NIC),NIC=$(NIC)) $(if $(CPUS),CPUS=$(CPUS))

# tests SET: the tests of a set of configurations
tests = $(LAB)/check SET=$(1) $(if $(KERNEL),KERNEL=$(KERNEL)) $(if $(NIC),NIC=$(NIC)) $(if $(CPUS),CPUS=$(CPUS)) $(if $(CONFIG),CONFIG=$(CONFIG)) $(if $(T),T="$(T)") $(if $(FULL),FULL=$(FULL))

check:
	@$(call tests,check)

check-debug:
	@$(call tests,debug)

check-unit:
	@$(LAB)/check-unit $(if $(KERNEL),KERNEL=$(KERNEL))

check-mutants:
	@$(LAB)/check-mutants $(if $(T),T="$(T)")

check-knobs:
	@$(LAB)/check-knobs $(if $(T),T="$(T)")

check-rows:
	@$(LAB)/check-rows $(if $(ROW),ROW="$(ROW)") $(if $(KERNEL),KERNEL=$(KERNEL)) $(if $(NIC),NIC=$(NIC)) $(if $(CPUS),CPUS=$(CPUS))

try:
	@$(LAB)/try $(if $(ROW),ROW="$(ROW)") $(if $(KERNEL),KERNEL=$(KERNEL)) $(if $(NIC),NIC=$(NIC)) $(if $(CPUS),CPUS=$(CPUS))

check-upstream:
	@tools/testing/upstream/check $(if $(KERNEL),KERNEL=$(KERNEL)) $(if $(NIC),NIC=$(NIC)) $(if $(DRIVER),DRIVER=$(DRIVER)) $(if $(T),T="$(T)") $(if $(UPDATE),UPDATE=$(UPDATE))

bench:
	@tools/testing/bench/bench $(if $(T),T="$(T)") $(if $(KERNEL),KERNEL=$(KERNEL)) $(if $(NIC),NIC=$(NIC)) $(if $(CPUS),CPUS=$(CPUS))

shell:
	@$(LAB)/lab build $(or $(KERNEL),7.3) gcc
	@$(LAB)/lab shell $(VM)

lint:
	@$(LAB)/lint

clean:
	rm -rf build

distclean: clean
	$(LAB)/lab clean

help:
	@sed 's/^/  /' $(LAB)/help

#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Runs inside the virtual machine, started by tests/vm/check: the bats files of this folder, and the unit tests that came
# along, on the machine as it is (no corner of their own: the cgroups of the machine, with all their controllers, are what
# they are for).
set -eu
shopt -s nullglob
top=/opt/paene
cp -r /mnt/host "$top" # programs run badly off the shared folder

echo "Linux $(uname -r), systemd $(systemctl --version | awk 'NR == 1 { print $2 }'), controllers:" \
	"$(cat /sys/fs/cgroup/cgroup.controllers)"
export PAENE_TEST_ISOLATED=vm
exec "$top/tests/run-tests" --jobs 1 --timeout 1500 --build "$top/build" \
	"$top"/build/tests/unit/* "$top"/tests/vm/*.bats

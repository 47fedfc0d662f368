# SPDX-License-Identifier: Apache-2.0
# What an archive holds becomes a layer as two other programs see it: archives of random trees, as three programs write them.
#
#   ORACLE_ROUNDS=N ORACLE_SEED=S   so many trees (default 3), others; ORACLE_KEEP=FOLDER: keep the archives that went wrong
load ../lib/common

@test "a layer is what GNU tar or bsdtar make of its archive" {
	needs_root
	needs_program tar bsdtar python3
	"$tests/lib/tar-oracle" --rounds "${ORACLE_ROUNDS:-3}" --seed "${ORACLE_SEED:-1}"
}

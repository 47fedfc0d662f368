#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# tests/podman-flags.md says what of podman's command line is not there; all else must be.

load ../lib/common

# Of podman 4.3: lines of "VERB: OPTION…", long options without dashes; those of "= OTHER" are OTHER's.
podman_verbs() {
	local verb options
	while IFS=: read -r verb options; do
		case $options in
		\ =\ *) options=$(sed -n "s/^${options# = }://p" "$tests/data/podman-4.3") ;;
		esac
		echo "$verb:$options"
	done < <(grep -v '^#' "$tests/data/podman-4.3")
}

rows() { # rows SECTION: "WORDS|OPTIONS" of each of its lines, which have words and options in the first two columns
	sed -n "/^## $1/,/^## /p" "$tests/podman-flags.md" | grep '^| `' | sed 's/^| *//; s/ *| */|/g; s/`//g' | cut -d'|' -f1,2
}

is_understood() { # is_understood VERB OPTION: shown in its help, or not; $help: its help
	[[ "$help" =~ --$2([^a-z0-9-]|$) ]] || ! paene $1 --help "--$2" 2>&1 | grep -q 'unknown option'
}

is_left_out() { # is_left_out VERB OPTION
	grep -qxE "($1|${1#container }|${1#image })\|--$2" "$BATS_FILE_TMPDIR/left-out"
}

@test "each of podman's verbs and options is there, or in the table with the reason; not both" {
	local verb options option help wrong=
	rows Options | python3 -c '
import sys
for line in sys.stdin:
    verbs, options = line.strip().split("|")
    for verb in verbs.split(", "):
        for option in options.split(", "):
            print(verb.strip() + "|" + option.strip())' >"$BATS_FILE_TMPDIR/left-out"
	rows Verbs | cut -d'|' -f1 | sed 's/, */\n/g' | sed 's/ *$//' >"$BATS_FILE_TMPDIR/no-verb"
	while IFS=: read -r verb options; do
		if ! help=$(paene $verb --help 2>"$BATS_TEST_TMPDIR/why"); then
			grep -qx "$verb" "$BATS_FILE_TMPDIR/no-verb" || wrong+="no verb $verb, and no row"$'\n'
			grep -q 'there is no verb "[a-z-]*": ' "$BATS_TEST_TMPDIR/why" || wrong+="$verb: $(<"$BATS_TEST_TMPDIR/why")"$'\n'
			continue
		fi
		for option in $options; do
			if is_understood "$verb" "$option"; then
				! is_left_out "$verb" "$option" || wrong+="$verb --$option is there, and a row says that it is not"$'\n'
			else
				is_left_out "$verb" "$option" || wrong+="$verb --$option is not there, and no row says why"$'\n'
			fi
		done
	done < <(podman_verbs)
	[ -z "$wrong" ] || fail "$wrong"
}

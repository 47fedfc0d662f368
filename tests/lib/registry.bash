# SPDX-License-Identifier: Apache-2.0
# registry.bash: registries on 127.0.0.1, for bats files: `load ../lib/registry` after common.
#
#   registry_start NAME [OPTION…]   Debian's docker-registry, empty unless NAME was there before; sets $REGISTRY to HOST:PORT
#     --tls                with a certificate for 127.0.0.1; the authority that signed it is $REGISTRY_CA
#     --certificate NAME   with another one of tests/registry/certificates
#     --htpasswd USER:PW   wants a name and a password
#     --token USER:PW      wants tokens of a token server, started beside it: its log is $REGISTRY_TOKEN_LOG; what follows
#                          `--` goes to tests/registry/token.py
#   faults_start NAME [OPTION…]     tests/registry/faults.py; sets $REGISTRY, and $FAULTS_LOG to what it was asked
#   line_start NAME [OPTION…]       tests/registry/cut.py, a bad line to $REGISTRY; sets $REGISTRY, and $LINE_LOG
#   registry_stop NAME, registries_stop    in teardown or teardown_file
#
# With $registry_address it is there and nowhere else: one that comes back where it was.

registries=$BATS_FILE_TMPDIR/registries

registry_certificates() { # made once; sets $REGISTRY_CERTS, $REGISTRY_CA
	REGISTRY_CERTS=$registries/certificates
	REGISTRY_CA=$REGISTRY_CERTS/ca.pem
	[ -d "$REGISTRY_CERTS" ] || "$tests/registry/certificates" "$REGISTRY_CERTS"
}

# In the background, as bats wants it: it holds none of bats' own files.
registry_process() { # registry_process FOLDER NAME COMMAND…
	local folder=$1 name=$2
	shift 2
	"$@" </dev/null >"$folder/$name.out" 2>&1 3>&- &
	echo $! >>"$folder/pids"
}

registry_start() {
	local name=$1 tls='' user='' auth='' token_options=() folder
	shift
	while [ $# -gt 0 ]; do
		case $1 in
		--tls) tls=server ;;
		--certificate) tls=$2 && shift ;;
		--htpasswd | --token) auth=${1#--} user=$2 && shift ;;
		--) shift && token_options=("$@") && break ;;
		*) fail "registry_start: $1?" || return ;;
		esac
		shift
	done
	needs_program docker-registry openssl python3
	folder=$registries/$name
	mkdir -p "$folder/storage"
	local settings=(REGISTRY_HTTP_ADDR="${registry_address:-127.0.0.1:0}" REGISTRY_STORAGE=filesystem REGISTRY_LOG_LEVEL=info
		REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY="$folder/storage" REGISTRY_STORAGE_DELETE_ENABLED=true)
	if [ -n "$tls" ]; then
		registry_certificates
		settings+=(REGISTRY_HTTP_TLS_CERTIFICATE="$REGISTRY_CERTS/$tls.pem" REGISTRY_HTTP_TLS_KEY="$REGISTRY_CERTS/$tls.key")
	fi
	case $auth in
	htpasswd)
		# perl is on every Debian, and knows the one kind of hash that the registry takes
		perl -e '($u, $p) = split /:/, $ARGV[0], 2; print "$u:", crypt($p, "\$2y\$05\$paenepaenepaenepaenepu"), "\n"' "$user" \
			>"$folder/htpasswd"
		settings+=(REGISTRY_AUTH=htpasswd REGISTRY_AUTH_HTPASSWD_REALM=here REGISTRY_AUTH_HTPASSWD_PATH="$folder/htpasswd")
		;;
	token)
		[ -z "$tls" ] || token_options+=(--tls "$REGISTRY_CERTS/server.pem" "$REGISTRY_CERTS/server.key")
		rm -f "$folder/token.port"
		registry_process "$folder" token "$tests/registry/token.py" --folder "$folder" --user "$user" "${token_options[@]}"
		wait_until 20 test -e "$folder/token.port"
		settings+=(REGISTRY_AUTH=token REGISTRY_AUTH_TOKEN_REALM="http${tls:+s}://127.0.0.1:$(<"$folder/token.port")/token"
			REGISTRY_AUTH_TOKEN_SERVICE=paene-test REGISTRY_AUTH_TOKEN_ISSUER=paene-test
			REGISTRY_AUTH_TOKEN_ROOTCERTBUNDLE="$folder/token.pem")
		REGISTRY_TOKEN_LOG=$folder/token.log
		;;
	esac
	printf 'version: 0.1\n' >"$folder/config.yml"
	rm -f "$folder/registry.out" # of a run before: it is waited for what the new one says
	registry_process "$folder" registry env -i PATH="$PATH" "${settings[@]}" docker-registry serve "$folder/config.yml"
	wait_until 30 grep -q 'listening on 127.0.0.1:' "$folder/registry.out"
	REGISTRY=$(sed -nE 's/.*listening on (127\.0\.0\.1:[0-9]+).*/\1/p' "$folder/registry.out" | head -n 1)
}

faults_start() {
	local name=$1 folder=$registries/$1
	shift
	needs_program openssl python3
	mkdir -p "$folder"
	rm -f "$folder/port"
	registry_process "$folder" faults "$tests/registry/faults.py" --folder "$folder" "$@"
	wait_until 20 test -e "$folder/port"
	REGISTRY=127.0.0.1:$(<"$folder/port") FAULTS_LOG=$folder/log
}

line_start() {
	local name=$1 folder=$registries/$1
	shift
	mkdir -p "$folder"
	rm -f "$folder/port" "$folder/log"
	registry_process "$folder" line "$tests/registry/cut.py" --folder "$folder" --to "${REGISTRY##*:}" "$@"
	wait_until 20 test -e "$folder/port"
	REGISTRY=127.0.0.1:$(<"$folder/port") LINE_LOG=$folder/log
}

registry_stop() {
	local pid
	for pid in $(cat "$registries/$1/pids" 2>/dev/null); do
		kill "$pid" 2>/dev/null || true # it may have ended by itself
		wait "$pid" 2>/dev/null || true # where it is a child of this shell
	done
	rm -f "$registries/$1/pids"
}

registries_stop() {
	local folder
	for folder in "$registries"/*/; do
		registry_stop "$(basename "$folder")"
	done
}

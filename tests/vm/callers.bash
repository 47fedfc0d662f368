# SPDX-License-Identifier: Apache-2.0
# callers.bash: what the tests of those who call paene-oci share.

image=localhost/busybox:1
runtime=/usr/local/bin/paene-oci # where the files of dist/ have it

install_runtime() {
	install -m 0755 "$PAENE_BUILD/paene-oci" $runtime
	install -D -m 0755 "$PAENE_BUILD/paene-systemd" /usr/local/libexec/paene/paene-systemd
}

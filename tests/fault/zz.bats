# SPDX-License-Identifier: Apache-2.0
load lib
@test "load: killed" {
	killed load
}
@test "rmi: killed" {
	killed rmi
}
@test "load fails" {
	failing load
}
@test "rmi fails" {
	failing rmi
}

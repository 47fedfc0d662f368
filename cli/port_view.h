/* SPDX-License-Identifier: Apache-2.0 */
/* port_view.h: a container's published and exposed ports as people and scripts read them, in podman's and docker's words. */
#ifndef CLI_PORT_VIEW_H
#define CLI_PORT_VIEW_H

#include "runtime/engine.h"
#include "spec/decode.h"

struct port_view {
	struct net_port *v; /* published; host_port is 0 before a free one is found */
	size_t n;
	struct strv exposed; /* and no more than that; borrowed */
};

/* Those of the present run, else those that it is to have. Return: 0, or -errno with @e filled */
int port_view(const struct container *c, struct arena *a, struct port_view *ret, struct err *e);

/* "0.0.0.0:8080", "[::1]:8080" */
const char *port_view_host(const struct net_port *p, char buf[NET_PORT_MAX]);

/* For a table: "0.0.0.0:8080->80/tcp", neighbours as one, then what is exposed alone. Return: 0, or -ENOMEM with @e filled */
int port_view_words(const struct port_view *view, struct arena *a, struct strv *ret, struct err *e);

/* For rows of inspect: { "80/tcp": [{ "HostIp": "0.0.0.0", "HostPort": "8080" }] }, and the same with what is exposed alone. */
int put_port_bindings(const struct field *f, const void *value, json_t **ret, struct err *e);
int put_ports(const struct field *f, const void *value, json_t **ret, struct err *e);

/* { "80/tcp": {} }: all of them. */
int put_exposed_ports(const struct field *f, const void *value, json_t **ret, struct err *e);

/* For `ps`, as podman has it: [{ "host_ip": "", "container_port": 80, "host_port": 8080, "range": 1, "protocol": "tcp" }] */
int put_port_list(const struct field *f, const void *value, json_t **ret, struct err *e);

/* A row: PUT is one of these. */
#define FIELD_PORTS(type, member, name, put) { .key = (name), .offset = offsetof(type, member), .encode = (put), .required = true }

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * user_network.h: networks that a program of the user's own leads out of: of a run by itself (--network pasta), and of all bridges of
 * a user, which are in one network namespace (rootless.h).
 *
 *   RUN/containers/ID/netns   link to the namespace: the program ends when it is removed (network/pasta.h)
 *   RUN/containers/ID/pasta   the program, "PID STARTTIME"
 *   RUN/uplink/               the same for the bridges
 *
 * The former go with the folder, when the container does. The program of the bridges is there while a container is on one. The lock
 * of its folder is shared by those who join, and held alone by who starts or ends it: so none ends it that somebody counts on.
 */
#ifndef RUNTIME_USER_NETWORK_H
#define RUNTIME_USER_NETWORK_H

#include "runtime/engine.h"

/* Does it have such a network? */
bool user_network_is(const struct settings *s);

/**
 * user_network_connect() - Start the program for a container that is being made
 * @netns:	Its network namespace
 * @rec:	Gets the published ports
 *
 * Return: a pidfd of the program, or -errno with @e filled: then it has been ended
 */
int user_network_connect(const struct engine *g, const struct settings *s, int netns, struct run_record *rec, struct err *e);

/**
 * user_network_begin() - The same without ports and options, for whatever has its files in this folder
 * @folder:	Below RUN
 *
 * Return: a pidfd of the program, or -errno with @e filled
 */
int user_network_begin(const struct engine *g, const char *folder, int netns, struct err *e);

/* Its program, before the record of it goes. Return: a pidfd, or -errno: there is none */
int user_network_find(const struct engine *g, const char *id);

/* End it, so that its ports are free when we come back. */
void user_network_end(int pidfd);

/**
 * uplink_hold() - The way out of a user's bridges, started where it is not there; it stays until the caller has joined one
 *
 * Return: an fd to be closed when the network's record of the container is written, or -errno with @e filled
 */
int uplink_hold(const struct engine *g, struct err *e);

/* Does its program run? */
bool uplink_is_up(const struct engine *g);

/* Has a killed command left it, with no container on a bridge? */
bool uplink_is_left(const struct engine *g);

/* End it where no container is on a bridge any more, nor about to be. */
void uplink_let_go(const struct engine *g);

#endif

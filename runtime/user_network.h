/* SPDX-License-Identifier: Apache-2.0 */
/*
 * user_network.h: --network pasta: a run whose network is a program of the user's own.
 *
 *   RUN/containers/ID/netns   link to the namespace: the program ends when it is removed (network/pasta.h)
 *   RUN/containers/ID/pasta   the program, "PID STARTTIME"
 *
 * Both go with the folder, when the container does.
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
 * Return: 0, or -errno with @e filled
 */
int user_network_connect(const struct engine *g, const struct settings *s, int netns, struct run_record *rec, struct err *e);

/* Its program, before the record of it goes. Return: a pidfd, or -errno: there is none */
int user_network_find(const struct engine *g, const char *id);

/* End it, so that its ports are free when we come back. */
void user_network_end(int pidfd);

#endif

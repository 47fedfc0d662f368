/* SPDX-License-Identifier: Apache-2.0 */
/* absent.h: verbs of podman and docker that paene has not, and what to do instead. */
#ifndef CLI_ABSENT_H
#define CLI_ABSENT_H

/* program.absent. @group: the verb before it, or NULL. Return: a sentence, or NULL: it is nobody's */
const char *absent_verb(const char *group, const char *name);

#endif

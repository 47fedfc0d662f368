/* SPDX-License-Identifier: Apache-2.0 */
/* show.h: the job of making JSON from outside fit to be looked at. */
#ifndef IMAGES_WORKER_SHOW_H
#define IMAGES_WORKER_SHOW_H

#include "images/protocol.h"

/* Write @input, a small file of JSON, indented and in ASCII to WORK_SHOWN_FILE in @work. Return: 0, or -errno with @e filled */
int show_json(int input, int work, struct work_done *ret, struct err *e);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * signature.h: signatures of images as cosign makes them with a key: a manifest whose layers are payloads (simple signing, a
 * JSON text with the digest of what is signed), each with its signature as an annotation.
 */
#ifndef IMAGES_WORKER_SIGNATURE_H
#define IMAGES_WORKER_SIGNATURE_H

#include "images/signed.h"

/**
 * signature_list() - Write down which payloads such a manifest names, and their signatures
 * @manifest:	Its file
 * @work:	Gets SIGNED_FILE
 *
 * Layers of other kinds are passed over. Return: 0, or -errno with @e filled
 */
int signature_list(int manifest, int work, struct work_done *ret, struct err *e);

/**
 * signature_verify() - Is a payload signed with a key, and is it about an image?
 * @job:	signature, subject
 * @payload:	Its file
 * @key:	PEM file of a public key, ECDSA P-256
 * @ret:	signed_name
 *
 * Return: 0: yes, or -errno with @e filled: -EKEYREJECTED: it is not this key's; others: it is, and says something else
 */
int signature_verify(const struct work_job *job, int payload, int key, struct work_done *ret, struct err *e);

#endif

// SPDX-License-Identifier: Apache-2.0
/*
 * What makes links slow and unreliable, as text: lines "KEY VALUE", and "to CIDR" for a rule of its own from there on. What is
 * accepted is written again and must be read back as the same, and the longest prefix stays first.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/fd.h"
#include "network/shape.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void add(struct spec_map *m, const char *key, char *value)
{
	if (*value)
		m->v[m->n++] = (struct spec_pair){ (char *)key, value };
}

static void write_again(const struct net_rule *r, struct arena *a)
{
	char in[NET_SHAPE_TEXT_MAX], out[NET_SHAPE_TEXT_MAX], delay[NET_SHAPE_TEXT_MAX], shares[4][NET_SHAPE_TEXT_MAX];
	char rates[2 * NET_SHAPE_TEXT_MAX + 2], normal[] = "normal";
	struct spec_pair pairs[8];
	struct spec_map m = { .v = pairs };
	struct net_shape again = { 0 };
	struct err e;

	net_rate_text(r->rate_bits[NET_IN], in);
	net_rate_text(r->rate_bits[NET_OUT], out);
	snprintf(rates, sizeof(rates), "%s/%s", in, out);
	if (*in || *out)
		add(&m, "rate", rates);
	add(&m, "delay", (char *)net_delay_text(r, delay));
	add(&m, "loss", (char *)net_share_text(r->loss, shares[0]));
	add(&m, "duplicate", (char *)net_share_text(r->duplicate, shares[1]));
	add(&m, "reorder", (char *)net_share_text(r->reorder, shares[2]));
	add(&m, "corrupt", (char *)net_share_text(r->corrupt, shares[3]));
	add(&m, "distribution", r->normal ? normal : normal + sizeof(normal) - 1);
	must(net_shape_set(a, &again, r->to, &m, &e) == 0 && again.n == 1);
	must((r->to != NULL) == (again.v[0].to != NULL) && (!r->to || streq(r->to, again.v[0].to)));
	again.v[0].to = r->to;
	must(memcmp(r, &again.v[0], offsetof(struct net_rule, normal)) == 0 && r->normal == again.v[0].normal);
	must(r->loss == again.v[0].loss && r->duplicate == again.v[0].duplicate && r->reorder == again.v[0].reorder &&
	     r->corrupt == again.v[0].corrupt);
}

static unsigned prefix_of(const struct net_rule *r)
{
	struct net_addr a;

	if (!r->to)
		return 0;
	must(net_addr_parse(r->to, &a) == 0);
	return a.prefix + 1U;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_arena struct arena a = { 0 };
	auto_free char *text = malloc(size + 1);
	struct net_shape shape = { 0 };
	const char *to = NULL;
	char *save = NULL;
	struct err e;

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *value = line + strcspn(line, " ");
		struct spec_pair pair = { line, value + (*value == ' ') };
		const struct spec_map values = { .v = &pair, .n = 1 };

		*value = '\0';
		if (streq(line, "to"))
			to = pair.value;
		else
			(void)net_shape_set(&a, &shape, to, &values, &e);
	}
	must(shape.n <= NET_RULES_MAX);
	for (size_t i = 0; i < shape.n; i++) {
		must(i == 0 || prefix_of(&shape.v[i - 1]) >= prefix_of(&shape.v[i]));
		write_again(&shape.v[i], &a);
	}
	return 0;
}

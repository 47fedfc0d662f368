// SPDX-License-Identifier: Apache-2.0
/* system: verbs about all there is. */
#include "cli/verbs.h"

static const struct verb *const verbs[] = { &verb_system_check, &verb_system_df, &verb_events, &verb_info };

const struct verb verb_system = {
	.name = "system",
	.group = "Other",
	.arguments = "VERB [ARGUMENT…]",
	.help = "room on disk; check it",
	.about = "Verbs about all there is. Those that stand alone, too, are the same there.",
	.below = VERBS(verbs),
};

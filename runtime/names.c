// SPDX-License-Identifier: Apache-2.0
#include "runtime/names.h"

#include <errno.h>
#include <stdio.h>
#include <sys/random.h>

static const char *const moods[] = {
	"agile", "amber", "bold",  "brave", "brisk", "calm",  "clear", "crisp",	 "deft",  "eager", "early",
	"fair",	 "fleet", "fond",  "frank", "fresh", "gentle", "glad", "golden", "grand", "happy", "hardy",
	"honest", "humble", "jolly", "keen", "kind",  "lively", "loyal", "lucid", "mellow", "merry", "mild",
	"neat",	 "nimble", "noble", "patient", "placid", "plucky", "polite", "prime", "proud", "quick", "quiet",
	"ready", "rosy", "sage",  "serene", "sharp", "silent", "sleek", "smart", "snug", "steady", "sunny",
	"swift", "tidy", "tender", "true", "vivid", "warm", "wise", "witty", "young",
};

static const char *const animals[] = {
	"adder", "badger", "beaver", "bison", "bream", "buzzard", "carp", "cicada", "cod", "condor", "coot",
	"crane", "crow", "curlew", "deer", "dove", "eagle", "egret", "eider", "elk", "falcon", "ferret",
	"finch", "fox", "gecko", "goose", "gull", "hare", "hawk", "heron", "ibex", "ibis", "jackdaw",
	"jay", "kestrel", "kite", "lark", "lynx", "magpie", "marten", "merlin", "mole", "moth", "newt",
	"otter", "owl", "oxen", "perch", "pike", "plover", "puffin", "quail", "raven", "robin", "salmon",
	"seal", "shrew", "skylark", "stoat", "stork", "swan", "tern", "thrush", "toad", "trout", "viper",
	"vole", "weasel", "wolf", "wren",
};

int names_random(char ret[NAMES_MAX], bool number)
{
	uint16_t r[3];

	if (getrandom(r, sizeof(r), 0) != (ssize_t)sizeof(r))
		return -EIO;
	int n = snprintf(ret, NAMES_MAX, "%s_%s", moods[r[0] % ARRAY_SIZE(moods)], animals[r[1] % ARRAY_SIZE(animals)]);

	if (number)
		snprintf(ret + n, NAMES_MAX - (size_t)n, "_%u", r[2]);
	return 0;
}

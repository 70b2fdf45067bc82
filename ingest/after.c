#include "ingest/after.h"

#include <string.h>

static const char *const names[] = { "keep", "seen", "move", "delete" };

const char *
after_name(enum after a)
{
	return names[a];
}

int
after_find(const char *word, enum after *a)
{
	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(word, names[i]) == 0) {
			*a = (enum after)i;
			return 0;
		}
	return -1;
}

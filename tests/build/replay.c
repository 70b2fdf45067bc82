/*
 * replay.c - play inputs back to a target of tests/fuzz, without libFuzzer.
 *
 *   replay TARGET FILE...     each is named before it is read: the last one named is what failed
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TARGET(name) int fuzz_##name(const uint8_t *p, size_t n);
TARGETS
#undef TARGET

static const struct {
	const char *name;
	int (*one)(const uint8_t *p, size_t n);
} targets[] = {
#define TARGET(name) { #name, fuzz_##name },
	TARGETS
#undef TARGET
};

/* All of ${path} in memory of its own, so that a byte read behind its end is noticed. */
static uint8_t *
slurp(const char *path, size_t *n)
{
	FILE *f = fopen(path, "rb");
	uint8_t *p = NULL;
	long size = -1;

	if (f != NULL && fseek(f, 0, SEEK_END) == 0)
		size = ftell(f);
	if (size >= 0 && fseek(f, 0, SEEK_SET) == 0)
		p = calloc(1, (size_t)size + (size == 0));
	*n = p != NULL ? fread(p, 1, (size_t)size, f) : 0;
	if (p == NULL || *n != (size_t)size) {
		fprintf(stderr, "could not read \"%s\": %s\n", path, strerror(errno));
		exit(1);
	}
	fclose(f);
	return p;
}

int
main(int argc, char **argv)
{
	size_t t = 0, count = sizeof(targets) / sizeof(targets[0]), n;

	while (argc > 1 && t < count && strcmp(argv[1], targets[t].name) != 0)
		t++;
	if (argc < 2 || t == count) {
		fprintf(stderr, "usage: replay TARGET FILE...\n");
		return 1;
	}
	for (int i = 2; i < argc; i++) {
		uint8_t *p = slurp(argv[i], &n);

		printf("%s\n", argv[i]);
		fflush(stdout);
		targets[t].one(p, n);
		free(p);
	}
	return 0;
}

/* Any bytes as a file: all that the parser can do with it. */
#include <assert.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/frame.h"
#include "parser/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static unsigned ends;

static int
on_frames(void *arg, struct str bytes)
{
	(void)arg;
	while (bytes.n > 0) {
		enum frame_type type;
		struct str payload;
		size_t used;

		assert(frame_next(bytes, &type, &payload, &used) == 1);
		ends += type == FRAME_END;
		bytes = (struct str){ bytes.p + used, bytes.n - used };
	}
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static struct message_parser *parser;
	static struct out out;
	const struct job job = { .ticket = 1, .name = STR("a!b!1!2.xml"), .bare = true };
	int fd = memfd_create("message", 0);
	struct err e;

	if (parser == NULL) {
		parser = message_parser_new(&e);
		out_init(&out, on_frames, NULL);
	}
	assert(fd >= 0 && write(fd, p, n) == (ssize_t)n);
	ends = 0;
	assert(message_parse(parser, fd, &job, &out, &e) == 0);
	assert(out_flush(&out, 0, &e) == 0 && ends == 1);
	close(fd);
	return 0;
}

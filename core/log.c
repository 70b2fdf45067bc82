#include "core/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "core/buf.h"
#include "core/text.h"

static enum log_level threshold = LOG_WARN;

void
log_init(enum log_level least)
{
	threshold = least;
}

void
log_event(enum log_level level, const char *fmt, ...)
{
	static const char *const prefix[] = {
		"ruastat: debug: ", "ruastat: ", "ruastat: ", "ruastat: "
	};
	char text[1024];
	struct buf line;
	ssize_t ignored;
	va_list ap;

	if (level < threshold)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	buf_init(&line, sizeof(text) * 5);
	buf_puts(&line, str_of(prefix[level]));
	text_terminal(&line, str_of(text));
	buf_put8(&line, '\n');
	/* One write, so that lines of several processes do not mix; nobody to tell if it fails. */
	ignored = write(STDERR_FILENO, line.p, line.n);
	(void)ignored;
	buf_fini(&line);
}

#include "core/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/buf.h"
#include "core/text.h"

static enum log_level threshold = LOG_WARN;
static bool (*filter)(void *arg, struct str text);
static void *filter_arg;

void
log_init(enum log_level least)
{
	threshold = least;
}

void
log_filter(bool (*wanted)(void *arg, struct str text), void *arg)
{
	filter = wanted;
	filter_arg = arg;
}

void
log_event(enum log_level level, const char *fmt, ...)
{
	static const char *const prefix[] = {
		"ruastat: debug: ", "ruastat: ", "ruastat: ", "ruastat: "
	};
	char text[1024];
	struct buf line;
	struct str said;
	bool print;
	ssize_t ignored = 0;
	va_list ap;

	if (level < threshold)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	buf_init(&line, sizeof(text) * 5);
	buf_puts(&line, str_of(prefix[level]));
	text_terminal(&line, str_of(text));
	said = (struct str){ line.p + strlen(prefix[level]), line.n - strlen(prefix[level]) };
	print = level < LOG_WARN || filter == NULL || filter(filter_arg, said);
	buf_put8(&line, '\n');
	/* One write, so that lines of several processes do not mix; nobody to tell if it fails. */
	if (print)
		ignored = write(STDERR_FILENO, line.p, line.n);
	(void)ignored;
	buf_fini(&line);
}

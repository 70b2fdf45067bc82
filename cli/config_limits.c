#include "cli/config_limits.h"

#include <stddef.h>
#include <stdio.h>

#include "cli/size.h"
#include "core/str.h"

#define MB ((uint64_t)1 << 20)
#define GB ((uint64_t)1 << 30)

#define NUMBER(field) offsetof(struct ceilings, field), sizeof(((struct ceilings *)0)->field)

/*
 * Least: a report of one day fits.  Most: bytea takes a mail of 1 GB, and in text four times as much;
 * as many parts and members have room in LIMIT_MESSAGE_REPORTS and in what precedes GMime.
 */
static const struct setting {
	const char *name;
	size_t at, width;
	bool bytes;
	uint64_t least, most;
	const char *what;
} settings[] = {
	{ "max_mail_size", NUMBER(mail), true, MB, 512 * MB, "of one mail, decoded or not" },
	{ "max_unpacked_size", NUMBER(unpacked), true, MB, 4 * GB,
	    "all archives of one mail unpacked; one bare XML file" },
	{ "max_parts", NUMBER(parts), false, 10, 2000, "MIME parts of one mail" },
	{ "max_members", NUMBER(members), false, 10, 2000, "members of all archives of one mail" },
	{ "max_kept_size", NUMBER(kept), true, 0, 256 * MB, "one unreadable mail that is kept" },
	{ "max_kept_total", NUMBER(kept_total), true, 0, 1024 * GB, "all of them, the newest" },
	{ "worker_memory", NUMBER(worker_memory), true, 256 * MB, 16 * GB,
	    "address space of one worker" },
	{ "worker_seconds", NUMBER(cpu_seconds), false, 1, 3600,
	    "of CPU time for one mail, and one for each 20 MB of mail" },
	{ "worker_wait", NUMBER(wait_seconds), false, 1, 3600,
	    "seconds that a worker may hang, no CPU time used" },
};

#define COUNT (sizeof(settings) / sizeof(settings[0]))

static void
put(struct ceilings *c, const struct setting *s, uint64_t value)
{
	char *to = (char *)c + s->at;

	if (s->width == sizeof(uint32_t))
		*(uint32_t *)(void *)to = (uint32_t)value;
	else
		*(uint64_t *)(void *)to = value;
}

static uint64_t
get(const struct ceilings *c, const struct setting *s)
{
	const char *from = (const char *)c + s->at;

	return s->width == sizeof(uint32_t) ? *(const uint32_t *)(const void *)from
					    : *(const uint64_t *)(const void *)from;
}

static const char *
shown(const struct setting *s, uint64_t value, char room[CEILING_SIZE])
{
	if (s->bytes)
		return ceilings_size(value, room);
	snprintf(room, CEILING_SIZE, "%llu", (unsigned long long)value);
	return room;
}

static int
take(const struct setting *s, const char *text, struct ceilings *c, struct err *e)
{
	char least[CEILING_SIZE], most[CEILING_SIZE];
	uint64_t value;
	int rc = s->bytes ? size_parse(text, &value)
			  : str_u64(str_trim(str_of(text)), INT64_MAX, &value);

	if (rc != 0 || value < s->least || value > s->most)
		return err_set(e, ERR_CONFIG, "%s is \"%.100s\"; it can be %s to %s", s->name, text,
		    shown(s, s->least, least), shown(s, s->most, most));
	put(c, s, value);
	return 0;
}

int
config_limits_take(cfg_t *cfg, struct ceilings *c, struct err *e)
{
	char room[3][CEILING_SIZE];
	uint64_t needed;

	*c = ceilings_default;
	c->worker_memory = 0;
	for (size_t i = 0; i < COUNT; i++) {
		const char *text = cfg_getstr(cfg, settings[i].name);

		if (text != NULL && take(&settings[i], text, c, e) != 0)
			return -1;
	}
	needed = ceilings_memory(c->mail);
	if (c->worker_memory == 0)
		c->worker_memory = needed > ceilings_default.worker_memory
		    ? needed
		    : ceilings_default.worker_memory;
	if (c->worker_memory < needed)
		return err_set(e, ERR_CONFIG,
		    "worker_memory is %s; a max_mail_size of %s needs %s of it",
		    ceilings_size(c->worker_memory, room[0]), ceilings_size(c->mail, room[1]),
		    ceilings_size(needed, room[2]));
	return 0;
}

void
config_limits_json(struct buf *out, const struct ceilings *c)
{
	for (size_t i = 0; i < COUNT; i++)
		buf_printf(out, "%s\"%s\":%llu", i > 0 ? "," : "", settings[i].name,
		    (unsigned long long)get(c, &settings[i]));
}

void
config_limits_text(struct buf *out, const struct ceilings *c)
{
	char room[CEILING_SIZE];

	for (size_t i = 0; i < COUNT; i++)
		buf_printf(out, "%-18s%-8s %s\n", settings[i].name,
		    shown(&settings[i], get(c, &settings[i]), room), settings[i].what);
}

#include "store/conninfo.h"

#include <libpq-fe.h>
#include <string.h>

/* A value between quotes ("Connection Strings" in PostgreSQL's manual, 34.1.1.1). */
static void
quote(struct buf *out, const char *value)
{
	buf_put8(out, '\'');
	for (; *value != '\0'; value++) {
		if (*value == '\'' || *value == '\\')
			buf_put8(out, '\\');
		buf_put8(out, (uint8_t)*value);
	}
	buf_put8(out, '\'');
}

int
conninfo_split(const char *conninfo, struct buf *open, struct buf *password, struct err *e)
{
	char *why = NULL;
	PQconninfoOption *options = PQconninfoParse(conninfo, &why);

	if (options == NULL) {
		err_set(e, ERR_CONFIG, "cannot read the database's connection string: %s",
		    why != NULL ? why : "out of memory");
		PQfreemem(why);
		return -1;
	}
	for (const PQconninfoOption *o = options; o->keyword != NULL; o++) {
		if (o->val == NULL)
			continue;
		if (strcmp(o->keyword, "password") == 0)
			buf_puts(password, str_of(o->val));
		if (strchr(o->dispchar, '*') != NULL) /* a secret */
			continue;
		buf_printf(open, "%s%s=", open->n > 0 ? " " : "", o->keyword);
		quote(open, o->val);
	}
	PQconninfoFree(options);
	buf_put8(open, '\0');
	buf_put8(password, '\0');
	return 0;
}

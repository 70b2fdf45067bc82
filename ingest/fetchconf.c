#include "ingest/fetchconf.h"

/* The fields by kind; both ends are the same program. */
#define TEXT(field) offsetof(struct fetch_conf, field)

static const size_t texts[] = {
	TEXT(imap.name),
	TEXT(imap.user),
	TEXT(imap.link.host),
	TEXT(imap.link.port),
	TEXT(imap.link.ca_file),
	TEXT(imap.link.fingerprint),
	TEXT(imap.link.certificate),
	TEXT(imap.link.key),
	TEXT(imap.password.file),
	TEXT(imap.password.command),
	TEXT(imap.password.credential),
	TEXT(imap.token.command),
	TEXT(imap.token.client_id),
	TEXT(imap.token.client_secret.file),
	TEXT(imap.token.client_secret.command),
	TEXT(imap.token.client_secret.credential),
	TEXT(imap.token.token_endpoint),
	TEXT(imap.token.device_endpoint),
	TEXT(imap.token.authorization_endpoint),
	TEXT(imap.token.scope),
	TEXT(imap.token.ca_file),
	TEXT(imap.token.store),
	TEXT(move_to),
	TEXT(failures),
	TEXT(tmp_dir),
};

#define TEXTS (sizeof(texts) / sizeof(texts[0]))
#define NUMBERS 10

static void
put_text(struct buf *out, const char *text)
{
	buf_put8(out, text != NULL);
	if (text != NULL)
		buf_put(out, text, strlen(text) + 1);
}

void
fetchconf_put(struct buf *out, const struct fetch_conf *c)
{
	const uint32_t numbers[NUMBERS] = { c->imap.link.tls, c->imap.link.connect_seconds,
		c->imap.link.wait_seconds, c->imap.auth, c->imap.token.grant, c->imap.compress,
		c->imap.idle_seconds, c->imap.poll_seconds, (uint32_t)c->after * 2 + c->watch,
		(uint32_t)c->imap.most };

	for (size_t i = 0; i < NUMBERS; i++)
		buf_put32(out, numbers[i]);
	for (size_t i = 0; i < TEXTS; i++)
		put_text(out, *(const char *const *)(const void *)((const char *)c + texts[i]));
	for (size_t i = 0; i < c->imap.nfolders; i++)
		put_text(out, c->imap.folders[i]);
}

static int
get_number(struct str *in, uint32_t *v)
{
	if (in->n < 4)
		return -1;
	*v = 0;
	for (size_t i = 0; i < 4; i++)
		*v = *v << 8 | (unsigned char)in->p[i];
	*in = (struct str){ in->p + 4, in->n - 4 };
	return 0;
}

static int
get_text(struct arena *a, struct str *in, const char **text)
{
	const char *end;

	*text = NULL;
	if (in->n == 0)
		return -1;
	if (*in->p == 0) {
		*in = (struct str){ in->p + 1, in->n - 1 };
		return 0;
	}
	end = memchr(in->p + 1, '\0', in->n - 1);
	if (end == NULL)
		return -1;
	*text = arena_str(a, (struct str){ in->p + 1, (size_t)(end - in->p) - 1 }).p;
	*in = (struct str){ end + 1, in->n - (size_t)(end + 1 - in->p) };
	return *text != NULL ? 0 : -1;
}

static int
get_folders(struct arena *a, struct str in, struct fetch_conf *c)
{
	const char **list = arena_alloc(a, (in.n / 2 + 1) * sizeof(*list));

	if (list == NULL)
		return -1;
	c->imap.folders = list;
	while (in.n > 0)
		if (get_text(a, &in, &list[c->imap.nfolders]) < 0 ||
		    list[c->imap.nfolders++] == NULL)
			return -1;
	return 0;
}

int
fetchconf_get(struct arena *a, struct str in, struct fetch_conf *c)
{
	uint32_t v[NUMBERS];

	*c = (struct fetch_conf){ .after = AFTER_KEEP };
	for (size_t i = 0; i < NUMBERS; i++)
		if (get_number(&in, &v[i]) < 0)
			return -1;
	c->imap.link.tls = (enum link_tls)v[0];
	c->imap.link.connect_seconds = v[1];
	c->imap.link.wait_seconds = v[2];
	c->imap.auth = (enum imap_auth)v[3];
	c->imap.token.grant = (enum token_grant)v[4];
	c->imap.compress = v[5] != 0;
	c->imap.idle_seconds = v[6];
	c->imap.poll_seconds = v[7];
	c->after = (enum after)(v[8] / 2);
	c->watch = v[8] % 2 != 0;
	c->imap.most = v[9];
	for (size_t i = 0; i < TEXTS; i++)
		if (get_text(a, &in, (const char **)(void *)((char *)c + texts[i])) < 0)
			return -1;
	return get_folders(a, in, c);
}

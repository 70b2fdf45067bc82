#include "dashboard/response.h"

#include <stdio.h>

#include "core/deflate.h"
#include "core/digest.h"
#include "core/text.h"

#define WORTH_GZIP 1024 /* below it fits one packet anyway */

void
response_init(struct response *r)
{
	*r = (struct response){ .status = 200, .type = "application/json", .may_change = true };
	buf_init(&r->body, SIZE_MAX / 2); /* what it holds was bounded before */
}

void
response_fini(struct response *r)
{
	buf_fini(&r->body);
}

void
response_refuse(struct response *r, unsigned status, const char *code, const char *parameter,
    const char *message)
{
	response_fini(r);
	response_init(r);
	r->status = status;
	buf_printf(&r->body, "{\"error\":{\"code\":\"%s\",", code);
	if (parameter != NULL) {
		buf_puts(&r->body, STR("\"parameter\":"));
		text_json(&r->body, str_of(parameter));
		buf_put8(&r->body, ',');
	}
	buf_puts(&r->body, STR("\"message\":"));
	text_json(&r->body, str_of(message));
	buf_puts(&r->body, STR("}}"));
}

void
response_fail(struct response *r, const struct err *e)
{
	switch (e->kind) {
	case ERR_DATABASE:
		response_refuse(r, 503, "database_away", NULL,
		    "the database cannot be reached at the moment; try again");
		r->retry_after = 2;
		break;
	case ERR_MESSAGE:
		response_refuse(
		    r, 400, "bad_parameter", NULL, "a parameter's value cannot be used");
		break;
	default:
		response_refuse(r, 500, "internal", NULL,
		    "this could not be answered; the server's log says why");
	}
}

static void
make_etag(struct response *r)
{
	struct digest *d = digest_new();
	struct sha256 h = digest_of(d, buf_str(&r->body));

	digest_free(d);
	/* Weak: gzipped or not, it is the same. */
	snprintf(r->etag, sizeof(r->etag), "W/\"%016llx\"", (unsigned long long)id_of(h));
}

/* Whether a list of entity tags (RFC 9110, 13.1.2) has ${etag}; weak comparison. */
static bool
has_etag(struct str list, const char *etag)
{
	struct str want = str_of(etag);

	if (str_casestarts(want, STR("W/")))
		want = (struct str){ want.p + 2, want.n - 2 };
	return want.n > 2 && str_find(list, want) != NULL;
}

/* Whether gzip is in Accept-Encoding and not forbidden there by q=0 (RFC 9110, 12.5.3). */
static bool
takes_gzip(struct str list)
{
	const char *end = list.p + list.n, *at = str_find(list, STR("gzip"));
	struct str rest;

	if (at == NULL)
		return false;
	rest = (struct str){ at + 4, (size_t)(end - at) - 4 };
	at = rest.n > 0 ? memchr(rest.p, ',', rest.n) : NULL;
	if (at != NULL)
		rest.n = (size_t)(at - rest.p);
	if (str_find(rest, STR("q=0")) == NULL)
		return true;
	for (size_t i = 0; i < rest.n; i++)
		if (rest.p[i] >= '1' && rest.p[i] <= '9')
			return true;
	return false;
}

static void
gzip(struct response *r)
{
	struct deflate *d;
	struct buf out;
	struct err ignored;

	d = deflate_new(&ignored);
	if (d == NULL)
		return;
	buf_init(&out, SIZE_MAX / 2);
	deflate_start(d, &out);
	deflate_add(d, buf_str(&r->body));
	deflate_end(d);
	deflate_free(d);
	buf_fini(&r->body);
	r->body = out;
	r->gzipped = true;
}

void
response_encode(struct response *r, const struct request *q)
{
	if (r->status != 200)
		return;
	if (r->may_change && q->method == METHOD_GET && r->etag[0] == '\0' && r->body.n > 0)
		make_etag(r);
	if (r->etag[0] != '\0' && has_etag(q->if_none_match, r->etag)) {
		buf_fini(&r->body);
		r->fixed = (struct str){ NULL, 0 };
		r->gzipped = false;
		r->status = 304;
	} else if (r->body.n >= WORTH_GZIP && strncmp(r->type, "application/gzip", 16) != 0 &&
	    strncmp(r->type, "application/zip", 15) != 0 && takes_gzip(q->accept_encoding)) {
		gzip(r);
	}
}

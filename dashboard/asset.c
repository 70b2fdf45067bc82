#include "dashboard/asset.h"

#include <stdio.h>

#include "web.h"

static const char *
type_of(struct str name)
{
	static const struct {
		struct str ending;
		const char *type;
	} types[] = {
		{ { ".html", 5 }, "text/html; charset=utf-8" },
		{ { ".js", 3 }, "text/javascript; charset=utf-8" },
		{ { ".css", 4 }, "text/css; charset=utf-8" },
		{ { ".svg", 4 }, "image/svg+xml" },
	};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		size_t n = types[i].ending.n;

		if (name.n >= n && memcmp(name.p + name.n - n, types[i].ending.p, n) == 0)
			return types[i].type;
	}
	return "text/plain; charset=utf-8";
}

static bool
answer_file(struct str name, bool may_change, struct response *r)
{
	for (size_t i = 0; i < web_files_n; i++) {
		const struct web_file *f = &web_files[i];

		if (!str_eq(name, str_of(f->name)))
			continue;
		r->type = type_of(name);
		r->fixed = (struct str){ f->gzip, f->n };
		r->gzipped = true; /* every browser since 1999 takes it */
		r->may_change = may_change;
		snprintf(r->etag, sizeof(r->etag), "\"%s\"", web_build);
		return true;
	}
	return false;
}

/* ${path} without ${prefix}, or false. */
static bool
below(struct str path, struct str prefix, struct str *rest)
{
	if (path.n < prefix.n || memcmp(path.p, prefix.p, prefix.n) != 0)
		return false;
	*rest = (struct str){ path.p + prefix.n, path.n - prefix.n };
	return true;
}

static bool
is_page(struct str path)
{
	static const char *const pages[] = { "/", "/login", "/account", "/reports" };
	struct str rest;

	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++)
		if (str_eq(path, str_of(pages[i])))
			return true;
	return below(path, STR("/domain/"), &rest) || below(path, STR("/report/"), &rest);
}

void
asset_answer(const struct request *q, struct response *r)
{
	struct str rest;

	if (below(q->path, STR("/static/"), &rest)) {
		if (!below(rest, str_of(web_build), &rest) || !below(rest, STR("/"), &rest) ||
		    !answer_file(rest, false, r))
			response_refuse(r, 404, "not_found", NULL, "there is no such file");
		return;
	}
	if (str_eq(q->path, STR("/favicon.ico")) && answer_file(STR("favicon.svg"), true, r))
		return;
	answer_file(STR("index.html"), true, r);
	if (!is_page(q->path))
		r->status = 404;
}

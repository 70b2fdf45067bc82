/*
 * Any bytes as a document that is not well-formed: mended it is well-formed, no longer than a small
 * multiple, and the same in whatever pieces it comes; read as attachments are, twice where needed.
 */
#include <assert.h>
#include <libxml/parser.h>

#include "core/limits.h"
#include "parser/aggregate.h"
#include "parser/mend.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static int
discard(void *arg, struct str bytes)
{
	(void)arg, (void)bytes;
	return 0;
}

static void
gather(void *arg, struct str xml)
{
	buf_puts(arg, xml);
}

static void
silence(void *arg, xmlErrorPtr error)
{
	(void)arg, (void)error;
}

/* What ${s} becomes in pieces of ${piece} bytes. */
static struct str
mended(struct str s, size_t piece, struct arena *a, struct buf *out)
{
	static struct mend *m;
	static struct buf *to;
	static struct fields fields;
	static struct quirks quirks;

	if (m == NULL)
		fields_init(&fields);
	if (to != out)
		mend_free(m);
	if (to != out)
		m = mend_new(gather, out);
	to = out;
	buf_reset(out);
	quirks = (struct quirks){ .arena = a };
	mend_start(m, &fields, &quirks);
	for (size_t at = 0; at < s.n; at += piece)
		mend_add(m, (struct str){ s.p + at, s.n - at < piece ? s.n - at : piece });
	mend_end(m);
	if (mend_result(m)->refused != NULL)
		buf_reset(out);
	return buf_str(out);
}

static void
check_mended(struct str s, struct arena *a)
{
	static struct buf one, two;
	xmlDocPtr doc;

	if (one.max == 0) {
		buf_init(&one, 64u << 20);
		buf_init(&two, 64u << 20);
		xmlSetStructuredErrorFunc(NULL, silence);
	}
	mended(s, s.n + 1, a, &one);
	mended(s, 7, a, &two);
	assert(str_eq(buf_str(&one), buf_str(&two)));
	assert(one.n <= 12 * s.n + 1000);
	if (one.n == 0)
		return;
	doc = xmlReadMemory(one.p, (int)one.n, NULL, "UTF-8", XML_PARSE_NONET);
	assert(doc != NULL);
	xmlFreeDoc(doc);
}

static int
read_once(struct aggregate *g, struct str s, struct part *part)
{
	struct err e;
	size_t half = s.n / 2;

	assert(aggregate_add(g, (struct str){ s.p, half }, &e) >= 0);
	assert(aggregate_add(g, (struct str){ s.p + half, s.n - half }, &e) >= 0);
	return aggregate_end(g, OUTCOME_CORRUPT, NULL, part, &e);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static struct aggregate *g;
	static struct arena *a;
	static struct out out;
	struct str s = { (const char *)p, n };
	struct part part;
	struct err e;
	int rc;

	if (g == NULL) {
		g = aggregate_new(&e);
		a = arena_new(LIMIT_WORKER_ARENA);
		out_init(&out, discard, NULL);
	}
	arena_reset(a);
	check_mended(s, a);
	aggregate_start(g, a, &out);
	rc = read_once(g, s, &part);
	if (rc == 1) {
		aggregate_start_again(g, a, &out, aggregate_first(g));
		rc = read_once(g, s, &part);
	}
	assert(rc == 0);
	assert((part.report != NULL) == (part.outcome <= OUTCOME_NULL_REPORT));
	assert(part.report == NULL || !part.report->partial || part.reason.n > 0);
	assert(out_flush(&out, 0, &e) == 0);
	return 0;
}

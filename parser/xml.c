#include "parser/xml.h"

#include <libxml/encoding.h>
#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/ceilings.h"
#include "core/limits.h"

#define CONVERTERS 32

/* What makes libxml2 slow, quadratic in these: no report comes near them. */
#define MAX_TAG ((size_t)64 << 10)
#define MAX_ATTRIBUTES 64
#define MAX_NAMES 10000

_Static_assert(LIMIT_XML_DEPTH == 64, "what is said of it below");

struct xml {
	struct xml_sink sink;
	xmlSAXHandler sax;
	xmlParserCtxtPtr ctxt; /* NULL between documents */
	xmlCharEncodingHandlerPtr converters[CONVERTERS];
	unsigned open; /* elements */
	size_t tag;    /* bytes since a "<" whose ">" has not come */
	struct xml_state state;
};

void
xml_stop(struct xml *x, const char *why)
{
	if (x->state.stopped == NULL)
		x->state.stopped = why;
	xmlStopParser(x->ctxt);
}

static void
on_start(void *arg, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri, int nnamespaces,
    const xmlChar **namespaces, int nattributes, int ndefaulted, const xmlChar **attributes)
{
	struct xml *x = arg;

	(void)prefix, (void)namespaces, (void)ndefaulted;
	(void)attributes;
	if (x->open >= LIMIT_XML_DEPTH) {
		xml_stop(x, "elements are nested more than 64 deep" CEILING_FIXED);
		return;
	}
	if (nattributes > MAX_ATTRIBUTES || nnamespaces > MAX_ATTRIBUTES) {
		xml_stop(x, "an element has more than 64 attributes" CEILING_FIXED);
		return;
	}
	x->open++;
	x->sink.start(x->sink.arg, str_of((const char *)name), str_of((const char *)uri));
}

static void
on_end(void *arg, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
{
	struct xml *x = arg;

	(void)name, (void)prefix, (void)uri;
	x->open -= x->open > 0;
	x->sink.end(x->sink.arg);
}

static void
on_text(void *arg, const xmlChar *p, int n)
{
	struct xml *x = arg;

	x->sink.text(x->sink.arg, (struct str){ (const char *)p, (size_t)n });
}

static void
on_instruction(void *arg, const xmlChar *target, const xmlChar *data)
{
	struct xml *x = arg;

	(void)data;
	x->sink.instruction(x->sink.arg, str_of((const char *)target));
}

static void
on_doctype(void *arg, const xmlChar *name, const xmlChar *external, const xmlChar *system)
{
	(void)name, (void)external, (void)system;
	xml_stop(arg, "it has a DOCTYPE");
}

static xmlEntityPtr
on_entity(void *arg, const xmlChar *name)
{
	(void)arg;
	return xmlGetPredefinedEntity(name);
}

static void
on_error(void *arg, xmlErrorPtr error)
{
	struct xml *x = arg;
	struct str s = str_trim(str_of(error->message));

	if (error->level < XML_ERR_FATAL || x->state.complaint[0] != '\0' ||
	    x->state.stopped != NULL)
		return;
	/* What libxml2 says at the end of the input, whether there is too much or too little. */
	if (error->code == XML_ERR_DOCUMENT_END && x->open > 0)
		s = STR("the document ends early");
	snprintf(x->state.complaint, sizeof(x->state.complaint), "%.*s", STR_ARG(s));
	x->state.line = error->line;
}

static void
silence(void *arg, const char *fmt, ...)
{
	(void)arg, (void)fmt;
}

/*
 * In the jail iconv can load no converter; those of a set that is held open stay loaded.  libxml2
 * itself knows UTF-8, UTF-16, ISO-8859-1 and US-ASCII.
 */
static void
open_converters(struct xml *x)
{
	static const char *const names[CONVERTERS] = { "WINDOWS-1250", "WINDOWS-1251",
		"WINDOWS-1252", "WINDOWS-1253", "WINDOWS-1254", "WINDOWS-1255", "WINDOWS-1256",
		"WINDOWS-1257", "WINDOWS-1258", "ISO-8859-2", "ISO-8859-3", "ISO-8859-4",
		"ISO-8859-5", "ISO-8859-6", "ISO-8859-7", "ISO-8859-8", "ISO-8859-9", "ISO-8859-10",
		"ISO-8859-13", "ISO-8859-14", "ISO-8859-15", "ISO-8859-16", "KOI8-R", "KOI8-U",
		"SHIFT_JIS", "EUC-JP", "ISO-2022-JP", "GB2312", "GBK", "GB18030", "BIG5",
		"EUC-KR" };

	for (size_t i = 0; i < CONVERTERS; i++)
		x->converters[i] = xmlFindCharEncodingHandler(names[i]);
}

struct xml *
xml_new(const struct xml_sink *sink)
{
	struct xml *x = calloc(1, sizeof(*x));

	if (x == NULL)
		abort();
	xmlInitParser();
	xmlSetGenericErrorFunc(NULL, silence);
	open_converters(x);
	x->sink = *sink;
	x->sax = (xmlSAXHandler){
		.initialized = XML_SAX2_MAGIC,
		.startElementNs = on_start,
		.endElementNs = on_end,
		.characters = on_text,
		.ignorableWhitespace = on_text,
		.cdataBlock = on_text,
		.processingInstruction = on_instruction,
		.internalSubset = on_doctype,
		.getEntity = on_entity,
		.serror = on_error,
	};
	return x;
}

void
xml_free(struct xml *x)
{
	if (x == NULL)
		return;
	xmlFreeParserCtxt(x->ctxt);
	for (size_t i = 0; i < CONVERTERS; i++)
		if (x->converters[i] != NULL)
			xmlCharEncCloseFunc(x->converters[i]);
	free(x);
}

const struct xml_state *
xml_state(const struct xml *x)
{
	return &x->state;
}

void
xml_start(struct xml *x)
{
	xmlFreeParserCtxt(x->ctxt);
	x->ctxt = xmlCreatePushParserCtxt(&x->sax, x, NULL, 0, NULL);
	if (x->ctxt == NULL)
		abort();
	xmlCtxtUseOptions(x->ctxt, XML_PARSE_NONET);
	x->open = 0;
	x->tag = 0;
	x->state = (struct xml_state){ 0 };
}

/* Whether a tag goes on and on: libxml2 would look at it again with each piece. */
static bool
endless_tag(struct xml *x, struct str piece)
{
	const char *close = memrchr(piece.p, '>', piece.n);
	const char *from = close != NULL ? close + 1 : piece.p;
	size_t n = (size_t)(piece.p + piece.n - from);
	const char *open;

	if (close != NULL)
		x->tag = 0;
	open = x->tag == 0 ? memchr(from, '<', n) : from;
	if (open != NULL)
		x->tag += (size_t)(piece.p + piece.n - open);
	return x->tag > MAX_TAG;
}

void
xml_add(struct xml *x, struct str piece)
{
	if (endless_tag(x, piece))
		xml_stop(x, "a tag is longer than 64 KB" CEILING_FIXED);
	else if (xmlDictSize(x->ctxt->dict) > MAX_NAMES)
		xml_stop(x, "it has more than 10000 different names" CEILING_FIXED);
	else
		xmlParseChunk(x->ctxt, piece.p, (int)piece.n, 0);
}

void
xml_end(struct xml *x)
{
	if (x->state.stopped == NULL)
		xmlParseChunk(x->ctxt, NULL, 0, 1);
	x->state.well_formed = x->ctxt->wellFormed;
	xmlFreeParserCtxt(x->ctxt);
	x->ctxt = NULL;
}

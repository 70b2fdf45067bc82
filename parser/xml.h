/*
 * xml.h - a stranger's XML 1.0 read in pieces, elements and text handed out as they come.
 *
 * No DTD, no entity but XML's own five, nothing from outside; what makes the library behind it slow
 * is refused: tags, attributes and different names beyond any need.
 */
#ifndef PARSER_XML_H
#define PARSER_XML_H

#include <stdbool.h>
#include <stddef.h>

#include "core/str.h"

struct xml;

/* All texts are UTF-8 and borrowed until the function returns. */
struct xml_sink {
	void *arg;
	/* An element opens, at most LIMIT_XML_DEPTH at once; ${uri} is that of its namespace. */
	void (*start)(void *arg, struct str name, struct str uri);
	void (*end)(void *arg);
	/* Anything between two tags may come in several pieces. */
	void (*text)(void *arg, struct str s);
	void (*instruction)(void *arg, struct str target);
};

/* Converters are opened here, before the jail. */
struct xml *xml_new(const struct xml_sink *sink);
void xml_free(struct xml *x);

/* Most that xml_add takes: the end of each construct is looked for in what was given. */
#define XML_PIECE ((size_t)32 << 10)

/* A document: xml_start, any number of xml_add, xml_end. */
void xml_start(struct xml *x);
void xml_add(struct xml *x, struct str piece);
void xml_end(struct xml *x);

/* Read no further, also from within the sink; ${why} must last. */
void xml_stop(struct xml *x, const char *why);

struct xml_state {
	const char *stopped; /* the first reason, or NULL */
	char complaint[160]; /* the first that the document is not well-formed, or empty */
	int line;            /* of the complaint */
	bool well_formed;    /* once it has ended */
};

/* Of the present document, or the last one. */
const struct xml_state *xml_state(const struct xml *x);

#endif

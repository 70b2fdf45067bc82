/* imapprobe.h - log in to a mailbox, look, and change nothing: for "check-config --connect". */
#ifndef INGEST_IMAPPROBE_H
#define INGEST_IMAPPROBE_H

#include "core/keyset.h"

#include "ingest/imapconf.h"
#include "ingest/source.h"

struct imapprobe_folder {
	const char *name;
	uint32_t mails;
	uint32_t fresh;      /* beyond the mark */
	const char *problem; /* NULL: it could be opened */
};

/* What is told, in this order; texts are borrowed until the call returns. */
struct imapprobe_sink {
	void *arg;
	void (*session)(void *arg, const char *cipher, struct str capabilities);
	void (*folder)(void *arg, const struct imapprobe_folder *f);
	void (*other)(void *arg, const char *name); /* there, but not read */
};

/* ${marks}: how far the folders were read.  -1 when it cannot log in or loses the connection. */
int imapprobe(const struct source_conf *conf, const struct mark *marks, size_t n,
    const struct imapprobe_sink *sink, struct err *e);

#endif

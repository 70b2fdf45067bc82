/* err.h - what went wrong, and who must act on it. */
#ifndef CORE_ERR_H
#define CORE_ERR_H

/* The kind names what is damaged, hence the policy; the policy is one switch per process. */
enum err_kind {
	ERR_NONE,
	ERR_MESSAGE,  /* one message: record it, carry on */
	ERR_SOURCE,   /* one mailbox: leave it, try the others, try again later */
	ERR_DATABASE, /* the database: back off, retry, then exit 75 */
	ERR_CONFIG,   /* the operator must change something: stop, exit 1 */
};

struct err {
	enum err_kind kind;
	char text[512];
};

/* Write the story into ${e} and return -1, so that a caller may `return err_set(…)`. */
int err_set(struct err *e, enum err_kind kind, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Put "fmt: " before what ${e} already says, keeping its kind; returns -1. */
int err_wrap(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif

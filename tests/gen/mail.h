/* mail.h - the mail that carries a report, as each reporter sends it. */
#ifndef GEN_MAIL_H
#define GEN_MAIL_H
#include <stdint.h>

struct report;
struct rng;
struct text;

/* Write into ${out} a mail with the complete report ${r}, delivered at ${when}. */
void mail_report(struct text *out, const struct report *r, int64_t when, struct rng *);

/*
 * What a mail server puts on top: Return-Path: <${sender}>, Delivered-To: and
 * Received: from ${host}.  The author's headers follow.
 */
void mail_trace(struct text *out, const char *sender, const char *host, const char *to,
    int64_t when, struct rng *);

/* A DKIM-Signature that looks like one of ${domain}; nobody can verify it. */
void mail_signature(
    struct text *out, const char *domain, const char *selector, int64_t when, struct rng *);
#endif

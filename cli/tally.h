/* tally.h - what a run did, and how it is told. */
#ifndef CLI_TALLY_H
#define CLI_TALLY_H

#include "store/intake.h"

/* The outcomes count mails, the others what is newly stored. */
struct tally {
	uint64_t mails, outcomes[OUTCOME_COUNT];
	uint64_t reports, records, messages;
};

/* Those of mails, as they are told: the good ones first. */
#define TALLY_OUTCOMES 9
extern const enum outcome tally_order[TALLY_OUTCOMES];

/* Count a mail that is over. */
void tally_add(struct tally *t, const struct intake *in);

/* Mails that hold a report that could not be stored. */
uint64_t tally_unreadable(const struct tally *t);

/* A warning that there are such mails: one line, so that who reads the log knows what to look at. */
void tally_warn(const struct tally *t);

/* On standard output: one JSON object (ruastat-json(5)), or a line for people. */
void tally_json(const struct tally *t, double seconds);
void tally_text(const struct tally *t, double seconds);

#endif

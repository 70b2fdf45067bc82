/* complete.h - what a report leaves out, completed from what the mail around it says. */
#ifndef PARSER_COMPLETE_H
#define PARSER_COMPLETE_H

struct fields;

/*
 * All of ${f} is read: where its domain, period, identifier or sender is missing take that of
 * ->hints, or what its records agree on, each with a quirk that says from where.
 */
void complete_report(struct fields *f);

#endif

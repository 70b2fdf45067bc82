/* identify.h - whether a report that was read is to be stored, and which one it is. */
#ifndef CLI_IDENTIFY_H
#define CLI_IDENTIFY_H

struct digest;
struct flow_conf;
struct intake;

/*
 * Give each report in ${in} its identity, or a reason why it is not stored: it is of no own domain,
 * or of no time a database can keep, or a failure report where those are not kept.
 */
void identify_parts(const struct flow_conf *conf, struct digest *digest, struct intake *in);

#endif

/* route.h - the table of paths: who may ask, with what, and which statement answers. */
#ifndef DASHBOARD_ROUTE_H
#define DASHBOARD_ROUTE_H

#include "dashboard/login.h"

struct router {
	struct readers *readers;
	struct logins *logins;
};

/* Answer ${q}.  ${arg} is a struct router; safe to call from any thread. */
void route_answer(void *arg, const struct request *q, struct response *r);

#endif

/* login.h - the requests that begin, end and change sessions (API.md, Sessions). */
#ifndef DASHBOARD_LOGIN_H
#define DASHBOARD_LOGIN_H

#include "dashboard/session.h"

/* What they need; safe to use from any thread. */
struct logins;

/* ${cookie} is the name of the session's cookie; both must outlive it. */
struct logins *logins_new(struct readers *readers, const char *cookie);
void logins_free(struct logins *s);

/* Wrong passwords and links are counted (attempts.h) before they are looked at. */
void login_by_password(struct logins *s, const struct request *q, struct response *r);
void login_by_link(struct logins *s, const struct request *q, struct response *r);

void login_end(
    struct logins *s, const struct request *q, const struct session *session, struct response *r);

/* A new password; who came by a link gets a name with it. */
void login_password(
    struct logins *s, const struct request *q, const struct session *session, struct response *r);

/*
 * The name of a user as it is stored, folded to lower case, in ${a}; empty and ERR_MESSAGE where it is
 * no name.
 */
struct str user_name(struct arena *a, struct str given, struct err *e);

#endif

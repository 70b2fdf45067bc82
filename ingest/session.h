/*
 * session.h - one connection to an IMAP server, from the greeting to the logout (RFC 3501, RFC 9051).
 *
 * Commands may be sent without waiting for the one before (pipelined); each has a number.  What the
 * server says unasked goes to ->untagged.  Lost connections, BYE and broken grammar are ERR_SOURCE;
 * wrong credentials and the like, which another try does not mend, are ERR_CONFIG.
 */
#ifndef INGEST_SESSION_H
#define INGEST_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "ingest/capability.h"
#include "ingest/imapconf.h"
#include "ingest/mailbox.h"
#include "ingest/response.h"

enum reply_status { REPLY_OK, REPLY_NO, REPLY_BAD };

/* The end of a command.  Borrowed until the next response is read. */
struct reply {
	uint32_t tag;
	enum reply_status status;
	struct str code;
	const struct value *code_values;
	struct str text;
};

/* What is to be done with what comes unasked, and with mails (see ingest/response.h). */
struct session_sink {
	void *arg;
	int (*untagged)(void *arg, const struct response *r, struct err *e);
	int (*begin)(void *arg, uint32_t number, uint64_t size, struct err *e);
	int (*piece)(void *arg, struct str piece, struct err *e);
};

/* The folder that is open, as SELECT or EXAMINE told. */
struct selected {
	bool open;
	uint32_t exists;
	uint32_t uidvalidity;
	uint32_t uidnext; /* 0: not told */
	bool keywords;    /* new ones may be made: PERMANENTFLAGS has \* */
	bool read_only;   /* says the server */
	bool news;        /* EXISTS came since somebody last looked */
};

struct session;

/*
 * Connect, make it private, log in, ask for the namespaces.  ${conf} is borrowed until
 * session_close.
 */
struct session *session_open(const struct imap_conf *conf, struct err *e);

/* Without a word to the server; NULL is fine. */
void session_close(struct session *s);

/* LOGOUT and its answer, LOGOUT_SECONDS at most; then as session_close. */
void session_logout(struct session *s);

#define LOGOUT_SECONDS 3

/* Whether nothing more can be said over it: what failed last was the connection. */
bool session_is_lost(const struct session *s);

bool session_has(const struct session *s, enum capability c);

/* All of them as the server sent them, one blank between two. */
struct str session_capabilities(const struct session *s);

const char *session_cipher(const struct session *s);
const struct mailbox_space *session_space(const struct session *s);
struct selected *session_selected(struct session *s);

/* Who is told of what comes unasked from here on; NULL: nobody. */
void session_listen(struct session *s, const struct session_sink *sink);

/* Queue a command, without its tag and CRLF; its number into ${tag} (NULL: not wanted). */
int session_send(struct session *s, uint32_t *tag, struct err *e, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* Queue a line that goes on with a command: what the server asked for. */
int session_line(struct session *s, struct str line, struct err *e);

enum session_event { SESSION_UNTAGGED, SESSION_CONTINUE, SESSION_REPLY };

/*
 * Read one response, waiting for it, and return which kind it is; ${r} is set for SESSION_REPLY, and
 * its text for SESSION_CONTINUE.
 */
int session_read(struct session *s, struct reply *r, struct err *e);

/* The server keeps us waiting longer than the configuration allows: it is lost.  Returns -1. */
int session_give_up(struct session *s, struct err *e);

/* Read until the command ${tag} ends; what else ends meanwhile is dropped. */
int session_await(struct session *s, uint32_t tag, struct reply *r, struct err *e);

/* Send and await. */
int session_run(struct session *s, struct reply *r, struct err *e, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* Wait as link_wait does; LINK_READABLE also when a response was begun already. */
int session_wait(struct session *s, int other, int timeout_ms, struct err *e);

/*
 * Open the folder ${wire}, for reading alone or for writing.  ${name} is for messages.  ERR_SOURCE
 * when it is not there, may not be opened, or has no UIDVALIDITY: then nothing could be remembered.  One opened for writing
 * may be ->read_only nevertheless.
 */
int session_select(
    struct session *s, struct str wire, const char *name, bool read_only, struct err *e);

/*
 * IDLE (RFC 2177): what comes is then to be read as always.  session_done ends it.  Between them no
 * command may be sent.
 */
int session_idle(struct session *s, struct err *e);
int session_done(struct session *s, struct err *e);

/* Between them; a server may end it of its own accord. */
bool session_is_idling(const struct session *s);

/*
 * Set ${e} from a reply that is not OK: "${what}: the server's words", and what to do where its code says
 * that.  Returns -1.
 */
int session_refused(
    const struct session *s, const char *what, const struct reply *r, struct err *e);

#endif

#include "ingest/imapread.h"

#include <poll.h>
#include <unistd.h>

#include "core/limits.h"
#include "core/log.h"
#include "core/now.h"

#include "ingest/imapkey.h"
#include "ingest/imaplist.h"

#define ARENA_BYTES ((size_t)64 << 20)
#define REFUSED_MS 300000 /* watching: until what the server refused to do is tried again */

/* A mail waits for an after-action: once its folder is open. */
struct pending {
	struct key key;
	enum known what;
};

static bool
writes(const struct imapread *r)
{
	return r->conf.after != AFTER_KEEP || r->conf.failures != NULL;
}

static struct imap_folder *
folder_of(struct imapread *r, int64_t id)
{
	struct imap_folder *folder = r->recent;

	if (folder == NULL || folder->id != id)
		for (folder = r->folders; folder != NULL && folder->id != id;)
			folder = folder->next;
	r->recent = folder;
	return folder;
}

/* The source has committed this mail. */
static void
commit(struct imapread *r, struct key key, enum known what)
{
	struct imapkey k = imapkey_get(key);
	struct imap_folder *folder = folder_of(r, k.folder_id);

	if (folder == NULL || !folder->begun || folder->uidvalidity != k.uidvalidity)
		return;
	if (plan_is_handed(&folder->plan, k.uid))
		fetch_committed(&r->fetch, plan_size(&folder->plan, k.uid));
	plan_done(&folder->plan, k.uid);
	imapsettle_add(&folder->settle, k.uid, what);
	r->progress = true;
}

static void
note_key(struct imapread *r, struct key key, enum known what)
{
	struct pending p = { key, what };

	keyset_put(r->known, key, what);
	if (what != KNOWN_DONE)
		buf_put(&r->pending, &p, sizeof(p));
}

static int
hear_keys(struct imapread *r, struct str payload, bool started)
{
	enum known what;
	const char *keys;
	struct key key;
	size_t n;

	if (post_get_keys(payload, &what, &keys, &n) < 0 || what == KNOWN_NOT)
		return -1;
	for (size_t i = 0; i < n; i++) {
		memcpy(&key, keys + i * sizeof(key), sizeof(key));
		if (started)
			commit(r, key, what);
		else
			note_key(r, key, what);
	}
	return 0;
}

/* Tell the source how far the folders are, where that has changed. */
static void
tell_marks(struct imapread *r)
{
	for (struct imap_folder *folder = r->folders; folder != NULL; folder = folder->next) {
		struct mark m = { folder->id, folder->name, folder->uidvalidity,
			folder->plan.mark };

		if (!folder->begun || folder->plan.mark == folder->marked)
			continue;
		folder->marked = folder->plan.mark;
		post_mark(r->post, &m);
	}
}

/* Take in what the source says, without waiting. */
void
imapread_hear(struct imapread *r)
{
	struct post_message m;
	int rc;

	post_flush(r->post);
	while ((rc = post_receive(r->post, &m)) > 0) {
		if (m.fd >= 0)
			close(m.fd);
		if (m.type == POST_FINISH)
			r->finish = true;
		else if (m.type != POST_KEYS || hear_keys(r, m.payload, true) < 0)
			r->gone = true;
	}
	r->gone |= rc < 0;
	tell_marks(r);
}

/* Done on the server: the source may forget it. */
static void
tell_settled(struct imapread *r, struct imap_folder *folder)
{
	struct buf keys;
	struct uid_range range;

	buf_init(&keys, SIZE_MAX / 2);
	for (uint32_t at = 0; uidset_next(folder->settle.done, at, &range); at = range.last)
		for (uint64_t uid = range.first; uid <= range.last; uid++) {
			struct key k = imapkey_put(
			    (struct imapkey){ folder->id, folder->uidvalidity, (uint32_t)uid });

			buf_put(&keys, &k, sizeof(k));
		}
	if (keys.n > 0) {
		r->progress = true;
		post_keys(r->post, KNOWN_DONE, (const void *)keys.p, keys.n / sizeof(struct key));
	}
	buf_fini(&keys);
	uidset_reset(folder->settle.done);
}

/* The UIDs mean what they meant when the folder was read last, or nothing. */
static void
begin_folder(struct imapread *r, struct imap_folder *folder, uint32_t uidvalidity, uint32_t uidnext)
{
	const struct mark *marks = (const void *)r->marks.p;
	const struct pending *pending = (const void *)r->pending.p;
	uint32_t mark = 0;

	if (folder->begun) {
		fetch_committed_all(&r->fetch, &folder->plan);
		plan_fini(&folder->plan);
	}
	imapsettle_reset(&folder->settle);
	folder->begun = true;
	folder->uidvalidity = uidvalidity;
	for (size_t i = 0; i < r->marks.n / sizeof(*marks); i++)
		if (marks[i].folder_id == folder->id && marks[i].uidvalidity == uidvalidity)
			mark = marks[i].uid;
	folder->anew |= uidnext != 0 && mark >= uidnext;
	folder->marked = folder->anew ? UINT32_MAX : mark; /* a mark of 0 is told then, too */
	plan_init(&folder->plan, folder->anew ? 0 : mark);
	if (folder->anew) {
		log_event(LOG_WARN,
		    "%s: the folder \"%.200s\" gives UIDs that it gave before (was it restored from a "
		    "backup?): it is read anew",
		    r->conf.imap.name, folder->name);
		return;
	}
	for (size_t i = 0; i < r->pending.n / sizeof(*pending); i++) {
		struct imapkey k = imapkey_get(pending[i].key);

		if (k.folder_id == folder->id && k.uidvalidity == uidvalidity)
			folder->settle.doubtful |=
			    imapsettle_add(&folder->settle, k.uid, pending[i].what);
	}
}

/* The folder can be read, and nothing else: that is told once, and all in it is read. */
static void
bar(struct imapread *r, struct imap_folder *folder)
{
	struct err e;

	if (!folder->stopped) {
		err_set(&e, ERR_MESSAGE,
		    "%s: the folder \"%.200s\" may only be read: what is stored stays in it",
		    r->conf.imap.name, folder->name);
		post_trouble(r->post, &e);
	}
	folder->stopped = true;
}

/*
 * Whether UIDs are given again that were given before, though UIDVALIDITY is the same.  Once: a server
 * whose UIDNEXT always lags behind must not be read for ever.
 */
static bool
is_behind(const struct imap_folder *folder, const struct selected *selected)
{
	return folder->begun && !folder->anew && folder->uidvalidity == selected->uidvalidity &&
	    folder->uidnext != 0 && folder->plan.mark >= folder->uidnext;
}

static int
select_folder(struct imapread *r, struct imap_folder *folder, struct err *e)
{
	struct selected *selected = session_selected(r->session);
	bool behind;

	r->open = NULL;
	if (session_select(r->session, folder->wire, folder->name, !writes(r), e) < 0)
		return -1;
	folder->told = false;
	if (writes(r) && selected->read_only)
		bar(r, folder);
	/* below it there must be room for all mails: some servers tell anything */
	folder->uidnext = selected->uidnext > selected->exists ? selected->uidnext : 0;
	behind = is_behind(folder, selected);
	folder->anew |= behind;
	if (!folder->begun || behind || folder->uidvalidity != selected->uidvalidity)
		begin_folder(r, folder, selected->uidvalidity, folder->uidnext);
	r->open = folder;
	selected->news = false;
	plan_news(&folder->plan);
	tell_marks(r);
	return 0;
}

/* Open the folder, and see first what a lost session left in doubt. */
static int
open_folder(struct imapread *r, struct imap_folder *folder, struct err *e)
{
	if (r->open == folder)
		return 0;
	if (select_folder(r, folder, e) < 0)
		return -1;
	if (!folder->settle.doubtful || imapsettle_count(&folder->settle) == 0)
		return 0;
	r->open = NULL;
	if (imapsettle_look(&folder->settle, r->session, folder->wire, folder->name, e) < 0)
		return -1;
	tell_settled(r, folder);
	return select_folder(r, folder, e);
}

/*
 * A refusal that concerns one folder, and not the connection: the source is told, once, and the others
 * go on.  -1 when it was the connection.
 */
static int
put_up_with(struct imapread *r, struct imap_folder *folder, struct err *e)
{
	if (session_is_lost(r->session))
		return -1;
	e->kind = ERR_MESSAGE;
	if (!folder->told)
		post_trouble(r->post, e);
	folder->told = true;
	return 0;
}

/* Acknowledge what waits in ${folder}. */
static int
settle_folder(struct imapread *r, struct imap_folder *folder, struct err *e)
{
	int rc = 1;

	if (imapsettle_count(&folder->settle) == 0 || folder->stopped)
		return 0;
	if (open_folder(r, folder, e) < 0)
		rc = -1;
	while (rc > 0) {
		rc = imapsettle_run(&folder->settle, r->session, e);
		tell_settled(r, folder);
	}
	if (rc == 0)
		return 0;
	folder->settle.doubtful = true;
	folder->stopped = !session_is_lost(r->session);
	folder->stopped_at = now_ms();
	return put_up_with(r, folder, e);
}

/* Watching, there is no next run that tries again what was refused. */
static void
retry_stopped(struct imapread *r)
{
	for (struct imap_folder *folder = r->folders; folder != NULL; folder = folder->next)
		if (folder->stopped && now_ms() - folder->stopped_at >= REFUSED_MS)
			folder->stopped = false;
}

int
imapread_settle(struct imapread *r, struct err *e)
{
	if (r->conf.watch)
		retry_stopped(r);
	for (struct imap_folder *folder = r->folders; folder != NULL; folder = folder->next)
		if (settle_folder(r, folder, e) < 0)
			return -1;
	return 0;
}

int
imapread_alive(struct imapread *r, struct err *e)
{
	struct reply reply;

	return session_run(r->session, &reply, e, "NOOP");
}

/*
 * Wait for the server or the source, then read what the server says, if it does.  ${heard}: when it
 * said something last, or was asked something after a silence.
 */
static int
fetch_turn(struct imapread *r, int64_t *heard, struct err *e)
{
	bool busy = fetch_busy(&r->fetch);
	int64_t patience =
	    busy ? (int64_t)r->conf.imap.link.wait_seconds * 1000 : IMAPREAD_ALIVE_MS;
	int64_t left = *heard + patience - now_ms();
	int most = post_queued(r->post) && left > IMAPREAD_QUEUE_MS ? IMAPREAD_QUEUE_MS
								    : (int)(left > 0 ? left : 0);
	int ready = session_wait(r->session, post_fd(r->post), most, e);

	if (ready < 0)
		return -1;
	if ((ready & LINK_READABLE) != 0) {
		*heard = now_ms();
		return fetch_take(&r->fetch, e);
	}
	if (now_ms() - *heard < patience)
		return 0;
	*heard = now_ms();
	if (!busy)
		return imapread_alive(r, e);
	return session_give_up(r->session, e);
}

/* Everything new of the open folder, until as much waits to be acknowledged as one command takes. */
static int
fetch_some(struct imapread *r, struct imap_folder *folder, struct err *e)
{
	int64_t heard = now_ms();
	int rc = 0;

	fetch_begin(&r->fetch, r->session, folder);
	while (rc == 0 && !r->gone && !r->finish) {
		bool enough =
		    imapsettle_count(&folder->settle) >= IMAPSETTLE_CHUNK && !folder->stopped;

		if (!fetch_busy(&r->fetch))
			heard = now_ms();
		if (!enough)
			rc = fetch_ask(&r->fetch, e);
		if (rc == 0 && !fetch_busy(&r->fetch) &&
		    (enough || plan_is_through(&folder->plan, folder->uidnext)))
			break;
		if (rc == 0)
			rc = fetch_turn(r, &heard, e);
		imapread_hear(r);
	}
	r->progress |= r->fetch.held > 0;
	fetch_end(&r->fetch);
	return rc;
}

static int
fetch_folder(struct imapread *r, struct imap_folder *folder, struct err *e)
{
	if (open_folder(r, folder, e) < 0)
		return put_up_with(r, folder, e);
	if (settle_folder(r, folder, e) < 0)
		return -1;
	while (!r->gone && !r->finish && !plan_is_through(&folder->plan, folder->uidnext)) {
		if (open_folder(r, folder, e) < 0 || fetch_some(r, folder, e) < 0)
			/* what another try does not mend concerns this folder alone */
			return e->kind == ERR_CONFIG ? put_up_with(r, folder, e) : -1;
		if (settle_folder(r, folder, e) < 0)
			return -1;
	}
	return 0;
}

/* LIST tells of a folder, or the configuration does. */
static void
on_folder(void *arg, struct str name, struct str wire)
{
	struct imapread *r = arg;
	int64_t id = imapkey_folder(name);
	struct imap_folder *folder = folder_of(r, id);

	if (folder != NULL) {
		folder->listed = true;
		return;
	}
	if (r->nfolders < IMAPREAD_FOLDERS)
		folder = arena_alloc(r->arena, sizeof(*folder));
	if (folder != NULL) {
		folder->name = arena_str(r->arena, name).p;
		folder->wire = arena_str(r->arena, wire);
	}
	if (folder == NULL || folder->name == NULL || folder->wire.p == NULL) {
		r->too_many = true;
		return;
	}
	folder->id = id;
	folder->listed = true;
	imapsettle_init(
	    &folder->settle, r->conf.imap.name, r->conf.after, r->conf.move_to, r->conf.failures);
	*r->last = folder;
	r->last = &folder->next;
	r->nfolders++;
}

int
imapread_find(struct imapread *r, struct err *e)
{
	const struct imaplist_sink sink = { r, on_folder };
	const char *const targets[] = { r->conf.move_to, r->conf.failures };

	r->too_many = false;
	for (struct imap_folder *folder = r->folders; folder != NULL; folder = folder->next)
		folder->listed = false;
	if (imaplist_find(r->session, &r->conf.imap, targets, &sink, e) < 0)
		return -1;
	if (r->too_many)
		return err_set(e, ERR_CONFIG, "%s: there are more than %d folders of these names",
		    r->conf.imap.name, IMAPREAD_FOLDERS);
	if (r->folders == NULL)
		return err_set(
		    e, ERR_SOURCE, "%s: there is no folder of these names", r->conf.imap.name);
	return 0;
}

/* Read all folders once. */
int
imapread_all(struct imapread *r, struct err *e)
{
	for (struct imap_folder *folder = r->folders; folder != NULL; folder = folder->next)
		if (folder->listed && !r->finish && !r->gone && fetch_folder(r, folder, e) < 0)
			return -1;
	return 0;
}

/* What a folder that is not open holds meanwhile: read it if there may be news. */
static int
look_into(struct imapread *r, struct imap_folder *folder, struct err *e)
{
	r->open = NULL; /* what SELECT tells is newer than what is known */
	return fetch_folder(r, folder, e);
}

/* One look at every folder, when watching without being told of news. */
int
imapread_look(struct imapread *r, struct err *e)
{
	if (imapread_find(r, e) < 0)
		return -1;
	for (struct imap_folder *folder = r->folders; folder != NULL; folder = folder->next)
		if (folder->listed && !r->gone && look_into(r, folder, e) < 0)
			return -1;
	return 0;
}

uint64_t
imapread_unsettled(const struct imapread *r)
{
	uint64_t n = 0;

	for (const struct imap_folder *folder = r->folders; folder != NULL; folder = folder->next)
		n += folder->stopped ? 0 : imapsettle_count(&folder->settle);
	return n;
}

/* What the server told of new mails in the open folder. */
int
imapread_news(struct imapread *r, struct err *e)
{
	session_selected(r->session)->news = false;
	r->open->uidnext = 0; /* it was not told anew */
	plan_news(&r->open->plan);
	return fetch_folder(r, r->open, e);
}

int
imapread_open(struct imapread *r, struct err *e)
{
	if (r->open != r->folders && r->folders->listed && look_into(r, r->folders, e) < 0)
		return -1;
	for (struct imap_folder *folder = r->folders; folder != NULL && r->open == NULL;
	     folder = folder->next)
		if (folder->listed && open_folder(r, folder, e) < 0 && session_is_lost(r->session))
			return -1;
	if (r->open != NULL)
		return 0;
	return err_set(e, ERR_SOURCE, "%s: there is no folder to wait at", r->conf.imap.name);
}

/* What the source says before it begins: 0, or -1 when that cannot be. */
int
imapread_listen(struct imapread *r)
{
	struct post_message m;
	struct buf name;
	struct mark mark;
	int rc = 0, got;

	buf_init(&name, MAILBOX_BYTES + 1);
	while (rc == 0) {
		struct pollfd p = { .fd = post_fd(r->post), .events = POLLIN };

		got = post_receive(r->post, &m);
		if (got == 0)
			poll(&p, 1, -1);
		if (got == 0)
			continue;
		if (got < 0 || m.type == POST_START)
			break;
		if (m.type == POST_CONF)
			rc = fetchconf_get(r->arena, m.payload, &r->conf);
		else if (m.type == POST_KEYS)
			rc = hear_keys(r, m.payload, false);
		else if (m.type != POST_MARK || post_get_mark(m.payload, &mark, &name) < 0)
			rc = -1;
		else {
			mark.name = NULL; /* the id says it */
			buf_put(&r->marks, &mark, sizeof(mark));
		}
	}
	buf_fini(&name);
	fetch_init(&r->fetch, r->conf.imap.name, r->conf.tmp_dir, r->post, r->known);
	r->fetch.most = r->conf.imap.most;
	return rc == 0 && got > 0 && r->conf.imap.name != NULL ? 0 : -1;
}

void
imapread_part(struct imapread *r, bool well)
{
	for (struct imap_folder *folder = r->folders; folder != NULL; folder = folder->next)
		folder->settle.doubtful |= !well && imapsettle_count(&folder->settle) > 0;
	fetch_end(&r->fetch);
	if (well)
		session_logout(r->session);
	else
		session_close(r->session);
	r->session = NULL;
	r->open = NULL;
}

void
imapread_init(struct imapread *r, struct post *post)
{
	*r = (struct imapread){
		.arena = arena_new(ARENA_BYTES), .post = post, .known = keyset_new()
	};
	r->last = &r->folders;
	buf_init(&r->pending, SIZE_MAX / 2);
	buf_init(&r->marks, SIZE_MAX / 2);
}

void
imapread_fini(struct imapread *r)
{
	for (struct imap_folder *folder = r->folders; folder != NULL; folder = folder->next) {
		if (folder->begun)
			plan_fini(&folder->plan);
		imapsettle_fini(&folder->settle);
	}
	fetch_fini(&r->fetch);
	post_free(r->post);
	keyset_free(r->known);
	buf_fini(&r->pending);
	buf_fini(&r->marks);
	arena_free(r->arena);
}

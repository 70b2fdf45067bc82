/*
 * Any bytes as the names in a maildir, a line each, and the first as the folder that mails are moved
 * to: flags change and the base does not, a mail is found by its base wherever it went last, and
 * whatever a folder is called, it is one directory of the maildir.
 */
#include <assert.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/arena.h"
#include "ingest/mailname.h"
#include "ingest/nameindex.h"
#include "ingest/target.h"

#define NAMES 64         /* of an input, at most */
#define NAME_BYTES 255   /* what file systems take */
#define ROOM_BYTES 2000  /* of a name with all that is put to it */
#define FOLDER_BYTES 400 /* more than what file systems take */

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static struct str
line_of(struct str *rest)
{
	const char *end = memchr(rest->p, '\n', rest->n);
	struct str line = { rest->p, end != NULL ? (size_t)(end - rest->p) : rest->n };
	size_t used = line.n + (end != NULL);

	*rest = (struct str){ rest->p + used, rest->n - used };
	if (line.n > NAME_BYTES)
		line.n = NAME_BYTES;
	return line;
}

/* The name that ${change} makes of ${name}. */
static struct str
changed(struct buf *out, void (*change)(struct buf *out, struct str name), struct str name)
{
	out->max = ROOM_BYTES;
	buf_reset(out);
	change(out, name);
	assert(!out->over && out->n >= name.n);
	return buf_str(out);
}

static void
check_name(struct str name)
{
	static struct buf once, twice;
	struct str base = mailname_base(name), now, again;

	assert(base.p == name.p && base.n <= name.n && mailname_base(base).n == base.n);
	now = changed(&once, mailname_seen, name);
	assert(str_eq(mailname_base(now), base) && now.n <= name.n + 4);
	again = changed(&twice, mailname_seen, now);
	assert(str_eq(again, now));
	now = changed(&once, mailname_informed, name);
	assert(str_eq(mailname_base(now), base) && mailname_base(now).n < now.n);
	again = changed(&twice, mailname_informed, now);
	assert(str_eq(again, now));
	buf_reset(&twice);
	mailname_other(&twice, name, 7);
	assert(twice.n == name.n + 2 && !str_eq(mailname_base(buf_str(&twice)), base));
	if (mailname_foreign(name))
		assert(name.n == 0 || name.p[0] == '.' || name.p[0] < '0' || name.p[0] > '9' ||
		    str_find(name, STR(".sync-conflict-")) != NULL);
}

/* Mails by their base: the last that was put is the one that is found. */
static void
check_index(const struct str *names, size_t n)
{
	static struct nameindex ix;
	struct str found;
	enum box box;

	if (ix.names.max == 0)
		nameindex_init(&ix);
	nameindex_reset(&ix);
	for (size_t i = 0; i < n; i++)
		assert(nameindex_put(&ix, i % 2 ? BOX_CUR : BOX_NEW, names[i]));
	for (size_t i = 0; i < n; i++) {
		struct str base = mailname_base(names[i]);
		size_t last = i;

		for (size_t k = i + 1; k < n; k++)
			if (str_eq(mailname_base(names[k]), base))
				last = k;
		assert(nameindex_get(&ix, base, &box, &found));
		assert(str_eq(found, names[last]) && box == (last % 2 ? BOX_CUR : BOX_NEW));
	}
}

/* A maildir with one mail, made once. */
static int
open_maildir(char root[64])
{
	static const char *const dirs[] = { "new", "cur", "tmp" };
	int dir, mail;

	/* In memory: directories on a disk would be most of the time. */
	snprintf(root, 64, "%s/ruastat-fuzz-XXXXXX",
	    access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	assert(mkdtemp(root) != NULL);
	dir = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert(dir >= 0);
	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++)
		assert(mkdirat(dir, dirs[i], 0700) == 0);
	mail = openat(dir, "cur/mail", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert(mail >= 0);
	close(mail);
	return dir;
}

static char root[64];

static void
remove_maildir(void)
{
	static const char *const names[] = { "/cur/mail", "/new", "/cur", "/tmp", "" };
	char path[100];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s%s", root, names[i]);
		remove(path);
	}
}

/* The one directory beside new, cur and tmp that moving a mail has made; it goes again. */
static void
check_made(int dir)
{
	DIR *d = fdopendir(dup(dir));
	const struct dirent *entry;
	char made[300] = "", path[400];
	unsigned n = 0;

	assert(d != NULL);
	rewinddir(d);
	while ((entry = readdir(d)) != NULL)
		if (entry->d_name[0] == '.' && strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0) {
			snprintf(made, sizeof(made), "%s", entry->d_name);
			n++;
		}
	closedir(d);
	assert(n == 1 && strstr(made, "..") == NULL && made[strlen(made) - 1] != '.');
	snprintf(path, sizeof(path), "%s/cur/mail:2,S", made);
	assert(renameat(dir, path, dir, "cur/mail") == 0);
	snprintf(path, sizeof(path), "%s/maildirfolder", made);
	assert(unlinkat(dir, path, 0) == 0);
	for (size_t i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "%s/%s", made,
		    i == 0       ? "new"
			: i == 1 ? "cur"
				 : "tmp");
		assert(unlinkat(dir, path, AT_REMOVEDIR) == 0);
	}
	assert(unlinkat(dir, made, AT_REMOVEDIR) == 0);
}

static void
check_folder(struct str name)
{
	static struct arena *a;
	static int dir = -1, cur;
	char text[FOLDER_BYTES + 1];
	struct err e = { 0 };
	struct target *t;

	if (a == NULL) {
		a = arena_new((size_t)1 << 20);
		dir = open_maildir(root);
		cur = openat(dir, "cur", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		atexit(remove_maildir);
	}
	arena_reset(a);
	if (name.n > FOLDER_BYTES)
		name.n = FOLDER_BYTES;
	memcpy(text, name.p, name.n);
	text[name.n] = '\0';
	t = target_new(a, root, text, &e);
	/* An absolute path is anybody's: nothing is moved there, and a part of it may be closed. */
	assert(t != NULL || e.kind == ERR_CONFIG || (e.kind == ERR_SOURCE && text[0] == '/'));
	assert(t != NULL || e.text[0] != '\0');
	if (t != NULL && text[0] != '/') {
		assert(target_take(t, cur, "mail", "mail:2,S", &e) == 0);
		check_made(dir);
	}
	target_close(t);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct str rest = { (const char *)p, n }, names[NAMES];
	size_t count = 0;

	/* No name of a file holds one. */
	if (n == 0 || memchr(p, '\0', n) != NULL)
		return 0;
	while (rest.n > 0 && count < NAMES) {
		names[count] = line_of(&rest);
		check_name(names[count]);
		count++;
	}
	check_index(names, count);
	check_folder(names[0]);
	return 0;
}

/* The byte stream over a link, against servers that are real, and real bad. */
#include "tests/unit/ingest/linked.h"

#include <errno.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <time.h>
#include <zlib.h>

#include "core/deflate.h"
#include "core/now.h"

#include "ingest/await.h"

#define MEG ((size_t)1 << 20)

/* Between a client and ->upstream, a byte at a time. */
static void
dribbles(struct end *c)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)c->conf->upstream),
		.sin_addr = { htonl(INADDR_LOOPBACK) } };
	int up = socket(AF_INET, SOCK_STREAM, 0), yes = 1;
	struct pollfd p[2] = { { .fd = c->fd, .events = POLLIN }, { .fd = up, .events = POLLIN } };
	char byte;

	setsockopt(up, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
	if (connect(up, (struct sockaddr *)&a, sizeof(a)) != 0)
		return;
	while (poll(p, 2, -1) > 0)
		for (int i = 0; i < 2; i++)
			if (p[i].revents != 0 &&
			    (recv(p[i].fd, &byte, 1, 0) != 1 ||
				send(p[1 - i].fd, &byte, 1, MSG_NOSIGNAL) != 1))
				return;
}

static void
byte_by_byte(void **state)
{
	struct peer_conf server = { .serve = echo, .cert = &good };
	struct peer p = peer_start(&server);
	struct peer_conf proxy = { .serve = dribbles, .upstream = p.port };
	struct peer q = peer_start(&proxy);
	struct link_conf conf = conf_for(&q, LINK_TLS);
	static char sent[20000], got[20000];
	struct link *l = open_link(&conf);

	(void)state;
	noise(sent, sizeof(sent), 1);
	for (size_t i = 0; i < sizeof(sent); i++)
		sent[i] &= 0x5F;
	for (size_t i = 0; i < sizeof(sent); i++)
		sent[i] |= 0x40;
	put(l, sent, sizeof(sent));
	get(l, got, sizeof(got));
	assert_memory_equal(sent, got, sizeof(sent));
	put(l, "!", 1);
	expect(l, "!");
	expect_end(l, "it ended the connection");
	link_close(l);
	peer_stop(&q);
	peer_stop(&p);
}

static void
answers_later(struct end *c)
{
	static char p[12000];

	end_read(c, p, 1);
	end_write(c, p, sizeof(p));
	end_read(c, p, 1);
	usleep(200000);
}

static void
on_alarm(int signo)
{
	(void)signo;
}

static void
ring(int first_ms, int every_ms)
{
	struct itimerval t = { .it_value = { 0, first_ms * 1000 },
		.it_interval = { 0, every_ms * 1000 } };

	signal(SIGALRM, on_alarm);
	setitimer(ITIMER_REAL, &t, NULL);
}

static void
waiting(void **state)
{
	static const enum link_tls how[] = { LINK_CLEAR, LINK_TLS };
	static char p[12000];
	int pipes[2];

	(void)state;
	assert_int_equal(pipe(pipes), 0);
	for (size_t i = 0; i < 2; i++) {
		struct peer_conf server = { .serve = answers_later,
			.cert = how[i] == LINK_TLS ? &good : NULL };
		struct peer s = peer_start(&server);
		struct link_conf conf = conf_for(&s, how[i]);
		struct link *l = open_link(&conf);
		int64_t before;
		struct err e;

		/* the tickets of TLS 1.3 are nothing to read */
		before = now_ms();
		assert_int_equal(link_wait(l, -1, 150, &e), 0);
		assert_in_range(now_ms() - before, 140, 5000);
		assert_int_equal(link_wait(l, -1, 0, &e), 0);
		assert_int_equal(link_wait(l, pipes[0], 20, &e), 0);
		assert_int_equal(write(pipes[1], "x", 1), 1);
		assert_int_equal(link_wait(l, pipes[0], -1, &e), LINK_OTHER);
		/* a signal ends waiting */
		ring(50, 0);
		assert_int_equal(link_wait(l, -1, -1, &e), 0);
		put(l, "x", 1);
		assert_int_equal(link_wait(l, -1, 20000, &e), LINK_READABLE);
		assert_int_equal(link_wait(l, pipes[0], 20000, &e), LINK_READABLE | LINK_OTHER);
		/* what was taken in already is no less readable */
		for (size_t n = 0; n < sizeof(p); n += 100) {
			assert_int_equal(link_wait(l, -1, 20000, &e), LINK_READABLE);
			get(l, p, 100);
		}
		assert_int_equal(link_wait(l, -1, 0, &e), 0);
		/* but not reading: the server ends it after many of them */
		put(l, "x", 1);
		ring(5, 5);
		expect_end(l, "it ended the connection");
		ring(0, 0);
		assert_int_equal(link_wait(l, -1, 20000, &e), LINK_READABLE);
		assert_int_equal(read(pipes[0], p, 1), 1);
		link_close(l);
		peer_stop(&s);
	}
	close(pipes[0]);
	close(pipes[1]);
}

static void
silence(void **state)
{
	struct peer_conf server = { .serve = silent, .cert = &good };
	struct peer p = peer_start(&server);
	struct link_conf conf = conf_for(&p, LINK_TLS);
	int64_t before;
	struct link *l;
	struct err e;
	char byte;

	(void)state;
	conf.wait_seconds = 1;
	l = open_link(&conf);
	before = now_ms();
	assert_int_equal(link_read(l, &byte, 1, &e), -1);
	assert_in_range(now_ms() - before, 990, 5000);
	assert_int_equal(e.kind, ERR_SOURCE);
	assert_non_null(strstr(e.text, "it sent nothing for 1 seconds"));
	link_close(l);
	peer_stop(&p);
}

#define AHEAD (900u << 10)
#define BEHIND (16 * MEG)

/* Write a lot, then read more, compressed or not; then say whether it was right. */
static void
talks_first(struct end *c)
{
	char *p = malloc(AHEAD), *want = malloc(BEHIND);
	size_t n = 0, got;

	noise(p, AHEAD, 1);
	noise(want, BEHIND, 2);
	if (!end_write(c, p, AHEAD))
		return;
	while (n < BEHIND && (got = end_read(c, p, AHEAD < BEHIND - n ? AHEAD : BEHIND - n)) > 0) {
		if (memcmp(p, want + n, got) != 0)
			return;
		n += got;
	}
	end_write(c, "all", 3);
	silent(c);
}

static void
never_reads(struct end *c)
{
	char *p = calloc(1, MEG);

	for (int i = 0; i < 16; i++)
		end_write(c, p, MEG);
	pause();
}

static void
both_write(void **state)
{
	static const enum link_tls how[] = { LINK_CLEAR, LINK_TLS };
	char *sent = malloc(BEHIND), *want = malloc(AHEAD), *got = malloc(AHEAD);

	(void)state;
	noise(want, AHEAD, 1);
	noise(sent, BEHIND, 2);
	for (size_t i = 0; i < 2; i++) {
		struct peer_conf server = { .serve = talks_first,
			.cert = how[i] == LINK_TLS ? &good : NULL,
			.room = 8192 };
		struct peer p = peer_start(&server);
		struct link_conf conf = conf_for(&p, how[i]);
		struct link *l = open_link(&conf);
		struct err e;

		put(l, sent, BEHIND);
		assert_int_equal(link_flush(l, &e), 0);
		get(l, got, AHEAD);
		assert_memory_equal(got, want, AHEAD);
		expect(l, "all");
		link_close(l);
		peer_stop(&p);
	}
	free(sent);
	free(want);
	free(got);
}

/* One that takes nothing is given up, and what it sends meanwhile fills no memory. */
static void
only_one_writes(void **state)
{
	struct peer_conf server = { .serve = never_reads, .cert = &good, .room = 8192 };
	struct peer p = peer_start(&server);
	struct link_conf conf = conf_for(&p, LINK_TLS);
	char *sent = calloc(1, BEHIND), *got = malloc(LINK_AHEAD);
	struct err e = { .kind = ERR_NONE };
	struct link *l;

	(void)state;
	conf.wait_seconds = 1;
	l = open_link(&conf);
	assert_int_equal(link_put(l, sent, BEHIND, &e), -1);
	assert_int_equal(e.kind, ERR_SOURCE);
	assert_non_null(strstr(e.text, "it took nothing of what it was sent for 1 seconds"));
	assert_int_equal(link_put(l, sent, BEHIND, &e), -1);
	assert_int_equal(link_flush(l, &e), -1);
	/* what the kernel holds behind that is still heard */
	get(l, got, LINK_AHEAD);
	get(l, got, 1000);
	link_close(l);
	free(sent);
	free(got);
	peer_stop(&p);
}

static void
says_bye(struct end *c)
{
	end_write(c, "* BYE\r\n", 7);
}

/* A dead peer kills nobody, and its last words are heard. */
static void
last_words(void **state)
{
	static const enum link_tls how[] = { LINK_CLEAR, LINK_TLS };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct peer_conf server = { .serve = says_bye,
			.cert = how[i] == LINK_TLS ? &good : NULL };
		struct peer p = peer_start(&server);
		struct link_conf conf = conf_for(&p, how[i]);
		struct link *l = open_link(&conf);
		struct err e;
		int rc = 0;

		for (int n = 0; n < 1000 && rc == 0; n++) {
			usleep(1000);
			put(l, "a NOOP\r\n", 8);
			rc = link_flush(l, &e);
		}
		assert_int_equal(rc, -1);
		assert_int_equal(e.kind, ERR_SOURCE);
		assert_int_equal(link_wait(l, -1, 20000, &e), -1);
		expect(l, "* BYE\r\n");
		expect_end(l, "");
		link_close(l);
		peer_stop(&p);
	}
}

/* COMPRESS, the server's side: what comes is unpacked, packed again and sent back. */
static void
packs(struct end *c)
{
	struct err e;
	struct zstream *z = zstream_new(&e);
	struct str in = { NULL, 0 };
	char raw[512], plain[4096];
	struct buf out;

	buf_init(&out, MEG);
	for (;;) {
		ssize_t n = zstream_unpack(z, &in, plain, sizeof(plain));

		if (n < 0)
			return;
		if (n > 0) {
			buf_reset(&out);
			zstream_pack(z, (struct str){ plain, (size_t)n }, &out);
			zstream_flush(z, &out);
			if (!end_write(c, out.p, out.n))
				return;
			continue;
		}
		in.p = raw;
		in.n = end_read(c, raw, sizeof(raw));
		if (in.n == 0)
			return;
	}
}

static void
compressed(void **state)
{
	static char sent[300000], got[300000];
	struct peer_conf server = { .serve = packs, .cert = &good };
	struct peer p = peer_start(&server);
	struct peer_conf proxy = { .serve = dribbles, .upstream = p.port };
	struct peer q = peer_start(&proxy);

	(void)state;
	noise(sent, sizeof(sent) / 2, 3);
	for (int slow = 0; slow < 2; slow++) {
		struct link_conf conf = conf_for(slow ? &q : &p, LINK_TLS);
		struct link *l = open_link(&conf);
		size_t n = slow ? 30000 : sizeof(sent);
		struct err e;

		assert_int_equal(link_compress(l, &e), 0);
		assert_int_equal(link_wait(l, -1, 10, &e), 0);
		put(l, "tick", 4);
		assert_int_equal(link_wait(l, -1, 20000, &e), LINK_READABLE);
		expect(l, "tick");
		assert_int_equal(link_wait(l, -1, 0, &e), 0);
		memset(got, 0, sizeof(got));
		put(l, sent + sizeof(sent) - n, n);
		assert_int_equal(link_flush(l, &e), 0);
		for (size_t at_once = 1, i = 0; i < n; i += at_once) {
			at_once = n - i < 1000 ? n - i : 1000;
			assert_int_equal(link_wait(l, -1, 20000, &e), LINK_READABLE);
			get(l, got + i, at_once);
		}
		assert_memory_equal(got, sent + sizeof(sent) - n, n);
		assert_int_equal(link_wait(l, -1, 0, &e), 0);
		link_close(l);
	}
	peer_stop(&q);
	peer_stop(&p);
}

/* Zeros for ever, a thousand for each byte sent. */
static void
bombs(struct end *c)
{
	z_stream z = { 0 };
	static unsigned char zeros[65536], out[65536];

	deflateInit2(&z, 9, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY);
	for (;;) {
		z.next_in = zeros;
		z.avail_in = sizeof(zeros);
		z.next_out = out;
		z.avail_out = sizeof(out);
		deflate(&z, Z_NO_FLUSH);
		if (!end_write(c, out, sizeof(out) - z.avail_out))
			return;
	}
}

static void
sends_rubbish(struct end *c)
{
	end_write(c, "\xFF\xFF\xFF\xFF", 4);
	silent(c);
}

static void
ends_its_stream(struct end *c)
{
	end_write(c, "\x4B\x04\x00rest", 7);
	silent(c);
}

/* Blocks without a byte in them, for ever. */
static void
sends_emptiness(struct end *c)
{
	char empty[5000];

	for (size_t i = 0; i < sizeof(empty); i += 5)
		memcpy(empty + i, "\0\0\0\xFF\xFF", 5);
	while (end_write(c, empty, sizeof(empty)))
		continue;
}

static long
resident_kb(void)
{
	struct rusage r;

	assert_int_equal(getrusage(RUSAGE_SELF, &r), 0);
	return r.ru_maxrss;
}

static struct link *
open_compressed(const struct peer *p)
{
	struct link_conf conf = conf_for(p, LINK_CLEAR);
	struct link *l;
	struct err e;

	conf.wait_seconds = 1;
	l = open_link(&conf);
	assert_int_equal(link_compress(l, &e), 0);
	return l;
}

static void
a_bomb(void **state)
{
	struct peer_conf server = { .serve = bombs };
	struct peer p = peer_start(&server);
	struct link *l = open_compressed(&p);
	static char room[65536];
	long kb = resident_kb();
	struct err e;

	(void)state;
	for (size_t n = 0; n < 64 * MEG;) {
		ssize_t got = link_read(l, room, sizeof(room), &e);

		assert_true(got > 0);
		assert_int_equal(room[0], 0);
		n += (size_t)got;
	}
	assert_in_range(resident_kb() - kb, 0, 8 << 10);
	link_close(l);
	peer_stop(&p);
}

static void
no_compression(void **state)
{
	struct peer_conf rubbish = { .serve = sends_rubbish }, ended = { .serve = ends_its_stream };
	struct peer p = peer_start(&rubbish), q = peer_start(&ended);
	struct link *l = open_compressed(&p);
	struct err e;

	(void)state;
	assert_int_equal(link_wait(l, -1, 20000, &e), LINK_READABLE);
	expect_end(l, "is not compressed");
	link_close(l);
	l = open_compressed(&q);
	expect(l, "a");
	expect_end(l, "is not compressed, or ended");
	link_close(l);
	peer_stop(&p);
	peer_stop(&q);
}

/* Bytes that unpack to none do not keep anybody busy for ever. */
static void
emptiness(void **state)
{
	struct peer_conf server = { .serve = sends_emptiness };
	struct peer p = peer_start(&server);
	struct link *l = open_compressed(&p);
	int64_t before = now_ms();
	struct err e;
	char byte;

	(void)state;
	assert_int_equal(link_wait(l, -1, 100, &e), 0);
	assert_in_range(now_ms() - before, 95, 5000);
	assert_int_equal(link_read(l, &byte, 1, &e), -1);
	assert_non_null(strstr(e.text, "it sent nothing for 1 seconds"));
	link_close(l);
	peer_stop(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(byte_by_byte),
		cmocka_unit_test(waiting),
		cmocka_unit_test(silence),
		cmocka_unit_test(both_write),
		cmocka_unit_test(only_one_writes),
		cmocka_unit_test(last_words),
		cmocka_unit_test(compressed),
		cmocka_unit_test(a_bomb),
		cmocka_unit_test(no_compression),
		cmocka_unit_test(emptiness),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, make_certs, free_certs);
}

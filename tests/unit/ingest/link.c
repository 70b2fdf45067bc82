/* The byte stream, against servers that are real, and real bad. */
#include "tests/unit/ingest/peer.h"

#include <dlfcn.h>
#include <errno.h>
#include <netdb.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <time.h>
#include <zlib.h>

#include "core/now.h"
#include "core/deflate.h"

#include "ingest/await.h"
#include "ingest/link.h"

#define MEG ((size_t)1 << 20)

static char dir[] = "/tmp/ruastat-test-XXXXXX";
static struct cert root, good, stranger, client, foreign_client;

static const char *
at(const char *name)
{
	static char paths[4][64];
	static unsigned turn;
	char *path = paths[turn++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", dir, name);
	return path;
}

static int
make_certs(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(dir));
	root = cert_make(&(struct cert_spec){ .subject = "Test Root", .issues = true }, NULL);
	good = cert_make(
	    &(struct cert_spec){ .subject = "s", .names = "DNS:*.example.test,IP:127.0.0.1" },
	    &root);
	stranger =
	    cert_make(&(struct cert_spec){ .subject = "s", .names = "DNS:*.example.test" }, NULL);
	client = cert_make(&(struct cert_spec){ .subject = "c" }, &root);
	foreign_client = cert_make(&(struct cert_spec){ .subject = "f" }, NULL);
	cert_save(&root, at("root"), NULL);
	cert_save(&good, at("good"), NULL);
	cert_save(&stranger, at("stranger"), NULL);
	cert_save(&client, at("client"), NULL);
	cert_save(&client, at("sealed"), "secret");
	cert_save(&foreign_client, at("foreign"), NULL);
	return 0;
}

static int
free_certs(void **state)
{
	static const char *const names[] = { "root", "good", "stranger", "client", "sealed",
		"foreign" };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_int_equal(unlink(at(names[i])), 0);
	assert_int_equal(rmdir(dir), 0);
	cert_free(&root);
	cert_free(&good);
	cert_free(&stranger);
	cert_free(&client);
	cert_free(&foreign_client);
	return 0;
}

/* The names of these tests, which no resolver knows. */
static const struct {
	const char *name;
	int rc;
	const char *addresses[3];
} known[] = {
	{ "one.example.test", 0, { "127.0.0.1" } },
	{ "one.example.test.", 0, { "127.0.0.1" } },
	{ "both.test", 0, { "::1", "127.0.0.1" } },
	{ "two.test", 0, { "127.0.0.2", "127.0.0.1" } },
	{ "a.b.example.test", 0, { "127.0.0.1" } },
	{ "mixed.test", 0, { "127.0.0.1", "192.0.2.1" } },
	{ "later.test", EAI_AGAIN, { NULL } },
};

/* Found before the C library's own, which does the rest. */
int
getaddrinfo(
    const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **out)
{
	int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
	void *symbol = dlsym(RTLD_NEXT, "getaddrinfo");

	memcpy(&real, &symbol, sizeof(real));
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		struct addrinfo **end = out;

		if (strcasecmp(name, known[i].name) != 0)
			continue;
		for (size_t a = 0; known[i].addresses[a] != NULL; a++) {
			assert_int_equal(real(known[i].addresses[a], service, hints, end), 0);
			while (*end != NULL)
				end = &(*end)->ai_next;
		}
		return known[i].rc;
	}
	return real(name, service, hints, out);
}

static struct link_conf
conf_for(const struct peer *p, enum link_tls tls)
{
	return (struct link_conf){ .host = "one.example.test",
		.port = p->text,
		.tls = tls,
		.ca_file = at("root"),
		.connect_seconds = 20,
		.wait_seconds = 20 };
}

static struct link *
open_link(const struct link_conf *conf)
{
	struct err e;
	struct link *l = link_open(conf, &e);

	if (l == NULL)
		fail_msg("%s", e.text);
	return l;
}

static void
refused(const struct link_conf *conf, enum err_kind kind, const char *why)
{
	struct err e = { .kind = ERR_NONE };
	struct link *l = link_open(conf, &e);

	assert_null(l);
	if (e.kind != kind || strstr(e.text, why) == NULL)
		fail_msg("%d \"%s\" instead of %d \"%s\"", (int)e.kind, e.text, (int)kind, why);
}

static void
put(struct link *l, const void *p, size_t n)
{
	struct err e;

	if (link_put(l, p, n, &e) != 0)
		fail_msg("%s", e.text);
}

/* Read exactly ${n} bytes. */
static void
get(struct link *l, void *p, size_t n)
{
	for (size_t got = 0; got < n;) {
		struct err e;
		ssize_t rc = link_read(l, (char *)p + got, n - got, &e);

		if (rc <= 0)
			fail_msg("%zu of %zu: %s", got, n, e.text);
		got += (size_t)rc;
	}
}

static void
expect(struct link *l, const char *text)
{
	char got[64];

	get(l, got, strlen(text));
	assert_memory_equal(got, text, strlen(text));
}

static void
expect_end(struct link *l, const char *why)
{
	char byte;
	struct err e = { .kind = ERR_NONE };

	/* more than once: it stays so */
	for (int i = 0; i < 3; i++) {
		assert_int_equal(link_read(l, &byte, 1, &e), -1);
		assert_int_equal(e.kind, ERR_SOURCE);
		if (strstr(e.text, why) == NULL)
			fail_msg("\"%s\" without \"%s\"", e.text, why);
	}
}

/* Bytes that do not repeat and do not pack. */
static void
noise(void *p, size_t n, uint32_t seed)
{
	unsigned char *to = p;

	for (size_t i = 0; i < n; i++) {
		seed = seed * 1664525 + 1013904223;
		to[i] = (unsigned char)(seed >> 24);
	}
}

static void
echo(struct end *c)
{
	char p[4096];
	size_t n;

	while ((n = end_read(c, p, sizeof(p))) > 0 && end_write(c, p, n))
		if (memchr(p, '!', n) != NULL)
			return;
}

/* Nothing at all, until the client goes. */
static void
silent(struct end *c)
{
	char byte;

	while (end_read(c, &byte, 1) > 0)
		continue;
}

static void
leaves(struct end *c)
{
	(void)c;
}

static void
greets(struct end *c)
{
	end_write(c, "* OK hello\r\n", 12);
	echo(c);
}

static void
tls_and_back(void **state)
{
	static const int newest[] = { TLS1_2_VERSION, TLS1_3_VERSION };
	static const char *const hosts[] = { "one.example.test", "one.example.test.", "127.0.0.1",
		"ONE.Example.Test" };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct peer_conf server = { .serve = echo, .cert = &good, .newest = newest[i] };
		struct peer p = peer_start(&server);

		for (size_t h = 0; h < 4; h++) {
			struct link_conf conf = conf_for(&p, LINK_TLS);
			struct link *l;

			conf.host = hosts[h];
			l = open_link(&conf);
			assert_true(link_is_private(l));
			if (strstr(link_cipher(l), i == 0 ? "TLSv1.2, " : "TLSv1.3, ") == NULL)
				fail_msg("%s", link_cipher(l));
			put(l, "hello ", 6);
			put(l, "there!", 6);
			expect(l, "hello there!");
			expect_end(l, "it ended the connection");
			link_close(l);
		}
		peer_stop(&p);
	}
	link_close(NULL);
}

/* The whole way for a few: the rest is in certificate.c. */
static void
wrong_certificates(void **state)
{
	struct peer_conf server = { .serve = echo, .cert = &good };
	struct peer_conf strange = { .serve = echo, .cert = &stranger };
	struct peer p = peer_start(&server), s = peer_start(&strange);
	struct link_conf conf = conf_for(&s, LINK_TLS);
	char hex[96];

	(void)state;
	refused(&conf, ERR_CONFIG, "its certificate is self-signed");
	refused(&conf, ERR_CONFIG, "\"one.example.test\" port ");
	conf.ca_file = NULL;
	refused(&conf, ERR_CONFIG, "its certificate is self-signed");
	/* what ca_file holds is trusted, root or not */
	conf.ca_file = at("stranger");
	link_close(open_link(&conf));
	conf = conf_for(&p, LINK_TLS);
	conf.ca_file = at("good");
	link_close(open_link(&conf));
	conf.ca_file = NULL;
	refused(&conf, ERR_CONFIG, "was issued by \"Test Root\", who is not known here");
	conf = conf_for(&p, LINK_TLS);
	conf.host = "a.b.example.test";
	refused(&conf, ERR_CONFIG,
	    "is not for \"a.b.example.test\" but for \"*.example.test\", \"127.0.0.1\"");
	cert_fingerprint(&stranger, hex);
	conf.fingerprint = hex;
	refused(&conf, ERR_CONFIG, "change fingerprint");
	cert_fingerprint(&good, hex);
	link_close(open_link(&conf));
	hex[0] = 'x';
	refused(&conf, ERR_CONFIG, "64 hexadecimal digits");
	peer_stop(&p);
	peer_stop(&s);
}

static void
client_certificates(void **state)
{
	static const int newest[] = { TLS1_2_VERSION, TLS1_3_VERSION };
	static const struct {
		const char *certificate, *key, *why;
	} t[] = {
		{ NULL, NULL, "it wants to see a client certificate" },
		{ "foreign", NULL, "it does not accept the certificate in" },
		{ "client", NULL, NULL },
		{ "client", "client", NULL },
	};

	(void)state;
	for (size_t v = 0; v < 2; v++) {
		struct peer_conf server = {
			.serve = greets, .cert = &good, .newest = newest[v], .clients = &root
		};
		struct peer p = peer_start(&server);

		for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
			struct link_conf conf = conf_for(&p, LINK_TLS);
			struct err e = { .kind = ERR_NONE };
			struct link *l;
			char got[12];

			conf.certificate = t[i].certificate != NULL ? at(t[i].certificate) : NULL;
			conf.key = t[i].key != NULL ? at(t[i].key) : NULL;
			l = link_open(&conf, &e);
			/* TLS 1.3 tells only who reads */
			if (l != NULL && link_read(l, got, sizeof(got), &e) > 0)
				assert_memory_equal(got, "* OK", 4);
			link_close(l);
			assert_int_equal(e.kind, t[i].why != NULL ? ERR_CONFIG : ERR_NONE);
			if (t[i].why != NULL && strstr(e.text, t[i].why) == NULL)
				fail_msg("%zu: %s", i, e.text);
		}
		peer_stop(&p);
	}
}

/* What is wrong with our own files is told before anybody is connected to. */
static void
bad_files(void **state)
{
	struct peer nobody = { .text = "1" };
	static const struct {
		const char *ca, *certificate, *key, *why;
	} t[] = {
		{ "nothing", NULL, NULL, "could not read the ca_file \"/tmp/" },
		{ "", NULL, NULL, "holds no certificate in PEM" },
		{ "root", "nothing", NULL, "could not read the certificate \"/tmp/" },
		{ "root", "client", "nothing", "could not read the key \"/tmp/" },
		{ "root", NULL, "client", "a key and no certificate" },
		{ "root", "client", "foreign", "holds no key (PEM) for the certificate in" },
		{ "root", "sealed", NULL, "has a passphrase" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct link_conf conf = conf_for(&nobody, LINK_TLS);

		conf.ca_file = t[i].ca[0] != '\0' ? at(t[i].ca) : "/dev/null";
		conf.certificate = t[i].certificate != NULL ? at(t[i].certificate) : NULL;
		conf.key = t[i].key != NULL ? at(t[i].key) : NULL;
		refused(&conf, ERR_CONFIG, t[i].why);
	}
}

static void
no_tls(void **state)
{
	static const struct {
		struct peer_conf server;
		enum err_kind kind;
		const char *why;
	} t[] = {
		{ { .serve = greets }, ERR_CONFIG, "is that the right port?" },
		{ { .serve = echo, .cert = &good, .newest = TLS1_1_VERSION }, ERR_CONFIG,
		    "it speaks no TLS as new as 1.2" },
		{ { .serve = leaves }, ERR_SOURCE, "" },
		{ { .serve = silent }, ERR_SOURCE,
		    "no answer to the handshake of TLS within 1 seconds" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct peer p = peer_start(&t[i].server);
		struct link_conf conf = conf_for(&p, LINK_TLS);

		conf.connect_seconds = 1;
		refused(&conf, t[i].kind, t[i].why);
		peer_stop(&p);
	}
}

static void
drop_hello(struct end *c)
{
	char p[4096];

	end_read(c, p, sizeof(p));
}

static void
ends_of_tls(void **state)
{
	struct peer_conf rude = { .serve = echo, .cert = &good, .rude = true };
	struct peer_conf drops = { .serve = drop_hello };
	struct peer p = peer_start(&rude), d = peer_start(&drops);
	struct link_conf conf = conf_for(&p, LINK_TLS);
	struct link *l = open_link(&conf);

	(void)state;
	put(l, "bye!", 4);
	expect(l, "bye!");
	expect_end(l, "without a goodbye");
	link_close(l);
	conf.port = d.text;
	refused(&conf, ERR_SOURCE, "it ended the connection during the handshake of TLS");
	peer_stop(&p);
	peer_stop(&d);
}

static void
names_and_addresses(void **state)
{
	struct peer_conf server = { .serve = greets };
	struct peer p = peer_start(&server), full = { .fd = -1 };
	struct peer_conf deaf = { .address = "127.0.0.2", .port = p.port };
	struct link_conf conf = conf_for(&p, LINK_CLEAR);
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)p.port) };
	struct link *l;
	int64_t before;
	int queue[4];

	(void)state;
	/* nobody listens on ::1 */
	conf.host = "both.test";
	l = open_link(&conf);
	expect(l, "* OK hello\r\n");
	assert_false(link_is_private(l));
	assert_string_equal(link_cipher(l), "no TLS");
	link_close(l);
	/* whose queue is full does not answer */
	full.fd = peer_listen(&deaf, &full, 0);
	inet_pton(AF_INET, deaf.address, &a.sin_addr);
	for (size_t i = 0; i < 4; i++) {
		queue[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		connect(queue[i], (struct sockaddr *)&a, sizeof(a));
	}
	conf.host = "two.test";
	conf.connect_seconds = 1;
	before = now_ms();
	l = open_link(&conf);
	assert_in_range(now_ms() - before, 900, 5000);
	expect(l, "* OK hello\r\n");
	link_close(l);
	conf.host = "127.0.0.2";
	refused(&conf, ERR_SOURCE, "could not connect: no answer");
	for (size_t i = 0; i < 4; i++)
		close(queue[i]);
	close(full.fd);
	peer_stop(&p);
	conf.host = "both.test";
	refused(&conf, ERR_SOURCE, "could not connect: ::1: ");
	refused(&conf, ERR_SOURCE, "; 127.0.0.1: Connection refused");
	conf.host = "later.test";
	refused(&conf, ERR_SOURCE, "could not look up the host \"later.test\"");
	conf.host = "mixed.test";
	refused(&conf, ERR_CONFIG, "not this machine");
	conf.host = "192.0.2.1";
	refused(&conf, ERR_CONFIG, "not this machine");
	conf.host = "m\xC3\xBCller.test";
	refused(&conf, ERR_CONFIG, "xn--");
	conf.host = "";
	refused(&conf, ERR_CONFIG, "there is no host");
	conf.host = "127.0.0.1";
	conf.port = "imap";
	refused(&conf, ERR_CONFIG, "no port");
}

static void
starts_tls(struct end *c)
{
	char p[64];

	end_read(c, p, sizeof(p));
	end_write(c, "a OK\r\n", 6);
	end_secure(c);
	echo(c);
}

static void
injects(struct end *c)
{
	char p[64];

	end_read(c, p, sizeof(p));
	end_write(c, "a OK\r\n* PREAUTH\r\n", 17);
	silent(c);
}

static void
injects_later(struct end *c)
{
	char p[64];

	end_read(c, p, sizeof(p));
	end_write(c, "a OK\r\n", 6);
	usleep(50000);
	end_write(c, "* PREAUTH\r\n", 11);
	silent(c);
}

static void
starttls(void **state)
{
	struct peer_conf server = { .serve = starts_tls, .cert = &good, .starttls = true };
	struct peer_conf evil = { .serve = injects }, slow = { .serve = injects_later };
	struct peer p = peer_start(&server), q = peer_start(&evil), r = peer_start(&slow);
	struct link_conf conf = conf_for(&p, LINK_STARTTLS);
	struct link *l = open_link(&conf);
	struct err e = { .kind = ERR_NONE };

	(void)state;
	assert_false(link_is_private(l));
	put(l, "a STARTTLS\r\n", 12);
	expect(l, "a OK\r\n");
	assert_int_equal(link_starttls(l, &e), 0);
	assert_true(link_is_private(l));
	put(l, "safe!", 5);
	expect(l, "safe!");
	expect_end(l, "it ended the connection");
	link_close(l);
	/* its certificate counts here too */
	conf.host = "a.b.example.test";
	l = open_link(&conf);
	put(l, "a STARTTLS\r\n", 12);
	expect(l, "a OK\r\n");
	assert_int_equal(link_starttls(l, &e), -1);
	assert_int_equal(e.kind, ERR_CONFIG);
	assert_non_null(strstr(e.text, "is not for"));
	assert_int_equal(link_flush(l, &e), -1);
	link_close(l);
	/* bytes of somebody: taken in with the OK, and still in the kernel */
	for (int later = 0; later < 2; later++) {
		conf = conf_for(later ? &r : &q, LINK_STARTTLS);
		l = open_link(&conf);
		put(l, "a STARTTLS\r\n", 12);
		expect(l, "a OK\r\n");
		if (later)
			usleep(150000);
		assert_int_equal(link_starttls(l, &e), -1);
		assert_int_equal(e.kind, ERR_CONFIG);
		assert_non_null(strstr(e.text, "something came before TLS"));
		assert_false(link_is_private(l));
		link_close(l);
	}
	peer_stop(&r);
	peer_stop(&p);
	peer_stop(&q);
}

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
		cmocka_unit_test(tls_and_back),
		cmocka_unit_test(wrong_certificates),
		cmocka_unit_test(client_certificates),
		cmocka_unit_test(bad_files),
		cmocka_unit_test(no_tls),
		cmocka_unit_test(ends_of_tls),
		cmocka_unit_test(names_and_addresses),
		cmocka_unit_test(starttls),
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

/* linked.h - a link and what stands at its other end: certificates, names, servers. */
#ifndef TESTS_UNIT_INGEST_LINKED_H
#define TESTS_UNIT_INGEST_LINKED_H

#include "tests/unit/ingest/peer.h"

#include <dlfcn.h>
#include <netdb.h>

#include "ingest/link.h"

static char dir[] = "/tmp/ruastat-test-XXXXXX";
static struct cert root, good, stranger, client, foreign_client;

static inline const char *
at(const char *name)
{
	static char paths[4][64];
	static unsigned turn;
	char *path = paths[turn++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", dir, name);
	return path;
}

static inline int
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

static inline int
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

static inline struct link_conf
conf_for(const struct peer *p, enum link_tls tls)
{
	return (struct link_conf){ .host = "one.example.test",
		.port = p->text,
		.tls = tls,
		.ca_file = at("root"),
		.connect_seconds = 20,
		.wait_seconds = 20 };
}

static inline struct link *
open_link(const struct link_conf *conf)
{
	struct err e;
	struct link *l = link_open(conf, &e);

	if (l == NULL)
		fail_msg("%s", e.text);
	return l;
}

static inline void
refused(const struct link_conf *conf, enum err_kind kind, const char *why)
{
	struct err e = { .kind = ERR_NONE };
	struct link *l = link_open(conf, &e);

	assert_null(l);
	if (e.kind != kind || strstr(e.text, why) == NULL)
		fail_msg("%d \"%s\" instead of %d \"%s\"", (int)e.kind, e.text, (int)kind, why);
}

static inline void
put(struct link *l, const void *p, size_t n)
{
	struct err e;

	if (link_put(l, p, n, &e) != 0)
		fail_msg("%s", e.text);
}

/* Read exactly ${n} bytes. */
static inline void
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

static inline void
expect(struct link *l, const char *text)
{
	char got[64];

	get(l, got, strlen(text));
	assert_memory_equal(got, text, strlen(text));
}

static inline void
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
static inline void
noise(void *p, size_t n, uint32_t seed)
{
	unsigned char *to = p;

	for (size_t i = 0; i < n; i++) {
		seed = seed * 1664525 + 1013904223;
		to[i] = (unsigned char)(seed >> 24);
	}
}

static inline void
echo(struct end *c)
{
	char p[4096];
	size_t n;

	while ((n = end_read(c, p, sizeof(p))) > 0 && end_write(c, p, n))
		if (memchr(p, '!', n) != NULL)
			return;
}

/* Nothing at all, until the client goes. */
static inline void
silent(struct end *c)
{
	char byte;

	while (end_read(c, &byte, 1) > 0)
		continue;
}

static inline void
leaves(struct end *c)
{
	(void)c;
}

static inline void
greets(struct end *c)
{
	end_write(c, "* OK hello\r\n", 12);
	echo(c);
}

static inline void
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

#endif

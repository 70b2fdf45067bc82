#include "cli/config.h"

#include "tests/unit/ingest/tree.h"

#include "ingest/imapconf.h"

/* The configuration ${text}; NULL with ${e}. */
static struct config *
load(const char *text, struct err *e)
{
	struct tree tree = tree_new("/tmp");
	struct config *c;

	tree_file(&tree, "conf", text);
	*e = (struct err){ 0 };
	c = config_load(tree_at(&tree, "conf"), true, e);
	tree_remove(&tree);
	return c;
}

/* A source "s" with these lines. */
static struct config *
load_source(const char *lines, struct err *e)
{
	char text[2000];

	snprintf(text, sizeof(text), "source s {\n%s\n}\n", lines);
	return load(text, e);
}

#define URL "path = \"imaps://ada@example.org@imap.example.org\"\n"
#define PASSWORD "password_file = \"/p\"\n"
#define CUSTOM                                                                              \
	"oauth2 = custom\nclient_id = x\ngrant = device\ntoken_endpoint = \"https://a/\"\n" \
	"device_endpoint = \"https://b/\"\n"
#define GOOGLE "oauth2 = google\nclient_id = x\n"
#define MICROSOFT "oauth2 = microsoft\nclient_id = x\n"

static const struct {
	const char *lines, *words;
} contradictions[] = {
	{ "after = keep", "no path" },
	{ "path = \"/x\"\nuser = ada", "user is for IMAP" },
	{ "path = \"/x\"\nfolders = { a }", "folders is for IMAP" },
	{ "path = \"/x\"\nidle_seconds = 540", "idle_seconds is for IMAP" },
	{ URL, "no way to log in" },
	{ URL PASSWORD "subfolders = true", "folders" },
	{ URL PASSWORD "user = bob", "take one of them away" },
	{ "path = \"imaps://imap.example.org\"\n" PASSWORD, "no user" },
	{ "path = \"imaps://a@h/F\"\nfolders = { G }\n" PASSWORD, "take one of them away" },
	{ URL PASSWORD "folders = { \"\" }", "empty" },
	{ URL PASSWORD "tls = off", "contradicts imaps" },
	{ "path = \"imap://a@192.0.2.1\"\ntls = off\n" PASSWORD, "loopback only" },
	{ "path = \"imap://a@localhost\"\ntls = off\nca_file = \"/c\"\n" PASSWORD,
	    "contradicts ca_file" },
	{ URL PASSWORD "certificate = \"/c\"", "key is missing" },
	{ URL PASSWORD "key = \"/c\"", "certificate is missing" },
	{ URL PASSWORD "fingerprint = \"AB:CD\"", "64 digits" },
	{ URL PASSWORD "fingerprint = "
		       "\"0123456789012345678901234567890123456789012345678901234567890123\"\n"
		       "ca_file = \"/c\"",
	    "take ca_file away" },
	{ URL PASSWORD "password_command = \"x\"", "only one of password_file" },
	{ URL PASSWORD "token_command = \"x\"", "a password and a token" },
	{ URL PASSWORD CUSTOM, "a password and a token" },
	{ URL PASSWORD "auth = xoauth2", "needs oauth2 or token_command" },
	{ URL PASSWORD "auth = kerberos", "it can be any, plain" },
	{ URL "token_command = \"x\"\nauth = plain", "needs password_file" },
	{ URL "auth = external", "needs certificate and key" },
	{ URL PASSWORD "auth = external\ncertificate = \"/c\"\nkey = \"/k\"", "no password" },
	{ URL PASSWORD "client_id = x", "client_id needs oauth2" },
	{ URL CUSTOM "token_command = \"x\"", "token_command and oauth2" },
	{ URL "oauth2 = yahoo", "google, microsoft or custom" },
	{ URL "oauth2 = custom\nclient_id = x", "needs grant" },
	{ URL GOOGLE "grant = carrier", "device, browser or credentials" },
	{ URL GOOGLE, "oauth2 = google needs client_secret_file" },
	{ URL GOOGLE "grant = device\nclient_secret_file = \"/s\"", "grant = browser only" },
	{ URL GOOGLE "grant = credentials\nclient_secret_file = \"/s\"", "grant = browser only" },
	{ URL GOOGLE "tenant = x\nclient_secret_file = \"/s\"",
	    "tenant is for oauth2 = microsoft" },
	{ URL "oauth2 = microsoft", "client_id" },
	{ URL MICROSOFT "tenant = \"a/b\"", "tenant" },
	{ URL MICROSOFT "grant = credentials\nclient_secret_file = \"/s\"", "needs tenant" },
	{ URL MICROSOFT "grant = credentials\ntenant = common\nclient_secret_file = \"/s\"",
	    "needs tenant" },
	{ URL MICROSOFT "grant = credentials\ntenant = \"example.org\"",
	    "needs client_secret_file" },
	{ URL MICROSOFT "client_secret_file = \"/s\"\nclient_secret_command = \"x\"",
	    "only one of client_secret_file" },
	{ URL MICROSOFT "authorization_endpoint = \"https://a/\"", "grant = browser" },
	{ URL MICROSOFT "grant = browser\ndevice_endpoint = \"https://a/\"", "grant = device" },
	{ URL MICROSOFT "token_endpoint = \"http://login.example/\"",
	    "token_endpoint: \"http://login.example/\" must begin with https" },
	{ URL "oauth2 = custom\ngrant = browser\nclient_id = x\n"
	      "token_endpoint = \"https://a/\"",
	    "needs authorization_endpoint" },
	{ URL "oauth2 = custom\ngrant = device\nclient_id = x\n"
	      "token_endpoint = \"https://a/\"",
	    "needs device_endpoint" },
	{ URL "oauth2 = custom\ngrant = device\nclient_id = x", "needs token_endpoint" },
	{ URL PASSWORD "idle_seconds = 1741", "1 to 1740" },
	{ URL PASSWORD "poll_seconds = 0", "1 to 3600" },
	{ URL PASSWORD "timeout = -1", "1 to 3600" },
	{ URL PASSWORD "connect_timeout = 601", "1 to 600" },
	{ URL PASSWORD "after = move", "needs move_to" },
	{ URL PASSWORD "move_to = Done", "needs after = move" },
	{ URL PASSWORD "after = move\nmove_to = \"/srv/Maildir\"", "folder of the mailbox" },
	{ URL PASSWORD "failures = \"\"", "folder of the mailbox" },
};

static void
contradictions_are_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(contradictions) / sizeof(contradictions[0]); i++) {
		struct err e;
		struct config *c = load_source(contradictions[i].lines, &e);

		if (c != NULL || e.kind != ERR_CONFIG ||
		    strstr(e.text, contradictions[i].words) == NULL ||
		    strstr(e.text, "source \"s\": ") == NULL)
			fail_msg("%zu: %s", i, e.text);
	}
}

static const struct imap_conf *
only_source(struct config *c, const struct err *e)
{
	if (c == NULL)
		fail_msg("%s", e->text);
	assert_int_equal(c->nsources, 1);
	assert_ptr_equal(c->sources[0].conf.imap, c->sources[0].imap);
	return c->sources[0].imap;
}

static void
defaults_are_filled_in(void **state)
{
	struct err e;
	struct config *c = load_source(URL PASSWORD, &e);
	const struct imap_conf *m = only_source(c, &e);

	(void)state;
	assert_string_equal(m->name, "s");
	assert_string_equal(m->user, "ada@example.org");
	assert_string_equal(m->link.host, "imap.example.org");
	assert_string_equal(m->link.port, "993");
	assert_int_equal(m->link.tls, LINK_TLS);
	assert_int_equal(m->link.connect_seconds, 30);
	assert_int_equal(m->link.wait_seconds, 60);
	assert_int_equal(m->auth, IMAP_AUTH_ANY);
	assert_string_equal(m->password.file, "/p");
	assert_int_equal(m->token.grant, TOKEN_NONE);
	assert_int_equal(m->nfolders, 0);
	assert_false(m->compress);
	assert_int_equal(m->idle_seconds, 540);
	assert_int_equal(m->poll_seconds, 60);
	config_free(c);
	c = load_source("path = \"imap://[::1]/A/B\"\nuser = a\ntls = off\ncompress = true\n"
			"poll_seconds = 3600\n" PASSWORD,
	    &e);
	m = only_source(c, &e);
	assert_int_equal(m->link.tls, LINK_CLEAR);
	assert_int_equal(m->nfolders, 1);
	assert_string_equal(m->folders[0], "A/B");
	assert_true(m->compress);
	assert_int_equal(m->poll_seconds, 3600);
	config_free(c);
}

static void
providers_are_known(void **state)
{
	struct err e;
	struct config *c = load_source(URL MICROSOFT, &e);
	const struct imap_conf *m = only_source(c, &e);

	(void)state;
	assert_int_equal(m->token.grant, TOKEN_DEVICE);
	assert_string_equal(m->token.token_endpoint,
	    "https://login.microsoftonline.com/organizations/oauth2/v2.0/token");
	assert_string_equal(m->token.device_endpoint,
	    "https://login.microsoftonline.com/organizations/oauth2/v2.0/devicecode");
	assert_string_equal(
	    m->token.scope, "https://outlook.office.com/IMAP.AccessAsUser.All offline_access");
	assert_null(m->token.store);
	assert_int_equal(config_resolve(c, "/state", &e), 0);
	assert_string_equal(m->token.store, "/state/tokens/s.json");
	config_free(c);
	c = load_source(URL MICROSOFT "grant = credentials\ntenant = \"example.org\"\n"
				      "client_secret_credential = s",
	    &e);
	m = only_source(c, &e);
	assert_string_equal(m->token.token_endpoint,
	    "https://login.microsoftonline.com/example.org/oauth2/v2.0/token");
	assert_string_equal(m->token.scope, "https://outlook.office365.com/.default");
	config_free(c);
	c = load_source(URL GOOGLE "client_secret_file = \"/s\"\nscope = \"mine\"", &e);
	m = only_source(c, &e);
	assert_int_equal(m->token.grant, TOKEN_BROWSER);
	assert_string_equal(m->token.token_endpoint, "https://oauth2.googleapis.com/token");
	assert_string_equal(m->token.scope, "mine");
	config_free(c);
}

static void
names_become_files(void **state)
{
	static const char *const wrong[] = { "..", "a/b", ".a", "a b" };
	struct err e;
	struct config *c;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		char text[1000];

		snprintf(text, sizeof(text), "source \"%s\" {\n" URL CUSTOM "}\n", wrong[i]);
		assert_null(load(text, &e));
		assert_non_null(strstr(e.text, "name becomes that of a file"));
	}
	c = load("source \"a b/c\" {\n" URL PASSWORD "}\nsource d {\npath = \"/x\"\n}\n", &e);
	assert_non_null(c);
	assert_int_equal(config_resolve(c, "/state", &e), 0);
	assert_non_null(config_find(c, "a b/c"));
	assert_null(config_find(c, "d")->imap);
	assert_null(config_find(c, "e"));
	config_free(c);
}

static void
a_url_of_the_command_line(void **state)
{
	static const char url[] = "imaps://ada@imap.example.org/DMARC";
	const struct config_url_options none = { NULL, NULL, NULL, NULL, NULL };
	struct config_url_options o = { .password_command = "pass x" };
	struct source_conf conf = { .after = AFTER_SEEN, .watch = true };
	struct err e;
	struct config *c = config_load(NULL, false, &e);

	(void)state;
	assert_int_equal(config_url(c, url, &none, &conf, &e), -1);
	assert_non_null(strstr(e.text, "--password-file"));
	assert_int_equal(config_url(c, url, &o, &conf, &e), 0);
	assert_string_equal(conf.path, url);
	assert_string_equal(conf.imap->name, url);
	assert_string_equal(conf.imap->password.command, "pass x");
	assert_int_equal(conf.after, AFTER_SEEN);
	assert_true(conf.watch);
	o.tls = "off";
	assert_int_equal(config_url(c, url, &o, &conf, &e), -1);
	assert_non_null(strstr(e.text, "tls = off"));
	assert_int_equal(config_url(c, "imap://a@127.0.0.1", &o, &conf, &e), 0);
	assert_int_equal(conf.imap->link.tls, LINK_CLEAR);
	o.tls = "maybe";
	assert_int_equal(config_url(c, url, &o, &conf, &e), -1);
	o = (struct config_url_options){ .password_file = "/p", .password_command = "x" };
	assert_int_equal(config_url(c, url, &o, &conf, &e), -1);
	o.password_command = NULL;
	conf.after = AFTER_MOVE;
	assert_int_equal(config_url(c, url, &o, &conf, &e), -1);
	conf.move_to = "Done";
	assert_int_equal(config_url(c, url, &o, &conf, &e), 0);
	config_free(c);
}

static void
what_is_kept_of_failure_reports(void **state)
{
	static const struct {
		const char *text, *words;
	} wrong[] = {
		{ "failure_reports = all", "headers, full or off" },
		{ "failure_days = 0", "1 to 36500" },
		{ "failure_days = -5", "1 to 36500" },
		{ "failure_days = 36501", "1 to 36500" },
	};
	struct config *c;
	struct err e;

	(void)state;
	c = load("", &e);
	assert_non_null(c);
	assert_int_equal(c->failures, FAILURES_HEADERS);
	assert_int_equal(c->failure_days, 30);
	config_free(c);
	c = load("failure_reports = off\nfailure_days = 7\n", &e);
	assert_non_null(c);
	assert_string_equal(config_failures_name(c->failures), "off");
	assert_int_equal(c->failure_days, 7);
	config_free(c);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_null(load(wrong[i].text, &e));
		assert_int_equal(e.kind, ERR_CONFIG);
		assert_non_null(strstr(e.text, wrong[i].words));
	}
}

static void
limits_are_read(void **state)
{
	static const struct {
		const char *text, *words;
	} wrong[] = {
		{ "max_mail_size = 64", "max_mail_size is \"64\"; it can be 1 MB to 512 MB" },
		{ "max_mail_size = \"64 TB\"", "1 MB to 512 MB" },
		{ "max_mail_size = 64 MB", "stands between double quotes" },
		{ "source a {\npath = \"/a\"\n}\nsource a {\npath = \"/b\"\n}",
		    "a name of its own" },
		{ "max_mail_size = -1", "1 MB to 512 MB" },
		{ "max_mail_size = 1.5MB", "1 MB to 512 MB" },
		{ "max_mail_size = 18446744073709551615GB", "1 MB to 512 MB" },
		{ "max_mail_size = 8589934592GB", "1 MB to 512 MB" },
		{ "max_mail_size = \"\"", "1 MB to 512 MB" },
		{ "max_unpacked_size = 5GB",
		    "max_unpacked_size is \"5GB\"; it can be 1 MB to 4 GB" },
		{ "max_parts = 9", "10 to 2000" },
		{ "max_members = 1MB", "10 to 2000" },
		{ "max_kept_size = 257MB", "0 bytes to 256 MB" },
		{ "max_kept_total = 1025GB", "0 bytes to 1024 GB" },
		{ "worker_seconds = 0", "1 to 3600" },
		{ "worker_wait = 3601", "1 to 3600" },
		{ "worker_memory = 256MB",
		    "worker_memory is 256 MB; a max_mail_size of 64 MB needs 512 MB of it" },
		{ "max_mail_size = 100MB\nworker_memory = 512MB",
		    "a max_mail_size of 100 MB needs 656 MB of it" },
	};
	struct config *c;
	struct err e;

	(void)state;
	c = load("", &e);
	assert_non_null(c);
	assert_memory_equal(&c->ceilings, &ceilings_default, sizeof(c->ceilings));
	config_free(c);
	c = load("max_mail_size = \"128 mb\"\nmax_kept_size = 0\nmax_parts = 2000\n"
		 "max_unpacked_size = 2097152KB\nworker_seconds = 3600\n",
	    &e);
	assert_non_null(c);
	assert_int_equal(c->ceilings.mail, 128ull << 20);
	assert_int_equal(c->ceilings.worker_memory, 768ull << 20);
	assert_int_equal(c->ceilings.kept, 0);
	assert_int_equal(c->ceilings.parts, 2000);
	assert_int_equal(c->ceilings.unpacked, 2ull << 30);
	assert_int_equal(c->ceilings.cpu_seconds, 3600);
	config_free(c);
	c = load("max_mail_size = 1MB\nworker_memory = 1GB\n", &e);
	assert_non_null(c);
	assert_int_equal(c->ceilings.worker_memory, 1ull << 30);
	config_free(c);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_null(load(wrong[i].text, &e));
		assert_int_equal(e.kind, ERR_CONFIG);
		assert_non_null(strstr(e.text, wrong[i].words));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(contradictions_are_refused),
		cmocka_unit_test(defaults_are_filled_in),
		cmocka_unit_test(providers_are_known),
		cmocka_unit_test(names_become_files),
		cmocka_unit_test(a_url_of_the_command_line),
		cmocka_unit_test(what_is_kept_of_failure_reports),
		cmocka_unit_test(limits_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "ingest/response.h"

#include "tests/unit/ingest/tree.h"

/* What a server sends, handed out in pieces that end at ${cut} and are never longer than ${most}. */
struct server {
	struct str bytes;
	size_t at, cut, most;
	struct buf *out; /* what is told of literals, and of responses */
	uint64_t left;   /* of a literal */
	uint64_t refuse; /* literals above it */
};

static ssize_t
on_read(void *arg, void *p, size_t n, struct err *e)
{
	struct server *s = arg;

	if (s->at == s->bytes.n)
		return err_set(e, ERR_SOURCE, "END");
	if (n > s->bytes.n - s->at)
		n = s->bytes.n - s->at;
	if (s->at < s->cut && n > s->cut - s->at)
		n = s->cut - s->at;
	if (n > s->most)
		n = s->most;
	memcpy(p, s->bytes.p + s->at, n);
	s->at += n;
	return (ssize_t)n;
}

static int
on_begin(void *arg, uint32_t number, uint64_t size, struct err *e)
{
	struct server *s = arg;

	assert_int_equal(s->left, 0);
	buf_printf(s->out, "{%u:%llu:", number, (unsigned long long)size);
	if (size > s->refuse)
		return err_set(e, ERR_MESSAGE, "TOO BIG");
	s->left = size;
	if (size == 0)
		buf_put8(s->out, '}');
	return 0;
}

static int
on_piece(void *arg, struct str piece, struct err *e)
{
	struct server *s = arg;

	(void)e;
	assert_true(piece.n > 0 && piece.n <= s->left);
	s->left -= piece.n;
	buf_puts(s->out, piece);
	if (s->left == 0)
		buf_put8(s->out, '}');
	return 0;
}

static void
show_values(struct buf *out, const struct value *v)
{
	for (const char *gap = ""; v != NULL; v = v->next, gap = " ") {
		buf_printf(out, "%s", gap);
		if (v->kind == VALUE_NIL) {
			buf_puts(out, STR("NIL"));
		} else if (v->kind == VALUE_ATOM) {
			buf_puts(out, v->text);
		} else if (v->kind == VALUE_STRING) {
			buf_printf(out, "'%.*s'", (int)v->text.n, v->text.p);
		} else if (v->kind == VALUE_STREAMED) {
			buf_printf(out, "#%llu", (unsigned long long)v->size);
		} else {
			buf_put8(out, '(');
			show_values(out, v->first);
			buf_put8(out, ')');
		}
	}
}

/* "A1 OK[CODE values]text", "*12 FETCH(values)", "+text". */
static void
show(struct buf *out, const struct response *r)
{
	if (r->kind == RESPONSE_CONTINUE)
		buf_puts(out, STR("+"));
	else if (r->kind == RESPONSE_UNTAGGED)
		buf_puts(out, STR("*"));
	else
		buf_printf(out, "%.*s ", STR_ARG(r->tag));
	if (r->numbered)
		buf_printf(out, "%u ", r->number);
	buf_puts(out, r->name);
	if (r->code.n > 0) {
		buf_printf(out, "[%.*s%s", STR_ARG(r->code), r->code_values != NULL ? " " : "");
		show_values(out, r->code_values);
		buf_put8(out, ']');
	}
	if (r->values != NULL) {
		buf_put8(out, ' ');
		show_values(out, r->values);
	}
	if (r->text.n > 0)
		buf_printf(out, "|%.*s", (int)r->text.n, r->text.p);
	buf_put8(out, '\n');
}

/* All that ${wire} says, up to its end or the first error, whose text comes last. */
static void
read_all(struct str wire, size_t cut, size_t most, struct buf *out)
{
	struct server s = { .bytes = wire, .cut = cut, .most = most, .out = out, .refuse = 1000 };
	const struct response_io io = { &s, on_read, on_begin, on_piece };
	struct reader *r = reader_new(&io);
	struct response got = { .number = 77 };
	struct err e = { .kind = ERR_NONE }, again;

	buf_reset(out);
	while (reader_next(r, &got, &e) == 0) {
		show(out, &got);
		got = (struct response){ .number = 77 };
	}
	assert_int_equal(got.number, 77);
	if (strcmp(e.text, "END") != 0)
		buf_printf(out, "!%s", e.text);
	assert_int_equal(reader_next(r, &got, &again), -1);
	assert_string_equal(e.text, again.text);
	assert_false(out->over);
	reader_free(r);
}

static void
check(struct str wire, const char *says)
{
	struct buf out;

	buf_init(&out, 4 << 20);
	for (size_t cut = 0; cut <= wire.n; cut++) {
		read_all(wire, cut, SIZE_MAX, &out);
		if (!str_eq(buf_str(&out), str_of(says)))
			fail_msg("cut at %zu: %.*s\nis not\n%s\nbut\n%.*s", cut, STR_ARG(wire),
			    says, (int)out.n, out.p);
	}
	for (size_t most = 1; most < 5; most++) {
		read_all(wire, 0, most, &out);
		if (!str_eq(buf_str(&out), str_of(says)))
			fail_msg("%zu at a time: %.*s", most, STR_ARG(wire));
	}
	buf_fini(&out);
}

struct row {
	const char *wire, *says;
};

static void
check_rows(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		check(str_of(rows[i].wire), rows[i].says);
}

#define CHECK_ROWS(t) check_rows(t, sizeof(t) / sizeof((t)[0]))

static void
conditions_are_read(void **state)
{
	static const struct row t[] = {
		{ "* OK IMAP4rev1 Service Ready\r\n", "*OK|IMAP4rev1 Service Ready\n" },
		{ "* OK\r\n", "*OK\n" },
		{ "* OK \r\n", "*OK\n" },
		{ "* ok  ready \t \r\r\n", "*ok|ready\n" },
		{ "* OK\n* NO\n", "*OK\n*NO\n" },
		{ "a001 OK LOGIN completed\r\n", "a001 OK|LOGIN completed\n" },
		{ "A2 OK\r\nA3 no\r\nA4 Bad\n", "A2 OK\nA3 no\nA4 Bad\n" },
		{ "* BYE Autologout; idle for too long\r\n",
		    "*BYE|Autologout; idle for too long\n" },
		{ "* PREAUTH [CAPABILITY IMAP4rev1] hello\r\n",
		    "*PREAUTH[CAPABILITY IMAP4rev1]|hello\n" },
		{ "* OK [UIDVALIDITY 3857529045] UIDs valid\r\n",
		    "*OK[UIDVALIDITY 3857529045]|UIDs valid\n" },
		{ "* OK [ALERT] Disk is full\r\n", "*OK[ALERT]|Disk is full\n" },
		{ "* OK [PERMANENTFLAGS (\\Deleted \\Seen \\*)] Limited\r\n",
		    "*OK[PERMANENTFLAGS (\\Deleted \\Seen \\*)]|Limited\n" },
		{ "* OK [PERMANENTFLAGS ()] None\r\n", "*OK[PERMANENTFLAGS ()]|None\n" },
		{ "A1 OK [READ-WRITE]SELECT\r\n", "A1 OK[READ-WRITE]|SELECT\n" },
		{ "A1 OK[READ-ONLY]\r\n", "A1 OK[READ-ONLY]\n" },
		{ "A1 NO [TRYCREATE]\n", "A1 NO[TRYCREATE]\n" },
		{ "A1 OK [COPYUID 38505 304,319:320 3956:3958] Done\r\n",
		    "A1 OK[COPYUID 38505 304,319:320 3956:3958]|Done\n" },
		{ "A1 NO [BADCHARSET (US-ASCII \"x y\")] no\r\n",
		    "A1 NO[BADCHARSET (US-ASCII 'x y')]|no\n" },
		{ "* NO [X-ODD it's (not \"closed {5} \\] and more]\r\n",
		    "*NO[X-ODD it's (not \"closed {5} \\]|and more]\n" },
		{ "* NO [X-ODD {5}] more\r\n", "*NO[X-ODD {5}]|more\n" },
		{ "* NO [X-ODD a)b] more\r\n", "*NO[X-ODD a)b]|more\n" },
		{ "* NO [REFERRAL imap://a;AUTH=*@b/c/] x\r\n",
		    "*NO[REFERRAL imap://a;AUTH=*@b/c/]|x\n" },
		{ "* OK [ never closed\r\n", "*OK|[ never closed\n" },
		{ "* OK [] empty\r\n", "*OK|empty\n" },
		{ "* OK [  UIDNEXT   5 ]  x\r\n", "*OK[UIDNEXT 5]|x\n" },
		{ "* OK \xC3\xA9t\xE9 \"{5}\r\n", "*OK|\xC3\xA9t\xE9 \"{5}\n" },
		{ "* OK a {5}\r\n* OK b\r\n", "*OK|a {5}\n*OK|b\n" },
	};

	(void)state;
	CHECK_ROWS(t);
}

static void
continuations_are_read(void **state)
{
	static const struct row t[] = {
		{ "+\r\n", "+\n" },
		{ "+ \r\n", "+\n" },
		{ "+\n", "+\n" },
		{ "+ idling\r\n", "+|idling\n" },
		{ "+ VXNlcm5hbWU6\r\nA1 OK\r\n", "+|VXNlcm5hbWU6\nA1 OK\n" },
		{ "+VXNlcm5hbWU6 \r\n", "+|VXNlcm5hbWU6\n" },
		{ "+ [ALERT] {3}\r\n", "+|[ALERT] {3}\n" },
	};

	(void)state;
	CHECK_ROWS(t);
}

static void
data_are_read(void **state)
{
	static const struct row t[] = {
		{ "* CAPABILITY IMAP4rev1 AUTH=PLAIN LITERAL+\r\n",
		    "*CAPABILITY IMAP4rev1 AUTH=PLAIN LITERAL+\n" },
		{ "* capability imap4rev1 \r\n", "*capability imap4rev1\n" },
		{ "* 18 EXISTS\r\n* 0 RECENT\r\n* 4294967295 EXPUNGE\r\n",
		    "*18 EXISTS\n*0 RECENT\n*4294967295 EXPUNGE\n" },
		{ "* FLAGS (\\Answered $Forwarded foo[bar)\r\n",
		    "*FLAGS (\\Answered $Forwarded foo[bar)\n" },
		{ "* FLAGS(\\Seen)\r\n", "*FLAGS (\\Seen)\n" },
		{ "* LIST (\\HasNoChildren) \"/\" INBOX\r\n",
		    "*LIST (\\HasNoChildren) '/' INBOX\n" },
		{ "* LIST () \"\\\\\" \"a\\\"b\\\\c\"\r\n", "*LIST () '\\' 'a\"b\\c'\n" },
		{ "* LIST () \".\" {7}\r\na\"(b\\)\r\r\n", "*LIST () '.' 'a\"(b\\)\r'\n" },
		{ "* LIST () nil {0}\r\n\r\n", "*LIST () NIL ''\n" },
		{ "* LIST () NIL \"NIL\"\r\n", "*LIST () NIL 'NIL'\n" },
		{ "* LIST (\\All) \"/\" [Gmail]/All\r\n", "*LIST (\\All) '/' [Gmail]/All\n" },
		{ "* LIST () \"/\" a{b}~\xC3\xA9%*\r\n", "*LIST () '/' a{b}~\xC3\xA9%*\n" },
		{ "* LIST () \"/\" ~peter\r\n* LIST () \"/\" ~\r\n",
		    "*LIST () '/' ~peter\n*LIST () '/' ~\n" },
		{ "* LIST () \"/\" \"\xC3\xA9\xFF \\x\"\r\n", "*LIST () '/' '\xC3\xA9\xFF \\x'\n" },
		{ "* LIST () \"/\" ~{3}\na b\r\n", "*LIST () '/' 'a b'\n" },
		{ "* LIST () \"/\" {3+}\r\na b \r\n", "*LIST () '/' 'a b'\n" },
		{ "* LIST () \"/\" {0003} \r\na b\r\n", "*LIST () '/' 'a b'\n" },
		{ "* LIST () \"/\" foo (\"CHILDINFO\" (\"SUBSCRIBED\"))\r\n",
		    "*LIST () '/' foo ('CHILDINFO' ('SUBSCRIBED'))\n" },
		{ "* SEARCH\r\n* SEARCH \r\n* SEARCH 2 84 882\r\n",
		    "*SEARCH\n*SEARCH\n*SEARCH 2 84 882\n" },
		{ "* SEARCH 2 5 (MODSEQ 917162500)\r\n", "*SEARCH 2 5 (MODSEQ 917162500)\n" },
		{ "* ESEARCH (TAG \"A1\") UID ALL 1:3\r\n", "*ESEARCH (TAG 'A1') UID ALL 1:3\n" },
		{ "* STATUS {3}\r\na/b (MESSAGES 231 UIDNEXT 44292)\r\n",
		    "*STATUS 'a/b' (MESSAGES 231 UIDNEXT 44292)\n" },
		{ "* NAMESPACE ((\"INBOX.\" \".\")(\"#mh/\" \"/\" \"X-P\" (\"A\"\"B\"))) NIL nil\r\n",
		    "*NAMESPACE (('INBOX.' '.') ('#mh/' '/' 'X-P' ('A' 'B'))) NIL NIL\n" },
		{ "* VANISHED (EARLIER) 1:5\r\n* VANISHED 7\r\n",
		    "*VANISHED (EARLIER) 1:5\n*VANISHED 7\n" },
		{ "* ID (\"name\" \"Dovecot\" \"x\" NIL)\r\n* ID NIL\r\n",
		    "*ID ('name' 'Dovecot' 'x' NIL)\n*ID NIL\n" },
		{ "* ENABLED\r\n* X-NEW  a\tb (c)d\r\n", "*ENABLED\n*X-NEW a b (c) d\n" },
		{ "\r\n\n \r\n* OK\r\n\r\n* NO\r\n\r\n", "*OK\n*NO\n" },
	};

	(void)state;
	CHECK_ROWS(t);
}

static void
fetched_items_are_read(void **state)
{
	static const struct row t[] = {
		{ "* 12 FETCH (FLAGS (\\Seen \\Flagged) UID 4 RFC822.SIZE 44827)\r\n",
		    "*12 FETCH (FLAGS (\\Seen \\Flagged) UID 4 RFC822.SIZE 44827)\n" },
		{ "* 12 FETCH ()\r\n", "*12 FETCH ()\n" },
		{ "* 7 fetch (body[] {5}\r\nhello uid 9)\r\n* 8 FETCH (UID 1)\r\n",
		    "{7:5:hello}*7 fetch (body[] #5 uid 9)\n*8 FETCH (UID 1)\n" },
		{ "* 7 FETCH (UID 9 BODY[]<0> {5}\nhello)\n",
		    "{7:5:hello}*7 FETCH (UID 9 BODY[]<0> #5)\n" },
		{ "* 7 FETCH (BODY[] ~{2}\r\n) UID 9)\r\n",
		    "{7:2:) }*7 FETCH (BODY[] #2 UID 9)\n" },
		{ "* 7 FETCH (BODY[] {3}\r\n\r\n) UID 9)\r\n",
		    "{7:3:\r\n)}*7 FETCH (BODY[] #3 UID 9)\n" },
		{ "* 7 FETCH (BODY[] {0}\r\n)\r\n", "{7:0:}*7 FETCH (BODY[] #0)\n" },
		{ "* 7 FETCH (BODY[] \"a\\\"b\" UID 1)\r\n",
		    "{7:3:a\"b}*7 FETCH (BODY[] #3 UID 1)\n" },
		{ "* 7 FETCH (BODY[] \"\" UID 1)\r\n", "{7:0:}*7 FETCH (BODY[] #0 UID 1)\n" },
		{ "* 7 FETCH (BODY[] NIL UID 1)\r\n", "*7 FETCH (BODY[] NIL UID 1)\n" },
		{ "* 7 FETCH (BODY[] {2}\r\nabBODY[] {1}\r\nc)\r\n",
		    "{7:2:ab}{7:1:c}*7 FETCH (BODY[] #2 BODY[] #1)\n" },
		{ "* 7 FETCH (BODY[HEADER.FIELDS (MESSAGE-ID)] {3}\r\na\r\n UID 2)\r\n",
		    "*7 FETCH (BODY[HEADER.FIELDS (MESSAGE-ID)] 'a\r\n' UID 2)\n" },
		{ "* 7 FETCH (BODY[HEADER.FIELDS (\"X]\\\"] Y\" Z)]<5> \"\" UID 2)\r\n",
		    "*7 FETCH (BODY[HEADER.FIELDS (\"X]\\\"] Y\" Z)]<5> '' UID 2)\n" },
		{ "* 7 FETCH (INTERNALDATE \"17-Jul-1996 02:44:25 -0700\" MODSEQ (65402))\r\n",
		    "*7 FETCH (INTERNALDATE '17-Jul-1996 02:44:25 -0700' MODSEQ (65402))\n" },
		{ "* 7 FETCH (X-GM-MSGID 1278455344230334865 X-GM-LABELS (\\Inbox \"\\\\Sent\" "
		  "[x {3}\r\na b BODY[] {1}\r\nx))\r\n",
		    "*7 FETCH (X-GM-MSGID 1278455344230334865 X-GM-LABELS (\\Inbox '\\Sent' [x 'a b' "
		    "BODY[] 'x'))\n" },
		{ "* FETCH (BODY[] {1}\r\nx)\r\n", "*FETCH (BODY[] 'x')\n" },
		{ "* 7 FETCH BODY[] {1}\r\nx\r\n", "*7 FETCH BODY[] 'x'\n" },
		{ "* 7 FETCH (BODY[] {1001}\r\nx", "{7:1001:!TOO BIG" },
		{ "* 7 FETCH (BODY[] {9223372036854775807}\r\nx",
		    "{7:9223372036854775807:!TOO BIG" },
		{ "* 7 FETCH (BODY[TEXT] {16385}\r\nx", "{7:16385:!TOO BIG" },
		{ "* 7 FETCH (BODY[] {5}\r\nhel", "{7:5:hel" },
		{ "* 7 FETCH (BODY[TEXT] {16384}\r\nx", "" },
	};

	(void)state;
	CHECK_ROWS(t);
}

static void
what_is_no_imap_is_an_error(void **state)
{
	static const struct row t[] = {
		{ "220 mail.example.org ESMTP\r\n",
		    "!the server sent what is no IMAP: \"220 mail.example.org \"" },
		{ "HTTP/1.1 400 Bad Request\r\n",
		    "!the server sent what is no IMAP: \"HTTP/1.1 400 \"" },
		{ "\x15\x03\x01\r\n", "!the server sent what is no IMAP: \"\"" },
		{ "*OK\r\n", "!the server sent what is no IMAP: \"*\"" },
		{ "* \r\n", "!the server sent what is no IMAP: \"* \"" },
		{ "* 5\r\n", "!the server sent what is no IMAP: \"* 5\"" },
		{ "* 4294967296 EXISTS\r\n",
		    "!the server sent what is no number: \"* 4294967296 \"" },
		{ "* 5x EXISTS\r\n", "!the server sent what is no number: \"* 5x \"" },
		{ "A1\r\n", "!the server sent what is no IMAP: \"A1\"" },
		{ "A1 FETCH (x)\r\n", "!the server sent what is no IMAP: \"A1 FETCH \"" },
		{ "(\r\n", "!the server sent what is no IMAP: \"\"" },
		{ "* LIST (a\r\n", "!the server sent a list without its end: \"* LIST (a\"" },
		{ "* LIST a)\r\n", "!the server sent a \")\" too many: \"* LIST a\"" },
		{ "* LIST \"a\r\n",
		    "!the server sent a quoted string without its end: \"* LIST \"a\"" },
		{ "* LIST \"a\\\r\n",
		    "!the server sent a quoted string without its end: \"* LIST \"a\\\"" },
		{ "* LIST a\x01\r\n", "!the server sent a control character: \"* LIST a\"" },
		{ "* LIST a\x7F\r\n", "!the server sent a control character: \"* LIST a\"" },
		{ "* LIST a\rb\r\n", "!the server sent a CR in the midst of a line: \"* LIST a\"" },
		{ "* LIST {5\r\n", "!the server sent \"{\" without a size: \"* LIST {5\"" },
		{ "* LIST {}\r\n", "!the server sent \"{\" without a size: \"* LIST {}\"" },
		{ "* LIST {-1}\r\n", "!the server sent \"{\" without a size: \"* LIST {-\"" },
		{ "* LIST {1}x\r\n",
		    "!the server sent a literal's size in the midst of a line: \"* LIST {1}\"" },
		{ "* LIST {9223372036854775808}\r\n",
		    "!the server sent a literal of impossible size: \"* LIST {9223372036854775808\"" },
		{ "* LIST {262144}\r\n",
		    "!the server sent a literal that is too long: \"* LIST {262144}\"" },
		{ "* 1 FETCH (BODY[TEXT {1}\r\n",
		    "!the server sent \"[\" without its end: \"* 1 FETCH (BODY[TEXT {1}\"" },
		{ "\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n* OK\r\n",
		    "!the server sent nothing but empty lines: \"\"" },
	};

	(void)state;
	CHECK_ROWS(t);
	check(STR("* LIST a\0b\r\n"), "!the server sent a control character: \"* LIST a\"");
	check(STR("* LIST \"a\0\"\r\n"),
	    "!the server sent a quoted string without its end: \"* LIST \"a\"");
	check(STR("* OK a\r\n* LIST {1}\r\n\0\r\n* OK b\r\n"), "*OK|a\n*LIST ''\n*OK|b\n");
}

/* The last line of what the server's ${head}, ${n} times ${unit} and ${tail} give. */
static void
check_long(const char *head, struct str unit, size_t n, const char *tail, const char *says)
{
	struct buf wire, out;
	const char *last;

	buf_init(&wire, 4 << 20);
	buf_init(&out, 4 << 20);
	buf_puts(&wire, str_of(head));
	for (size_t i = 0; i < n; i++)
		buf_puts(&wire, unit);
	buf_puts(&wire, str_of(tail));
	for (size_t most = 1; most < 200000; most += 99998) {
		read_all(buf_str(&wire), 0, most, &out);
		last = out.n > 0 ? memrchr(out.p, '!', out.n) : NULL;
		if (says == NULL && last != NULL)
			fail_msg("%s: %.*s", head, (int)(out.n - (size_t)(last - out.p)), last);
		if (says != NULL &&
		    (last == NULL ||
			memmem(last, out.n - (size_t)(last - out.p), says, strlen(says)) == NULL))
			fail_msg("%s is not refused", head);
	}
	buf_fini(&wire);
	buf_fini(&out);
}

static void
limits_are_kept(void **state)
{
	(void)state;
	check_long("* X ", STR("("), RESPONSE_DEPTH, "", NULL);
	check_long("* X ", STR("("), RESPONSE_DEPTH + 1, "", "too deep");
	check_long("* X ", STR("("), 200000, "", "too deep");
	check_long("* OK [X ", STR("("), 200000, "] text\r\n", NULL);
	check_long("* X ", STR("1 "), RESPONSE_VALUES, "\r\n", NULL);
	check_long("* X ", STR("1 "), RESPONSE_VALUES + 1, "\r\n", "too many values");
	check_long("* OK [X ", STR("1 "), RESPONSE_VALUES + 1, "] text\r\n", "too many values");
	check_long("* X ", STR("a"), RESPONSE_BYTES - 6, "\r\n", NULL);
	check_long("* X ", STR("a"), RESPONSE_BYTES - 5, "\r\n", "too long");
	check_long("* OK ", STR("a"), RESPONSE_BYTES, "", "too long");
	check_long("* OK [", STR("a"), RESPONSE_BYTES, "", "too long");
	check_long("* OK [COPYUID 1 1 ", STR("11,"), 80000, "5] Done\r\n", NULL);
	check_long("+ ", STR("a"), RESPONSE_BYTES, "", "too long");
	check_long("", STR("a"), RESPONSE_BYTES, "a", "too long");
	check_long("* ", STR("1"), RESPONSE_BYTES, "a", "too long");
	check_long("* X \"", STR("a"), RESPONSE_BYTES, "", "too long");
	check_long("* X \"", STR("\\\\"), RESPONSE_BYTES, "", "too long");
	check_long("* X ", STR(" "), RESPONSE_BYTES, "", "too long");
	check_long("* X a", STR("\r"), RESPONSE_BYTES, "", "too long");
	check_long("* X {", STR("0"), RESPONSE_BYTES, "", "too long");
	check_long("* X {1}", STR(" "), RESPONSE_BYTES, "", "too long");
	check_long("* 1 FETCH (BODY[", STR("a"), RESPONSE_BYTES, "", "too long");
	check_long("", STR(" "), RESPONSE_BYTES, " ", "too long");
	check_long("* X ", STR("{0}\r\n "), RESPONSE_BYTES, "", "too long");
	check_long("* X {200000}\r\n", STR("a"), 200000, " {60000}\r\n", NULL);
	check_long("* X {200000}\r\n", STR("a"), 200000, " {70000}\r\n", "too long");
	/* what is streamed does not count, and each response anew */
	check_long("", STR("* 1 FETCH (BODY[] {9}\r\n012345678)\r\n"), 20000, "", NULL);
	check_long("* 1 FETCH (", STR("BODY[] {9}\r\n012345678 "), 18000, ")\r\n", NULL);
	check_long("* 1 FETCH (", STR("BODY[] {9}\r\n012345678 "), 22000, ")\r\n", "too long");
}

static void
values_are_found(void **state)
{
	struct buf out;
	struct server s = { .most = SIZE_MAX,
		.out = &out,
		.bytes = STR(
		    "* 1 FETCH (FLAGS (UID) A UID uid 4294967295 X 4294967296 Y 18446744073709551615 "
		    "Z 18446744073709551616 S \"5\" N NIL UID 3 ODD)\r\n") };
	const struct response_io io = { &s, on_read, on_begin, on_piece };
	struct reader *r = reader_new(&io);
	struct response got;
	const struct value *list;
	struct err e;
	uint32_t n;
	uint64_t m;

	(void)state;
	buf_init(&out, 64);
	assert_false(reader_has_bytes(r));
	assert_int_equal(reader_next(r, &got, &e), 0);
	assert_false(reader_has_bytes(r));
	list = got.values;
	assert_int_equal(value_u32(value_of(list, STR("UID")), &n), 0);
	assert_int_equal(n, UINT32_MAX);
	assert_int_equal(value_u32(value_of(list, STR("x")), &n), -1);
	assert_int_equal(value_u64(value_of(list, STR("x")), &m), 0);
	assert_true(m == (uint64_t)UINT32_MAX + 1);
	assert_int_equal(value_u64(value_of(list, STR("Y")), &m), 0);
	assert_true(m == UINT64_MAX);
	assert_int_equal(value_u64(value_of(list, STR("Z")), &m), -1);
	assert_int_equal(value_u64(value_of(list, STR("S")), &m), -1);
	assert_int_equal(value_u32(value_of(list, STR("FLAGS")), &n), -1);
	assert_int_equal(value_of(list, STR("N"))->kind, VALUE_NIL);
	assert_null(value_of(list, STR("ODD")));
	assert_null(value_of(list, STR("NIL")));
	assert_null(value_of(NULL, STR("UID")));
	assert_null(value_of(list->first, STR("UID")));
	assert_int_equal(value_u32(NULL, &n), -1);
	assert_int_equal(value_u64(NULL, &m), -1);
	reader_free(r);
	buf_fini(&out);
}

static void
bytes_behind_a_response_are_seen(void **state)
{
	struct buf out;
	struct server s = {
		.most = SIZE_MAX, .out = &out, .bytes = STR("A1 OK begin TLS\r\nA2 OK injected\r\n")
	};
	const struct response_io io = { &s, on_read, on_begin, on_piece };
	struct reader *r = reader_new(&io);
	struct response got;
	struct err e;

	(void)state;
	buf_init(&out, 64);
	assert_int_equal(reader_next(r, &got, &e), 0);
	assert_true(reader_has_bytes(r));
	reader_reset(r);
	assert_false(reader_has_bytes(r));
	assert_int_equal(reader_next(r, &got, &e), -1);
	/* a new connection */
	s.at = 0;
	reader_reset(r);
	assert_int_equal(reader_next(r, &got, &e), 0);
	assert_int_equal(reader_next(r, &got, &e), 0);
	assert_true(str_eq(got.text, STR("injected")));
	assert_false(reader_has_bytes(r));
	reader_free(r);
	reader_free(NULL);
	buf_fini(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(conditions_are_read),
		cmocka_unit_test(continuations_are_read),
		cmocka_unit_test(data_are_read),
		cmocka_unit_test(fetched_items_are_read),
		cmocka_unit_test(what_is_no_imap_is_an_error),
		cmocka_unit_test(limits_are_kept),
		cmocka_unit_test(values_are_found),
		cmocka_unit_test(bytes_behind_a_response_are_seen),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("response", tests, NULL, NULL);
}

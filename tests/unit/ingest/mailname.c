#include "ingest/mailname.h"

#include "tests/unit/ingest/tree.h"

static void
base_ends_at_the_info(void **state)
{
	static const struct {
		const char *name, *base;
	} t[] = {
		{ "1700000000.M1P2.host,S=12,W=13:2,FRSab", "1700000000.M1P2.host,S=12,W=13" },
		{ "1700000000.M1P2.host,S=12,W=13", "1700000000.M1P2.host,S=12,W=13" },
		{ "1700000000.1_2.host,U=7;2,S", "1700000000.1_2.host,U=7" },
		{ "1700000000.1_2.host,U=7!2,S", "1700000000.1_2.host,U=7" },
		{ "1700000000.1_2.host:1,x", "1700000000.1_2.host" },
		{ "1700000000.a:b.host", "1700000000.a:b.host" },
		{ "1700000000.a:3,b", "1700000000.a:3,b" },
		{ "1700000000.a:2", "1700000000.a:2" },
		{ "1700000000.a:2,", "1700000000.a" },
		{ "1700000000.V801I2M3.ho\\072st", "1700000000.V801I2M3.ho\\072st" },
		{ "", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		if (!str_eq(mailname_base(str_of(t[i].name)), str_of(t[i].base)))
			fail_msg("%s", t[i].name);
}

static void
foreign_files_are_told_apart(void **state)
{
	static const struct {
		const char *name;
		bool foreign;
	} t[] = {
		{ ".nfs000000000001", true },
		{ ".syncthing.1700000000.M1P2.host.tmp", true },
		{ "~syncthing~1700000000.M1P2.host.tmp", true },
		{ "1700000000.M1P2.sync-conflict-20240101-101010-ABCDEFG.host:2,S", true },
		{ "dovecot-uidlist", true },
		{ "dovecot-uidlist.lock", true },
		{ "dovecot.index.cache", true },
		{ "courierimapuiddb", true },
		{ "maildirsize", true },
		{ "maildirfolder", true },
		{ "subscriptions", true },
		{ "1700000000.M1P2.dovecot-uidlist", false },
		{ "report.eml", false },
		{ "subscriptions-2024.eml", false },
		{ "1700000000.M1P2.host", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		if (mailname_foreign(str_of(t[i].name)) != t[i].foreign)
			fail_msg("%s", t[i].name);
}

static void
names_are_changed_as_servers_do(void **state)
{
	static const struct {
		const char *name, *seen, *informed, *other;
	} t[] = {
		{ "1.a", "1.a:2,S", "1.a:2,", "1.a_7" },
		{ "1.a:2,", "1.a:2,S", "1.a:2,", "1.a_7:2," },
		{ "1.a:2,FR", "1.a:2,FRS", "1.a:2,FR", "1.a_7:2,FR" },
		{ "1.a:2,FT", "1.a:2,FST", "1.a:2,FT", "1.a_7:2,FT" },
		{ "1.a:2,Tab", "1.a:2,STab", "1.a:2,Tab", "1.a_7:2,Tab" },
		{ "1.a:2,ab", "1.a:2,Sab", "1.a:2,ab", "1.a_7:2,ab" },
		{ "1.a:2,RS", "1.a:2,RS", "1.a:2,RS", "1.a_7:2,RS" },
		{ "1.a:2,TS", "1.a:2,TS", "1.a:2,TS", "1.a_7:2,TS" },
		{ "1.a;2,F", "1.a;2,FS", "1.a;2,F", "1.a_7;2,F" },
		{ "1.a!2,", "1.a!2,S", "1.a!2,", "1.a_7!2," },
		{ "1.a:1,x", "1.a:1,x", "1.a:1,x", "1.a_7:1,x" },
		{ "1.a:2,F,more", "1.a:2,FS,more", "1.a:2,F,more", "1.a_7:2,F,more" },
		{ "1.a,S=5,W=6:2,F", "1.a,S=5,W=6:2,FS", "1.a,S=5,W=6:2,F", "1.a_7,S=5,W=6:2,F" },
		{ "1.a,U=5", "1.a,U=5:2,S", "1.a,U=5:2,", "1.a_7,U=5" },
	};
	struct buf b;

	(void)state;
	buf_init(&b, 256);
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		buf_reset(&b);
		mailname_seen(&b, str_of(t[i].name));
		if (!str_eq(buf_str(&b), str_of(t[i].seen)))
			fail_msg("seen: %s", t[i].name);
		buf_reset(&b);
		mailname_informed(&b, str_of(t[i].name));
		if (!str_eq(buf_str(&b), str_of(t[i].informed)))
			fail_msg("informed: %s", t[i].name);
		buf_reset(&b);
		mailname_other(&b, str_of(t[i].name), 7);
		if (!str_eq(buf_str(&b), str_of(t[i].other)))
			fail_msg("other: %s", t[i].name);
	}
	buf_fini(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(base_ends_at_the_info),
		cmocka_unit_test(foreign_files_are_told_apart),
		cmocka_unit_test(names_are_changed_as_servers_do),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("mailname", tests, NULL, NULL);
}

/* Comments of override reasons: what RFC 8617 asks for, what OpenDMARC writes, and everything else. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>

#include <arpa/inet.h>
#include <cmocka.h>

#include "parser/arc.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static void
test_comments(void **state)
{
	static const struct {
		const char *comment;
		enum verdict verdict;
		unsigned hops;
		const char *sealer, *ip;
	} table[] = {
		{ "arc=pass as[2].d=d2.example as[2].s=s2 as[1].d=d1.example as[1].s=s3 "
		  "remote-ip[1]=2001:DB8::1A",
		    VERDICT_PASS, 2, "d2.example", "2001:db8::1a" },
		{ "arc=fail as[1].d=lists.example as[1].s=k client-ip[1]=192.0.2.7", VERDICT_FAIL,
		    1, "lists.example", "192.0.2.7" },
		{ "arc=fail", VERDICT_FAIL, 0, "", "" },
		{ "arc=pass", VERDICT_PASS, 0, "", "" },
		/* in any order, case and spacing */
		{ "AS[1].D=A.Example.\n\tARC=Pass;  as[3].d=c.example,as[2].d=b.example",
		    VERDICT_PASS, 3, "c.example", "" },
		{ "relayed here: arc=pass as[50].d=z.example", VERDICT_PASS, 50, "z.example", "" },
		/* of what comes twice the first counts */
		{ "arc=pass arc=fail as[1].d=a.example as[1].d=b.example remote-ip[1]=192.0.2.1 "
		  "remote-ip[1]=192.0.2.2",
		    VERDICT_PASS, 1, "a.example", "192.0.2.1" },
		/* passed over */
		{ "arc=pass as[0].d=a as[51].d=b as[1].d= as[2].s=s as[x].d=c as[1]d=e as[1 "
		  "as[99999999999].d=f as[-1].d=g as[1].d",
		    VERDICT_PASS, 0, "", "" },
		{ "arc=pass remote-ip[1]=here remote-ip[2]=192.0.2.1", VERDICT_PASS, 0, "", "" },
		/* nothing of ARC */
		{ "arc=none as[1].d=a.example", VERDICT_UNKNOWN, 0, "", "" },
		{ "as[1].d=a.example remote-ip[1]=192.0.2.1", VERDICT_UNKNOWN, 0, "", "" },
		{ "search=pass", VERDICT_UNKNOWN, 0, "", "" },
		{ "arc=", VERDICT_UNKNOWN, 0, "", "" },
		{ "", VERDICT_UNKNOWN, 0, "", "" },
	};
	char room[LIMIT_DOMAIN_BYTES], ip[INET6_ADDRSTRLEN];

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct arc a = arc_parse(str_of(table[i].comment), room);

		ip[0] = '\0';
		if (a.source_ip.family != 0)
			inet_ntop(a.source_ip.family == 4 ? AF_INET : AF_INET6, a.source_ip.b, ip,
			    sizeof(ip));
		if (a.verdict != table[i].verdict || a.hops != table[i].hops ||
		    !str_eq(a.sealer, str_of(table[i].sealer)) || strcmp(ip, table[i].ip) != 0)
			fail_msg("\"%s\": %d, %d, \"%.*s\", \"%s\"", table[i].comment, a.verdict,
			    a.hops, (int)a.sealer.n, a.sealer.p, ip);
	}
}

static void
test_long_sealer(void **state)
{
	char room[LIMIT_DOMAIN_BYTES];
	char comment[600] = "arc=pass as[1].d=";
	size_t n = strlen(comment);

	(void)state;
	memset(comment + n, 'a', 256);
	assert_int_equal(arc_parse((struct str){ comment, n + 255 }, room).sealer.n, 255);
	assert_int_equal(arc_parse((struct str){ comment, n + 256 }, room).hops, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_comments),
		cmocka_unit_test(test_long_sealer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

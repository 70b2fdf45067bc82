// reports.mjs - the reports and each of them: filters, pages, what a report says of itself, its records, its original.
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { api, base, cells, comes, csvOf, done, go, h1, is, main, ok, open, query, rows, settled, shown, table, until, where } from './browser.mjs';

const page = await open({ user: 'mara' });
const reports = () => cells(table(page, 'Reports'));
const count = () => main(page).getByRole('status').first().innerText();
const WIDE = ['--from', '2000-01-01', '--to', '2030-01-01', '--limit', '0'];

async function filter(fields) {
	for (const [name, value] of Object.entries(fields))
		await page.getByRole('searchbox', { name, exact: true }).fill(value);
	await page.getByRole('button', { name: 'Filter' }).click();
	await settled(page);
}

// The list

await go(page, '/reports');
const everything = rows('reports', ...WIDE);
is(await count(), `${shown(everything.length)} reports`, 'all reports are counted');
await filter({ Domain: 'Example.ORG' });
await comes(() => query(page).domain, 'Example.ORG', 'a filter is in the URL');
const own = everything.filter(one => one.domain === 'example.org' && one.day >= '2026-11-01' && one.day <= '2026-11-15');
is(await count(), `${shown(everything.filter(one => one.domain === 'example.org').length)} reports`, 'the reports of a domain, in any case of letters');
await go(page, '/reports?domain=example.org&from=2026-11-01&to=2026-11-15');
is(await count(), `${own.length} reports`, 'and of a period');
let all = await reports();
for (let from = 101; from <= own.length; from += 100) {
	await page.getByRole('link', { name: 'Next', exact: true }).click();
	await until(async () => (await page.getByRole('navigation', { name: 'Pages' }).innerText()).startsWith(`${from}–`), `the page from ${from} on`);
	await settled(page);
	all = all.concat(await reports());
}
const line = one => [one.domain, one.reporter, one.report_id, shown(one.records), shown(one.messages)].join(' ');
const asLine = row => [...row.slice(1, 4), row[5], row[6]].join(' ');
is(all.map(asLine).sort(), own.map(line).sort(), 'page after page they are what "ruastat reports" lists, each once');
const stamps = all.map(row => Date.parse(`${row[0]} UTC`));
ok(stamps.every((stamp, i) => !i || stamp <= stamps[i - 1]), 'the newest first');
const [reporter] = own.map(one => one.reporter);
await filter({ Reporter: reporter });
is(await count(), `${own.filter(one => one.reporter === reporter).length} reports`, 'of one reporter');
await page.getByRole('link', { name: 'Clear' }).click();
await settled(page);
is(query(page), { from: '2026-11-01', to: '2026-11-15' }, 'Clear takes the filters away');
await page.getByRole('group', { name: 'Period' }).getByRole('link', { name: 'All', exact: true }).click();
await settled(page);
is([query(page), await count()], [{}, `${shown(everything.length)} reports`], 'and All the period');
await filter({ Domain: 'gap.example', 'Report id': 'gap-7' });
is(await reports().then(list => list.map(row => row[3])), ['gap-7'], 'by a part of the report id');
await filter({ Domain: 'lindenhof.example', 'Report id': '', 'Address or network': '192.0.2.41' });
const within = await csvOf('reports.csv?domain=lindenhof.example&within=192.0.2.41');
is(await count(), `${shown(within.length)} reports`, 'by an address in them');
await filter({ 'Address or network': '203.0.113.7' });
ok(await page.getByText('No report is like that.').isVisible(), 'none is like that: it says so');
page.allow(/status 400/, /console: .* 400 /);
await filter({ 'Address or network': 'banana' });
ok(/within/i.test(await page.getByRole('alert').first().innerText()), 'what is no address is refused in words');

await go(page, '/reports?domain=nordwind.example&from=2026-11-01&to=2026-11-07');
for (const [name, at] of [['Messages', 6], ['Records', 5]]) {
	const head = page.getByRole('columnheader', { name, exact: true });
	await head.getByRole('link').click();
	await comes(() => head.getAttribute('aria-sort'), 'descending', `${name}: sorted, and said so`);
	await settled(page);
	const values = (await reports()).map(row => Number(row[at].replaceAll(',', '')));
	is(values, [...values].sort((a, b) => b - a), `${name}: the largest first`);
	is(values[0], Math.max(...rows('reports', '--domain', 'nordwind.example', '--from', '2026-11-01', '--to', '2026-11-07', '--limit', '0')
		.map(one => one[name.toLowerCase()])), `${name}: of all`);
}
const coming = page.waitForEvent('download');
await main(page).getByRole('link', { name: /CSV$/ }).click();
is((await csvOf(await coming)).slice(0, 100).map(one => `${one.report_id} ${one.messages}`), (await reports()).map(row => `${row[3]} ${row[6].replaceAll(',', '')}`),
	'the CSV has the rows of the table, in its order');

// Claims that do not follow from the results, and what overrode the policy

const [odd] = (await api('reports?domain=claims.example.co.uk')).rows;
await go(page, `/report/${odd.domain}/${odd.filed_on}/${odd.report_key}`);
const told = await table(page, 'Records of the report').locator('tbody tr').evaluateAll(list => list.map(row => row.innerText.replace(/\s+/g, ' ')));
ok(!told[0].includes('recomputed'), 'agreement is not worth a word');
ok(told[1].includes('DKIM recomputed: fail') && told[1].includes('SPF recomputed: fail') && told[1].includes('DKIM: the reporter says pass, yet'),
	'a pass that is none');
ok(told[2].includes('DKIM recomputed: pass') && told[2].includes('SPF recomputed: pass'), 'a fail that is none');
ok(/forwarded overrode the policy/.test(told[3]) && told[3].includes('ARC pass, 2 hops, sealed by lists.example, from 2001:db8::1a'),
	'what overrode the policy, and the ARC chain');
ok(!told[4].includes('overrode') && told[4].includes('dkim=pass for esp.example (selector s1) is not aligned with claims.example.co.uk'),
	'nothing was overridden');
ok((await main(page).getByRole('region', { name: 'Report', exact: true }).innerText()).includes('in 2 of 6 records'), 'counted in the header');

// One report

const deep = '/reports?domain=example.org&from=2026-11-10&to=2026-11-12';
await go(page, deep);
const listed = (await api('reports?domain=example.org&from=2026-11-10&to=2026-11-12')).rows;
const [chosen] = [...listed].sort((a, b) => b.records - a.records);
await table(page, 'Reports').getByRole('link', { name: chosen.report_id }).click();
await comes(() => where(page), `/report/example.org/${chosen.filed_on}/${chosen.report_key}`, 'a report has an address of its own');
await settled(page);
const one = await api(`report?domain=example.org&day=${chosen.filed_on}&key=${chosen.report_key}`);
ok((await h1(page)).includes(`${one.reporter} on example.org`), 'the heading says whose it is');
const facts = async name => main(page).getByRole('region', { name, exact: true }).evaluate(node =>
	Object.fromEntries([...node.querySelectorAll('dl > div')].map(div => [div.children[0].innerText.trim(), div.children[1].innerText.trim()])));
const header = await facts('Report');
is([header.Organisation, header['Report id'], header['E-mail']], [one.org_name, one.report_id, one.email], 'its header');
const policy = await facts('Policy published');
is([policy.p, policy.sp, policy.adkim, policy.aspf], [one.policy.p, one.policy.sp, one.policy.adkim, one.policy.aspf], 'the policy it saw');
is((await facts('Mail it came in'))['Message-ID'], one.mail.message_id, 'the mail it came in');
const records = table(page, 'Records of the report');
const held = await api(`report/records?domain=example.org&day=${chosen.filed_on}&key=${chosen.report_key}`);
is((await cells(records)).map(row => row.slice(0, 2)), held.rows.map(row => [row.source, shown(row.messages)]), 'its records, in its order');
is(await records.locator('tbody tr').evaluateAll(list => list.map(row => row.cells[2].querySelector('p:last-of-type').innerText)), held.rows.map(row => row.why ?? 'Both pass, aligned.'), 'each with its sentence');
is(held.rows.reduce((sum, row) => sum + row.messages, 0), one.messages, 'which add up to its messages');
await page.getByRole('combobox', { name: 'Which messages' }).selectOption({ label: 'neither passes' });
await comes(() => query(page), { result: 'neither' }, 'its records can be filtered');
await settled(page);
is((await cells(records)).map(row => row[0]), held.rows.filter(row => row.dkim_aligned === 'fail' && row.spf_aligned === 'fail').map(row => row.source),
	'to those that pass neither');
const file = page.waitForEvent('download');
await page.getByRole('region', { name: /\d+ records?/ }).getByRole('link', { name: /CSV$/ }).click();
is((await csvOf(await file)).map(row => row.source), (await cells(records)).map(row => row[0]), 'and so can the CSV');
const source = held.rows.find(row => row.dkim_aligned === 'fail').source;
await records.getByRole('link', { name: source, exact: true }).first().click();
await comes(() => h1(page), 'example.org', 'a source leads to the domain\'s records of it');
is([query(page).within, query(page).from], [source, one.day], 'on that day');
await page.goBack();
await page.goBack();
await page.goBack();
await comes(() => where(page), deep, 'and the way back leads to the list');

// Originals

for (const [kind, domain] of [['gzip', 'example.org'], ['zip', 'example.com']]) {
	const list = (await api(`reports?domain=${domain}&limit=60`)).rows;
	let path = null;
	for (const row of list) {
		if (path)
			break;
		const params = `domain=${domain}&day=${row.filed_on}&key=${row.report_key}`;
		if ((await api(`report?${params}`)).original?.kind === kind)
			path = { params, row };
	}
	if (!ok(path, `there is an original packed by ${kind}`))
		continue;
	await go(page, `/report/${domain}/${path.row.filed_on}/${path.row.report_key}`);
	const packed = page.waitForEvent('download');
	await page.getByRole('link', { name: /As it came/ }).click();
	const bytes = readFileSync(await (await packed).path());
	is(bytes.subarray(0, 2).toString('hex'), kind === 'gzip' ? '1f8b' : '504b', `${kind}: it can be had as it came`);
	const details = await api(`report?${path.params}`);
	is(bytes.length, details.original.bytes, `${kind}: to the last byte`);
	await page.getByRole('button', { name: 'Read the XML' }).click();
	const xml = page.getByRole('region', { name: 'The XML' });
	await until(async () => (await xml.innerText()).includes(`<report_id>${details.report_id}</report_id>`), `${kind}: it can be read in the page`);
	const saved = page.waitForEvent('download');
	await page.getByRole('link', { name: /Save as \.xml$/ }).click();
	const text = readFileSync(await (await saved).path(), 'utf8');
	ok(text.includes(`<report_id>${details.report_id}</report_id>`), `${kind}: and saved`);
	if (kind === 'gzip')
		is(text, gunzipSync(bytes).toString('utf8'), `${kind}: as what it holds`);
	is((await xml.locator('.xml-line').allTextContents()).join('\n').trim(), text.replace(/\r\n?/g, '\n').trim(), `${kind}: the page shows all its lines`);
	await page.getByRole('button', { name: 'Close the XML' }).click();
	await comes(() => xml.count(), 0, `${kind}: and closes it`);
}

// A policy that says it is no test

const [gap] = (await api('reports?domain=gap.example')).rows;
await go(page, `/report/gap.example/${gap.filed_on}/${gap.report_key}`);
ok(!['y', 'yes'].includes((await facts('Policy published')).testing), 'testing=n is not shown as testing');
await go(page, '/domain/gap.example');
ok(!(await page.locator('.page-facts').innerText()).includes('t y'), 'nor on the domain\'s page');

// Repaired, unknown

const repaired = (await api('reports?limit=1000&to=2026-09-01')).rows.find(row => row.quirks > 0);
await go(page, `/report/${repaired.domain}/${repaired.filed_on}/${repaired.report_key}`);
const { quirks } = await api(`report?domain=${repaired.domain}&day=${repaired.filed_on}&key=${repaired.report_key}`);
is(await page.getByRole('region', { name: 'Repaired to be read' }).getByRole('listitem').locator('b').allInnerTexts(),
	quirks.map(quirk => quirk.rule), 'what had to be repaired is listed');
ok(await page.getByRole('heading', { level: 1 }).getByText('repaired').isVisible(), 'and marked in the heading');

for (const path of ['/report/example.org/2026-11-20/00000000-0000-0000-0000-000000000000', '/report/never-heard.example/2026-11-20/00000000-0000-0000-0000-000000000000',
	'/report/example.org/someday/key', '/report/example.org/2026-11-20/%00']) {
	const lost = await open({ user: 'mara' });
	lost.allow(/status 40[04]/, /console: .* 40[04] /);
	await lost.goto(base + path);
	await until(async () => (await lost.getByRole('alert').count()) > 0 && !(await lost.getByRole('table').count()), `${path}: there is no such report, and it says so`);
	await lost.context().close();
}
await done();

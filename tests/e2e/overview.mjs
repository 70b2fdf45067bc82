// overview.mjs - all domains: their numbers, search, sorting, the period, links, and what the URL keeps.
import { readFileSync } from 'node:fs';
import { api, cells, comes, csv, done, go, h1, is, main, ok, open, query, rows, settled, shown, table, until, where } from './browser.mjs';

const page = await open({ user: 'mara' });
const domains = () => cells(table(page, 'Domains'));
const names = async () => (await domains()).map(([name]) => name);
const period = name => page.getByRole('group', { name: 'Period' }).getByRole('link', { name, exact: true });

/** What the program says of the domains, as the table should show it. */
const said = (...words) => Object.fromEntries(rows('domains', ...words).map(one => [one.domain, [shown(one.messages),
	shown(one.dmarc_percent, 1), shown(one.dkim_percent, 1), shown(one.spf_percent, 1),
	(one.p ?? '–') + (one.sp && one.sp !== one.p ? ` / ${one.sp}` : ''), shown(one.reports)]]));

/** The same read off the table; behind each number stands its change. */
const seen = async () => Object.fromEntries((await domains()).map(([name, , messages, dmarc, dkim, spf, policy, reports]) =>
	[name, [messages, dmarc, dkim, spf].map(cell => cell.split(' ')[0]).concat(policy, reports)]));

const tile = async name => (await main(page).getByRole('heading', { name, exact: true, level: 2 }).locator('xpath=../p[1]').innerText()).replace(/\s/g, '');

async function agrees(words, name) {
	await settled(page);
	const now = said(...words);
	is(await seen(), now, name);
	const all = rows('domains', ...words).reduce((sum, one) => sum + one.messages, 0);
	is(await tile('Messages'), shown(all), 'and so does the sum of their messages');
}

// Numbers

await go(page, '/');
await agrees([], 'the table agrees with "ruastat domains"');
is(await page.title(), 'Overview · ruastat', 'the title');
const summary = await api('summary');
is([await tile('DMARC pass'), await tile('DKIM pass'), await tile('SPF pass')],
	[summary.dmarc_percent, summary.dkim_percent, summary.spf_percent].map(value => `${shown(value, 1)}%`), 'the rates above it');
is(await names(), rows('domains').sort((a, b) => b.messages - a.messages).map(one => one.domain), 'most messages stand first');
ok((await main(page).getByRole('img', { name: /^Messages by day/ }).count()) >= 6, 'each domain has a drawing of its days');

// The period

const last = rows('domains').map(one => one.last_day).sort().at(-1);
const before = (day, count) => new Date(Date.parse(day) - count * 86400000).toISOString().slice(0, 10);
for (const [name, count] of [['7 days', 7], ['90 days', 90], ['1 year', 365]]) {
	await period(name).click();
	await comes(() => query(page), { from: before(last, count - 1), to: last }, `${name}: the period is in the URL`);
	await agrees(['--from', before(last, count - 1), '--to', last], `${name}: the table agrees with the program`);
	is(await period(name).getAttribute('aria-current'), 'true', `${name} is marked as chosen`);
}
await period('30 days').click();
await comes(() => where(page), '/', '30 days are what no period means');
await period('Period before').click();
await agrees(['--from', before(last, 59), '--to', before(last, 30)], 'the thirty days before');
is(query(page), { from: before(last, 59), to: before(last, 30) }, 'are in the URL');
await period('Period after').click();
await agrees([], 'and after them come the newest ones');
is(await period('Period after').getAttribute('aria-disabled'), 'true', 'behind which there is nothing');
const choose = page.getByRole('button', { name: /^Period: / });
await choose.click();
await page.getByLabel('From', { exact: true }).fill('2026-10-05');
await page.getByLabel('To, inclusive').fill('2026-10-11');
await page.getByRole('button', { name: 'Show this period' }).click();
await comes(() => query(page), { from: '2026-10-05', to: '2026-10-11' }, 'two dates by hand are in the URL');
await agrees(['--from', '2026-10-05', '--to', '2026-10-11'], 'and the table agrees with them');
ok((await choose.innerText()).includes('5 Oct – 11 Oct 2026'), 'they stand on the button');
await go(page, '/?from=2020-01-01&to=2020-01-31');
ok(await page.getByText('No domain has messages in this period.').isVisible(), 'a period without any message says so');

// Sorting

await go(page, '/');
const figure = at => async () => (await domains()).map(row => Number(row[at].split(' ')[0].replaceAll(',', '')));
const sortable = [['Domain', 'ascending', names], ['Messages', 'descending', figure(2)], ['DMARC %', 'ascending', figure(3)],
	['DKIM %', 'ascending', figure(4)], ['SPF %', 'ascending', figure(5)],
	['Last report', 'descending', async () => (await names()).map(name => last_report[name])]];
const last_report = Object.fromEntries((await api('domains')).rows.map(one => [one.domain, one.last_report_at]));
const order = list => [...list].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
await go(page, '/?sort=domain');
for (const [name, first, values] of sortable) {
	const head = page.getByRole('columnheader', { name, exact: true });
	const sorted = page.getByRole('columnheader').and(page.locator('[aria-sort]'));
	if (name !== 'Domain') {
		await head.getByRole('link').click();
		await comes(() => head.getAttribute('aria-sort'), first, `${name}: the head says how it is sorted`);
	}
	await settled(page);
	const up = first === 'ascending';
	const one = await values();
	is(one, up ? order(one) : order(one).reverse(), `${name}: ${first}`);
	is(await sorted.count(), 1, `${name}: no other head says so`);
	await head.getByRole('link').click();
	await comes(() => head.getAttribute('aria-sort'), up ? 'descending' : 'ascending', `${name}: once more turns it round`);
	await settled(page);
	const two = await values();
	is(two, up ? order(two).reverse() : order(two), `${name}: the other way`);
	is([...await names()].sort(), Object.keys(said()).sort(), `${name}: with every domain`);
}

// Search

await go(page, '/');
const search = page.getByRole('searchbox', { name: 'Search domains' });
await search.pressSequentially('LIND');
await comes(names, ['lindenhof.example'], 'typing a part of a name leaves the domains that have it');
is([query(page), await page.getByRole('heading', { name: '1 domain' }).count()], [{ search: 'LIND' }, 1], 'in the URL and in the heading');
is(await search.evaluate(node => node === document.activeElement), true, 'one may go on typing');
await search.fill('no such');
await until(() => page.getByText('No domain has that in its name.').isVisible(), 'none has: it says so');
await search.fill('%');
await until(() => page.getByText('No domain has that in its name.').isVisible(), '% is a character like others');
await search.fill('');
await comes(async () => (await names()).length, Object.keys(said()).length, 'and all of them come back');

// CSV

await go(page, '/?search=example&sort=dkim&order=asc&from=2026-11-01&to=2026-11-10');
const coming = page.waitForEvent('download');
await main(page).getByRole('link', { name: /CSV$/ }).click();
const file = await coming;
ok(/\.csv$/.test(file.suggestedFilename()), 'the CSV is a file of that name', file.suggestedFilename());
const [head, ...lines] = csv(readFileSync(await file.path(), 'utf8'));
const column = name => lines.map(line => line[head.indexOf(name)]);
is(column('domain'), await names(), 'its rows are those of the table, in its order');
is(column('messages').map(value => shown(Number(value))), (await domains()).map(row => row[2].split(' ')[0]), 'with its numbers');

// Links, and the way back

const filtered = '/?from=2026-10-25&to=2026-11-05&sort=spf&order=asc';
await go(page, filtered);
const picture = await domains();
const row = page.getByRole('row', { name: /^lindenhof\.example/ });
const leads = [
	[row.getByRole('link', { name: 'lindenhof.example', exact: true }), '/domain/lindenhof.example?from=2026-10-25&to=2026-11-05', 'lindenhof.example'],
	[row.getByRole('link', { name: 'Days of lindenhof.example' }), '/domain/lindenhof.example?from=2026-10-25&to=2026-11-05', 'lindenhof.example'],
	[row.getByRole('cell').nth(1).getByRole('link'), '/domain/lindenhof.example?from=2026-10-25&to=2026-11-05&tab=records', 'lindenhof.example'],
	...['dmarc', 'dkim', 'spf'].map((key, i) => [row.getByRole('cell').nth(2 + i).getByRole('link'),
		`/domain/lindenhof.example?from=2026-10-25&to=2026-11-05&result=no_${key}#sources`, 'lindenhof.example']),
	[row.getByRole('cell').nth(6).getByRole('link'), '/reports?domain=lindenhof.example&from=2026-10-25&to=2026-11-05', 'Reports'],
];
for (const [anchor, to, heading] of leads) {
	await anchor.click();
	await comes(() => h1(page), heading, `${to}: the link leads there`);
	is(where(page), to, `${to}: at that address`);
	await page.goBack();
	await comes(domains, picture, `${to}: and back is the same table`);
	is(where(page), filtered, `${to}: at the same address`);
}
await page.goForward();
await comes(() => h1(page), 'Reports', 'forward leads there again');
const other = await open({ user: 'mara' });
await go(other, filtered);
is(await cells(table(other, 'Domains')), picture, 'the address opens the same view elsewhere');

// Where there is no such page

for (const path of ['/nowhere', '/domain', '/domain/a/b', '/report/example.org', '/%3Cscript%3E']) {
	const lost = await open({ user: 'mara' });
	lost.allow(/status 404/, /console: .* 404 /);
	await lost.goto(new URL(path, page.url()).href);
	if (await comes(() => h1(lost), 'There is no such page', `${path}: there is no such page, and it says so`)) {
		await lost.getByRole('link', { name: 'To the overview' }).click();
		await comes(() => h1(lost), 'Overview', `${path}: from where a link leads to the overview`);
	}
	await lost.context().close();
}
await done();

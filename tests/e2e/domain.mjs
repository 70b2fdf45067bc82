// domain.mjs - one domain: tiles, chart, what needs attention, and the tabs with the rows behind them.
import { api, cells, comes, csvOf, done, fold, go, h1, is, main, ok, open, query, rows, settled, shown, table, tally, until, where } from './browser.mjs';

const DOMAIN = 'lindenhof.example';
const page = await open({ user: 'mara' });
const sources = () => cells(table(page, 'Sources'));
const search = page.getByRole('searchbox', { name: 'Address or network' });
const messages = page.getByRole('combobox', { name: 'Which messages' });
const tab = name => page.getByRole('navigation', { name: 'Rows of this domain' }).getByRole('link', { name, exact: true });

// Numbers

await go(page, `/domain/${DOMAIN}`);
const [said] = rows('domains', '--domain', DOMAIN);
const summary = await api(`summary?domain=${DOMAIN}`);
const tile = async name => (await main(page).getByRole('heading', { name, exact: true, level: 2 }).locator('xpath=../p[1]').innerText()).replace(/\s/g, '');
is([await h1(page), await page.title()], [DOMAIN, `${DOMAIN} · ruastat`], 'the domain is heading and title');
is(await Promise.all(['Messages', 'DMARC pass', 'DKIM pass', 'SPF pass'].map(tile)),
	[shown(said.messages), ...[said.dmarc_percent, said.dkim_percent, said.spf_percent].map(value => `${shown(value, 1)}%`)],
	'the tiles agree with "ruastat domains"');
const drawing = await page.getByRole('img', { name: /stacked by what passes/ }).getAttribute('aria-label');
ok(['30 days', `${shown(said.messages)} messages`, `${shown(said.dmarc_percent, 1)} % pass DMARC`, `${shown(said.dkim_percent, 1)} % DKIM`,
	`${shown(said.spf_percent, 1)} % SPF`].every(part => drawing.includes(part)), 'and so does what the chart is called', drawing);
const legend = page.getByRole('list', { name: 'Messages by what passes' });
is((await legend.getByRole('link').allInnerTexts()).map(text => text.trim().replace(/\s+/g, ' ').replace(/ [\d.]+ %$/, '')),
	[['DKIM and SPF', 'both'], ['DKIM only', 'dkim_only'], ['SPF only', 'spf_only'], ['Neither', 'neither']]
		.map(([name, key]) => `${name} ${shown(summary[key])}`), 'the legend tells the classes, which add up');
is(['both', 'dkim_only', 'spf_only', 'neither', 'unknown'].reduce((sum, key) => sum + summary[key], 0), said.messages, 'to the messages');
ok(await page.locator('.page-facts').getByText('quarantine').first().isVisible(), 'the published policy stands below the name');

// Sources: all of them, page after page

const told = rows('sources', '--domain', DOMAIN, '--limit', '0');
const line = one => [one.source_ip, shown(one.messages), shown(one.dmarc_percent, 1), shown(one.dkim_percent, 1),
	shown(one.spf_percent, 1), ...['none', 'quarantine', 'reject'].map(key => shown(one[key]))].join(' ');
const asLine = row => [row[0].split(' ')[0], row[1], ...row.slice(4, 10)].join(' ');
ok(await page.getByRole('status').getByText(`${shown(told.length)} sources`).isVisible(), 'as many sources as "ruastat sources" tells');
let all = await sources();
is([all.length, await page.getByRole('columnheader', { name: 'Outcome' }).getAttribute('aria-sort')], [100, 'descending'],
	'a hundred at a time, those that need attention first');
const next = page.getByRole('link', { name: 'Next', exact: true });
const pager = page.getByRole('navigation', { name: 'Pages' });
for (let from = 101; from <= told.length; from += 100) {
	await next.click();
	await until(async () => (await pager.innerText()).startsWith(`${shown(from)}–`), `the page from ${from} on`);
	await settled(page);
	all = all.concat(await sources());
}
is(all.map(asLine).sort(), told.map(line).sort(), 'together they are what "ruastat sources" tells, each once');
is(await next.count(), 0, 'and the last page has no next one');
await pager.getByRole('link', { name: 'Back', exact: true }).click();
await settled(page);
is(await sources(), all.slice(-100 - (told.length % 100 || 100), -(told.length % 100 || 100)), 'Back is the page before');
await pager.getByRole('link', { name: 'First', exact: true }).click();
await settled(page);
is(await sources(), all.slice(0, 100), 'First is the first');
await page.goBack();
await comes(sources, all.slice(-100 - (told.length % 100 || 100), -(told.length % 100 || 100)), 'and so is the browser\'s way back');

// Sorting

await go(page, `/domain/${DOMAIN}`);
for (const [name, key, first] of [['Messages', 'messages', 'descending'], ['DKIM %', 'dkim_percent', 'ascending'], ['SPF %', 'spf_percent', 'ascending'],
	['DMARC %', 'dmarc_percent', 'ascending']]) {
	const head = page.getByRole('columnheader', { name, exact: true });
	await head.getByRole('link').click();
	await comes(() => head.getAttribute('aria-sort'), first, `${name}: sorted, and said so`);
	await settled(page);
	const byAddress = new Map(told.map(one => [one.source_ip, one[key]]));
	const shownKeys = (await sources()).map(row => byAddress.get(row[0].split(' ')[0]));
	const want = told.map(one => one[key]).sort((a, b) => (first === 'ascending' ? a - b : b - a)).slice(0, 100);
	is(shownKeys, want, `${name}: the ${first === 'ascending' ? 'lowest' : 'highest'} hundred of all`);
}

// By network

const network = address => (address.includes(':') ? `${address.split(':').slice(0, 3).join(':')}::/48` : address.replace(/\.\d+$/, '.0/24'));
await go(page, `/domain/${DOMAIN}?sort=messages`);
await page.getByRole('group', { name: 'Rows are' }).getByRole('link', { name: 'Networks' }).click();
await settled(page);
const networks = fold(told, one => network(one.source_ip), one => one.messages);
is(query(page).by, 'network', 'networks are in the URL');
ok(await page.getByRole('status').getByText(`${shown(networks.size)} networks`).isVisible(), 'as many networks as the addresses have');
const counts = tally(told, one => network(one.source_ip));
is((await sources()).slice(0, 40).map(row => row.slice(0, 2)), (await sources()).slice(0, 40).map(([name]) => {
	const at = name.split(' ')[0];
	return [`${at} ${shown(counts.get(at))} ${counts.get(at) === 1 ? 'address' : 'addresses'}`, shown(networks.get(at))];
}), 'each with the sum of its addresses, and their number');
await page.getByRole('row', { name: /^(Records of )?192\.0\.2\.0\/24/ }).getByRole('link', { name: /address/ }).click();
await settled(page);
is([query(page).within, (await sources()).map(row => row[0].split(' ')[0]).sort()], ['192.0.2.0/24',
	told.map(one => one.source_ip).filter(one => one.startsWith('192.0.2.')).sort()], 'a network leads to its addresses');

// Filters

await go(page, `/domain/${DOMAIN}`);
await messages.selectOption({ label: 'neither passes' });
await comes(() => query(page), { result: 'neither' }, 'the filter by result is in the URL');
await settled(page);
const failing = await csvOf(`sources.csv?domain=${DOMAIN}&result=neither`);
ok(await page.getByRole('status').getByText(`${shown(failing.length)} sources`).isVisible(), 'the sources that have such messages are counted');
ok((await sources()).every(row => Number(row[3]) > 0), 'and each of them has some');
await search.fill('203.0.113.0/24');
await search.press('Enter');
await comes(() => query(page), { result: 'neither', within: '203.0.113.0/24' }, 'a network beside it');
await settled(page);
const both = failing.map(one => one.source).filter(one => one.startsWith('203.0.113.'));
ok(await page.getByRole('status').getByText(`${both.length} sources`).isVisible(), 'leaves those of the sources that are in it');
ok((await sources()).every(([source]) => both.includes(source.split(' ')[0])), 'and no other');
await messages.selectOption({ label: 'All messages' });
await settled(page);
is(query(page), { within: '203.0.113.0/24' }, 'a filter taken away leaves the others');
const within = told.filter(one => one.source_ip.startsWith('203.0.113.'));
ok(await page.getByRole('status').getByText(`${within.length} sources`).isVisible(), 'with what "ruastat sources" tells of that network');
const coming = page.waitForEvent('download');
await page.getByRole('region', { name: 'Sources' }).getByRole('link', { name: /CSV$/ }).click();
is((await csvOf(await coming)).map(one => `${one.source} ${one.messages}`).sort(), within.map(one => `${one.source_ip} ${one.messages}`).sort(),
	'the CSV has the filtered rows, all pages of them');
await search.fill('192.0.2.41');
await search.press('Enter');
await settled(page);
is((await sources()).map(asLine), told.filter(one => one.source_ip === '192.0.2.41').map(line), 'an address is a filter as well');
page.allow(/status 400/, /console: .* 400 /);
await search.fill('banana');
await search.press('Enter');
await until(() => page.getByRole('alert').getByText(/within/).first().isVisible(), 'what is no address is told');
await search.fill('');
await search.press('Enter');
await settled(page);
is([query(page), await page.getByRole('alert').count(), (await sources()).length], [{}, 0, 100], 'and taking it away brings all back');

// A row's records

const row = page.getByRole('row', { name: /^(Records of )?192\.0\.2\.41/ });
const opener = page.getByRole('button', { name: 'Records of 192.0.2.41' });
await opener.click();
await comes(() => opener.getAttribute('aria-expanded'), 'true', 'a row opens');
const below = page.getByRole('table', { name: /^Records, put together/ });
await until(() => below.isVisible(), 'with its records below it');
await settled(page);
ok((await cells(below)).some(record => record[1].includes('DKIM: the signature of lindenhof.example (selector lh2026) failed')),
	'which tell in a sentence why DKIM did not pass', await cells(below));
is([query(page), await row.count()], [{ open: '192.0.2.41' }, 1], 'it is in the URL');
const records = await csvOf(`records.csv?domain=${DOMAIN}&within=192.0.2.41`);
is((await cells(below)).map(record => record[0]), records.slice(0, 10).map(one => shown(Number(one.messages))), 'ten of them');
ok(await page.getByRole('link', { name: `All ${records.length} records` }).isVisible(), 'and the number of all');
const opened = where(page);
await opener.click();
await comes(() => below.count(), 0, 'and closes');
is([query(page), await opener.getAttribute('aria-expanded')], [{}, 'false'], 'in the URL too');
await page.goBack();
await until(() => below.isVisible(), 'the way back opens it');
const other = await open({ user: 'mara' });
await go(other, opened);
ok(await other.getByRole('table', { name: /^Records, put together/ }).isVisible(), 'and so does its address elsewhere');
await page.getByRole('link', { name: `All ${records.length} records` }).click();
await settled(page);
is([query(page).tab, query(page).within, (await cells(below)).length], ['records', '192.0.2.41', Math.min(100, records.length)], 'all records are a tab away');

// Selectors and records

await go(page, `/domain/${DOMAIN}`);
await tab('DKIM selectors').click();
await settled(page);
const keys = await cells(table(page, 'DKIM keys'));
const broken = keys.filter(([name]) => name.startsWith('lh2026 d=lindenhof.example'));
ok(broken.length === 1 && broken[0].some(cell => cell.includes('broke on 30 Oct 2026')), 'the selector lh2026 broke on 30 Oct 2026', keys);
ok(keys.some(([name, ...more]) => !name.includes(DOMAIN) && more.includes('works')), 'and others work');
const listed = await api(`selectors?domain=${DOMAIN}`);
for (let more; (more = page.getByRole('button', { name: /more keys?/ })) && await more.count() === 1;) {
	await more.click();
	await settled(page);
}
const unfolded = await cells(table(page, 'DKIM keys'));
ok(unfolded.length > keys.length, 'those of other domains are folded at first');
is(unfolded.map(cell => cell[4]).sort(), listed.rows.map(one => shown(one.messages)).sort(), 'each with its messages');
ok(await page.getByText('lh2026 broke', { exact: true }).isVisible(), 'the chart marks the day');
const attention = page.getByRole('region', { name: 'What needs attention' });
await attention.getByRole('listitem').filter({ hasText: 'lh2026 of lindenhof.example broke on 30 Oct 2026' }).getByRole('link', { name: /^Show/ }).click();
await settled(page);
is(query(page), { tab: 'selectors' }, 'what needs attention leads to the keys, in the same period');
await table(page, 'DKIM keys').getByRole('link', { name: 'broke on 30 Oct 2026' }).first().click();
await settled(page);
is(query(page), { tab: 'records', selector: 'lh2026', from: '2026-10-30', to: '2026-11-20' }, 'and from there to the records that say so');
ok((await cells(below)).every(record => record[3].includes('lh2026')), 'all with that selector');
await page.getByRole('link', { name: 'Remove the filter: selector lh2026' }).click();
await settled(page);
ok((await cells(below)).some(record => !record[3].includes('lh2026')), 'until that filter is taken away');
await tab('Reports').click();
await comes(() => h1(page), 'Reports', 'the reports are a link away');
is(query(page), { domain: DOMAIN, from: '2026-10-30', to: '2026-11-20' }, 'of this domain and period');

// No such domain

const lost = await open({ user: 'mara' });
lost.allow(/status 404/, /console: .* 404 /);
await lost.goto(new URL('/domain/never-heard.example', page.url()).href);
await until(() => lost.getByRole('alert').first().isVisible(), 'a domain no report ever told of: it says so');
ok(/no report|unknown|no such domain|not found/i.test(await lost.getByRole('alert').first().innerText()), 'in words', await lost.getByRole('alert').first().innerText());
is(await lost.getByRole('table').count(), 0, 'and nothing else');
await done();

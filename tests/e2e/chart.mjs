// chart.mjs - a domain's days: dragging a period, clicking a day's class, days without reports, the days as a table.
import { api, cells, comes, csvOf, done, go, is, ok, open, query, rows, settled, shown, table, until } from './browser.mjs';

const page = await open({ user: 'mara' });
const chart = page.locator('daily-chart');
const DAY = /\b(\d{1,2}) (Oct|Nov) (2026)\b/;
const iso = text => {
	const [, day, month, year] = DAY.exec(text) ?? [];
	return day ? `${year}-${month === 'Oct' ? 10 : 11}-${day.padStart(2, '0')}` : text;
};

/** Where the chart is drawn, once it is. */
async function box() {
	await chart.locator('svg').first().waitFor();
	return chart.boundingBox();
}

/** What stands beside the pointer at this part of the chart's width and height. */
async function pointed(across, down = 0.5) {
	const { x, y, width, height } = await box();
	await page.mouse.move(x + width * across, y + height * down);
	return chart.locator('.tip').innerText();
}

// The day under the pointer

await go(page, '/domain/lindenhof.example?from=2026-11-01&to=2026-11-10');
const daily = await api('daily?domain=lindenhof.example&from=2026-11-01&to=2026-11-10');
await box();
const met = new Map();
for (let part = 0.06; part < 0.93; part += 0.03) {
	const text = await pointed(part);
	met.set(iso(text), text.replace(/\s+/g, ' '));
}
is([...met.keys()], daily.rows.map(row => row.day), 'the pointer meets each day, in order');
ok(daily.rows.every(row => met.get(row.day).includes(`Messages ${shown(row.messages)}`) &&
	met.get(row.day).includes(`DKIM ${shown(row.dkim_percent, 1)} %`)), 'and reads its numbers', [...met.values()]);

// Dragging

const from = iso(await pointed(0.3));
const to = iso(await pointed(0.6));
await pointed(0.3);
await page.mouse.down();
await pointed(0.45);
await pointed(0.6);
await page.mouse.up();
await comes(() => query(page), { from, to }, 'dragging over days makes them the period');
await settled(page);
const [said] = rows('domains', '--domain', 'lindenhof.example', '--from', from, '--to', to);
ok((await page.getByRole('main').innerText()).includes(shown(said.messages)), 'and the page tells of them');
await page.goBack();
await comes(() => query(page), { from: '2026-11-01', to: '2026-11-10' }, 'the way back takes it back');
await settled(page);
await pointed(0.6);
await page.mouse.down();
await pointed(0.3);
await page.mouse.up();
await comes(() => query(page), { from, to }, 'dragging to the left does the same');

// Clicking

for (const [down, result, what] of [[0.88, 'spf_only', 'the lowest segment'], [0.1, undefined, 'above all segments']]) {
	await go(page, '/domain/lindenhof.example?from=2026-11-01&to=2026-11-10');
	const day = iso(await pointed(0.5, down));
	await page.mouse.down();
	await page.mouse.up();
	await comes(() => query(page), { from: day, to: day, ...(result && { result }) }, `a click on ${what} chooses the day${result ? ' and its class' : ''}`);
}
await go(page, '/domain/lindenhof.example');
await page.getByRole('list', { name: 'Messages by what passes' }).getByRole('link', { name: /^DKIM only/ }).click();
await comes(() => query(page), { result: 'dkim_only' }, 'a class of the legend filters');
await settled(page);
is(await page.getByRole('combobox', { name: 'Which messages' }).inputValue(), 'dkim_only', 'and so says the filter');
await page.getByRole('list', { name: 'Messages by what passes' }).getByRole('link', { name: /^DKIM only/ }).click();
await comes(() => query(page), {}, 'once more takes it away');

// Days without reports: gap.example has some on 1-3 and 7-8 November

await go(page, '/domain/gap.example?from=2026-11-01&to=2026-11-10');
await until(async () => (await chart.locator('.gap').count()) === 2, 'two runs of days without reports are marked in the chart');
ok(await page.getByText('5 days without any report: unknown, not empty.').isVisible(), 'and said below it');
const marked = await chart.evaluate(node => {
	const all = node.getBoundingClientRect();
	return [...node.querySelectorAll('.gap')].map(gap => gap.getBoundingClientRect())
		.map(({ left, right }) => [(left - all.left + 3) / all.width, (right - all.left - 3) / all.width]);
});
const ends = [];
for (const part of marked.flat())
	ends.push(iso(await pointed(part)));
is(ends, ['2026-11-04', '2026-11-06', '2026-11-09', '2026-11-10'], 'where they are');
ok((await pointed(marked[0][0])).includes('No report tells of this day: it is unknown, not empty.'), 'which the pointer reads too');
await page.getByText('Show as table').click();
const days = table(page, 'Messages by day');
await until(() => days.isVisible(), 'the days are there as a table');
is((await cells(days)).map(row => row[1]), ['no report', 'no report', '80', '70', 'no report', 'no report', 'no report', '30', '20', '10'],
	'which tells days without reports from others');
is(query(page).table, '1', 'and which the URL keeps');

// The table's numbers and its file

await go(page, '/domain/lindenhof.example?table=1');
const told = await api('daily?domain=lindenhof.example');
is((await cells(days)).map(([day, messages, , , , , , dmarc, dkim, spf]) => [iso(day), messages, dmarc, dkim, spf]),
	told.rows.map(row => [row.day, shown(row.messages), ...['dmarc', 'dkim', 'spf'].map(key => shown(row[`${key}_percent`], 1))]).reverse(),
	'a row for each day, the newest first');
const coming = page.waitForEvent('download');
await page.locator('.day-table').getByRole('link', { name: /CSV$/ }).click();
is((await csvOf(await coming)).map(one => [one.day, one.messages]), told.rows.map(row => [row.day, String(row.messages)]), 'and its CSV has the same days');
await page.getByText('Show as table').click();
await comes(() => days.count(), 0, 'the table closes');
is(query(page), {}, 'in the URL too');
await done();

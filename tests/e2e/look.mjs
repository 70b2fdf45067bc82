// look.mjs - every page in both themes and at both widths: nothing too wide, nothing that axe-core finds; the theme.
import { api, axe, base, comes, done, fits, go, is, link, ok, open, settled, shot, until } from './browser.mjs';

const [report] = (await api('reports?domain=example.org')).rows.filter(row => row.records < 5);
const [repaired] = (await api('reports?domain=example.com')).rows.filter(row => row.quirks);
const address = row => `/report/${row.domain}/${row.filed_on}/${row.report_key}`;
const lost = '/domain/never-heard.example';

/* What a page is called here, its address, and what it is without a user. */
const FEW = 'from=2026-11-01&to=2026-11-03';
const PAGES = {
	overview: '/', 'overview, nothing found': '/?search=nothing', domain: `/domain/lindenhof.example?${FEW}&within=192.0.2.0/24`,
	'domain, a row open': `/domain/lindenhof.example?${FEW}&within=203.0.113.252/31&open=203.0.113.252`,
	'domain, networks and days': `/domain/gap.example?by=network&table=1&from=2026-11-01&to=2026-11-08`,
	'domain, selectors': `/domain/nordwind.example?tab=selectors&from=2026-11-01&to=2026-11-01`,
	'domain, records': `/domain/lindenhof.example?${FEW}&tab=records&within=203.0.113.252`, reports: '/reports?domain=example.org&from=2026-11-20',
	report: address(report), 'report, its XML': `${address(report)}?view=xml`, 'report, repaired': address(repaired), account: '/account', 'no such domain': lost,
};

async function looks(page, name, where) {
	await settled(page);
	is(await fits(page), '', `${name}: no wider than the window`);
	is(await axe(page), [], `${name}: axe-core finds nothing`);
	await shot(page, `${where} ${name}`.replaceAll(/\W+/g, '-'), { fullPage: name.length < 9 });
}

for (const [width, height] of [[1440, 900], [390, 844]]) {
	for (const dark of [false, true]) {
		const where = `${width} ${dark ? 'dark' : 'light'}`;
		const page = await open({ user: 'mara', width, height, dark });
		page.allow(/status 404: .*never-heard/, /console: .* 404 .*never-heard/);
		for (const [name, path] of Object.entries(PAGES)) {
			await page.goto(base + path);
			if (path.includes('view=xml'))
				await page.getByRole('region', { name: 'The XML' }).waitFor();
			await looks(page, `${where}, ${name}`, where);
		}
		await go(page, '/');
		await page.getByRole('button', { name: /^Account: / }).click();
		await looks(page, `${where}, account menu`, where);
		await page.keyboard.press('Escape');
		await page.getByRole('button', { name: /^Period: / }).click();
		await looks(page, `${where}, period menu`, where);
		await page.context().close();
		const stranger = await open({ width, height, dark });
		stranger.allow(/status 401/, /console: .* 401 /);
		for (const [name, path] of Object.entries({ login: '/login', 'one-time link': link })) {
			await go(stranger, path);
			await looks(stranger, `${where}, ${name}`, where);
		}
		await stranger.context().close();
	}
}

// The theme: as the system says, or as chosen

const ground = page => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
const light = await open({ user: 'mara' });
const dark = await open({ user: 'mara', dark: true });
await go(light, '/');
await go(dark, '/');
const [day, night] = [await ground(light), await ground(dark)];
ok(day !== night, 'the theme is the system\'s', day, night);
const choose = async (page, name) => {
	await page.getByRole('button', { name: /^Account: / }).click();
	await page.getByRole('group', { name: 'Theme' }).getByText(name, { exact: true }).click();
	await page.keyboard.press('Escape');
};
await choose(light, 'Dark');
await comes(() => ground(light), night, 'until another is chosen');
await go(light, '/domain/lindenhof.example?from=2026-11-01&to=2026-11-03');
is(await ground(light), night, 'which a reload keeps');
const early = await light.context().newPage();
await early.route(/\.css$|main\.js$/, async route => {
	await new Promise(resolve => setTimeout(resolve, 300));
	await route.continue();
});
await early.goto(`${base}/`, { waitUntil: 'commit' });
await comes(() => early.evaluate(() => document.documentElement.dataset.theme), 'dark', 'and which is there');
is(await early.evaluate(() => Boolean(document.querySelector('main'))), false, 'before anything is drawn');
await early.close();
const bars = page => page.evaluate(() => document.querySelector('daily-chart svg')?.outerHTML ?? null);
await until(async () => (await bars(light)) !== null, 'the chart is drawn');
const drawn = await bars(light);
await choose(light, 'Light');
await comes(() => ground(light), day, 'back to light');
await until(async () => (await bars(light)) !== drawn, 'and the chart is drawn anew');
await choose(dark, 'Light');
await comes(() => ground(dark), day, 'light where the system is dark');
await choose(dark, 'System');
await comes(() => ground(dark), night, 'and as the system says again');

// A narrow window: everything is within reach

const narrow = await open({ user: 'mara', width: 390, height: 844, hasTouch: true });
await go(narrow, '/domain/lindenhof.example?from=2026-11-01&to=2026-11-03');
const within = locator => locator.evaluate(node => {
	node.scrollIntoView({ block: 'center', inline: 'nearest' });
	const { left, right, width, height } = node.getBoundingClientRect();
	const top = document.elementFromPoint((left + right) / 2, node.getBoundingClientRect().top + height / 2);
	return left >= 0 && right <= innerWidth && width > 0 && (node === top || node.contains(top) || Boolean(top?.contains(node)));
});
for (const [role, name] of [['link', 'ruastat, overview'], ['link', 'Reports'], ['link', '7 days'], ['link', '1 year'], ['link', 'Period before'], ['button', /^Period: /],
	['button', /^Account: /], ['link', 'DKIM selectors'], ['link', 'Networks'], ['combobox', 'Which messages'], ['searchbox', 'Address or network']])
	ok(await within(narrow.getByRole(role, { name, exact: typeof name === 'string' }).first()), `390: ${name} is within reach`);
await narrow.getByRole('button', { name: /^Period: / }).click();
ok(await within(narrow.getByRole('button', { name: 'Show this period' })), '390: the period\'s panel too');
await narrow.getByRole('button', { name: /^Records of / }).first().tap();
await until(() => narrow.getByRole('table', { name: /^Records, put together/ }).isVisible(), '390: a row opens by a touch');
await narrow.locator('daily-chart').scrollIntoViewIfNeeded();
const chart = await narrow.locator('daily-chart').boundingBox();
await narrow.touchscreen.tap(chart.x + chart.width / 2, chart.y + chart.height / 2);
await until(() => narrow.getByRole('button', { name: 'Only this day', includeHidden: true }).isVisible(), '390: a touch on the chart asks what stands there');
await narrow.getByRole('button', { name: 'Only this day', includeHidden: true }).tap();
await until(async () => new URL(narrow.url()).searchParams.get('from') === new URL(narrow.url()).searchParams.get('to'), '390: and its button chooses the day');

// Who wants no motion

const still = await open({ user: 'mara', reduced: true });
await go(still, '/');
is(await still.evaluate(() => document.getAnimations().length), 0, 'no motion where none is wanted');
is(await still.evaluate(() => [...document.querySelectorAll('*')].filter(node => {
	const { animationName, transitionDuration } = getComputedStyle(node);
	return animationName !== 'none' || transitionDuration.split(', ').some(value => parseFloat(value) > 0);
}).length), 0, 'nor any to come');
await done();

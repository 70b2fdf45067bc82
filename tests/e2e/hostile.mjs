// hostile.mjs - reports whose every text is hostile (hostile-mail.mjs): no page runs, fetches, loses or hides any of it.
import { api, base, cells, csv, done, fits, go, is, ok, open, settled, shot, table, until } from './browser.mjs';

/* What the pages are made of, and nothing else. */
const OWN = new Set(['HTML', 'HEAD', 'META', 'TITLE', 'LINK', 'SCRIPT', 'STYLE', 'BODY', 'DIV', 'MAIN', 'HEADER', 'NAV', 'SECTION', 'SEARCH', 'FORM', 'FIELDSET', 'LEGEND',
	'LABEL', 'INPUT', 'SELECT', 'OPTION', 'BUTTON', 'A', 'P', 'B', 'I', 'STRONG', 'SPAN', 'BDI', 'H1', 'H2', 'UL', 'LI', 'DL', 'DT', 'DD', 'PRE', 'CODE', 'DETAILS', 'SUMMARY',
	'TABLE', 'CAPTION', 'THEAD', 'TBODY', 'TR', 'TH', 'TD', 'NOSCRIPT', 'DAILY-CHART', 'XML-VIEW', 'svg', 'defs', 'pattern', 'path', 'rect', 'g', 'text', 'title',
	'clipPath', 'polyline', 'line', 'linearGradient', 'stop', 'circle', 'tspan', 'ellipse', 'style']);

/** What a page has that no page of ours has; runs in the browser. */
function foreign([own, origin]) {
	const found = [];
	for (const node of document.querySelectorAll('*')) {
		if (!own.includes(node.tagName))
			found.push(`element ${node.tagName}`);
		for (const { name, value } of node.attributes) {
			if (/^on|^srcdoc$|^style$/.test(name) && !node.closest('daily-chart'))
				found.push(`attribute ${name}=${value}`);
			if (['href', 'src', 'action', 'xlink:href'].includes(name) && new URL(value, location.href).origin !== origin)
				found.push(`address ${value}`);
		}
	}
	const served = [...document.scripts].every((script) => script.text === '' && /^\/static\//.test(script.getAttribute('src')));
	if (!served || document.querySelectorAll('link[rel=stylesheet]').length !== 1)
		found.push('a script or a style sheet more');
	if ('__hit' in globalThis)
		found.push(`it ran: ${globalThis.__hit}`);
	/* Written out, or it would turn writing round, or be nothing to see. */
	const unseen = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/;
	const texts = [document.title, ...[...document.querySelectorAll('[title], [aria-label]')].flatMap(node => [node.title ?? '', node.ariaLabel ?? ''])];
	for (let walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), node = walk.nextNode(); node; node = walk.nextNode())
		texts.push(node.data);
	found.push(...texts.filter(text => unseen.test(text)).map(text => `unseen: ${JSON.stringify(text.slice(0, 80))}`));
	return [...new Set(found)].slice(0, 10);
}

/** What is seen outside of the box it belongs to; what scrolls or is cut does so inside. */
function sticksOut() {
	const clips = node => getComputedStyle(node).overflowX !== 'visible';
	const found = [];
	for (const box of document.querySelectorAll('.table-box, .card, .tile, .page-head, .attention, .filters, .topbar')) {
		const frame = box.getBoundingClientRect();
		for (const node of box.querySelectorAll('td, th, dd, li, bdi, p, h1, a, span')) {
			let { left, right, width } = node.getBoundingClientRect();
			if (!width || node.closest('.sr'))
				continue;
			for (let up = node; up !== box; up = up.parentElement) {
				if (clips(up) && up !== node) {
					left = Math.max(left, up.getBoundingClientRect().left);
					right = Math.min(right, up.getBoundingClientRect().right);
				}
			}
			if (!clips(box) && right > left && (right > frame.right + 1 || left < frame.left - 1))
				found.push(`${box.className}: ${node.tagName}.${node.className} ${Math.round(right)} > ${Math.round(frame.right)} ${node.textContent.trim().slice(0, 40)}`);
		}
	}
	return found.slice(0, 5);
}

const files = new Set();

async function examine(page, name, width) {
	await settled(page);
	await page.evaluate(() => document.querySelectorAll('details.fold').forEach(node => { node.open = true; }));
	is(await page.evaluate(foreign, [[...OWN], base]), [], `${name}: nothing but the page's own, and all of it to be seen`);
	is([await fits(page), await page.evaluate(sticksOut)], ['', []], `${width} ${name}: nothing sticks out`);
	for (const path of name.startsWith('address') ? [] : await page.locator('a.csv[href*=".csv"]').evaluateAll(list => list.map(node => node.getAttribute('href'))))
		files.add(path);
}

const domains = (await api('domains?limit=1000')).rows.map(row => row.domain);
const reports = (await api('reports?domain=hostile.example&limit=1000')).rows;
const named = domains.filter(domain => domain !== 'hostile.example');
ok(named.length > 15 && reports.length > 20, 'hostile reports and names of domains are stored', named.length, reports.length);
const address = row => `/report/${row.domain.split().map(encodeURIComponent)}/${row.filed_on}/${row.report_key}`;
const days = 'from=2026-11-01&to=2026-11-20';

for (const width of [1440, 390]) {
	const page = await open({ user: 'mara', width });
	const wanted = { overview: '/', 'domain, sources': `/domain/hostile.example?${days}`, 'domain, networks': `/domain/hostile.example?${days}&by=network&open=192.0.2.0/24`,
		'domain, a row open': `/domain/hostile.example?${days}&open=192.0.2.1`, 'domain, selectors': `/domain/hostile.example?${days}&tab=selectors`,
		'domain, records': `/domain/hostile.example?${days}&tab=records`, 'domain, days': `/domain/hostile.example?${days}&table=1`, reports: '/reports' };
	for (const [name, path] of Object.entries(wanted)) {
		await go(page, path);
		await examine(page, name, width);
		await shot(page, `hostile-${width}-${name.replaceAll(/\W+/g, '-')}`, { fullPage: true });
	}
	for (const [i, row] of reports.entries()) {
		if (width === 390 && i % 3)
			continue;
		await go(page, address(row));
		await examine(page, `report ${row.report_id.slice(0, 30)}`, width);
		await shot(page, `hostile-${width}-report-${i}`);
	}
	for (const [i, domain] of named.entries()) {
		if (width === 390 && i % 3)
			continue;
		await go(page, `/domain/${encodeURIComponent(domain)}`);
		await examine(page, `domain ${domain.slice(0, 30)}`, width);
	}
	await page.context().close();
}

// By hand: links from the overview, the originals, filters with hostile texts

const page = await open({ user: 'mara' });
await go(page, '/');
const listed = (await cells(table(page, 'Domains'))).length;
is(listed, domains.length, 'each domain has its row');
for (let i = 0; i < 5; i++) {
	await go(page, '/');
	await page.getByRole('table', { name: 'Domains' }).locator('tbody a.strong').nth(i * 4).click();
	await settled(page);
	ok(await page.getByRole('navigation', { name: 'Rows of this domain' }).isVisible() && !(await page.getByRole('alert').count()), `its link leads to it (${i * 4})`);
}
for (const row of reports.filter((_, i) => i % 4 === 0)) {
	await go(page, `${address(row)}?view=xml`);
	const xml = page.getByRole('region', { name: 'The XML' });
	const more = page.getByRole('button', { name: /^Show more/ });
	await xml.waitFor();
	while (await more.count())
		await more.click();
	await until(async () => (await xml.innerText()).includes('</feedback>'), `${row.report_id.slice(0, 30)}: its XML can be read`);
	await examine(page, `XML of ${row.report_id.slice(0, 30)}`, 1440);
}
page.allow(/status 400/, /console: .* 400 /);
for (const text of ['<script>self.__hit=9</script>', '\u202eabc', '"><img src=x onerror=self.__hit=10>', '=1+1', 'x'.repeat(900)]) {
	const said = encodeURIComponent(text);
	for (const path of [`/?search=${said}`, `/domain/hostile.example?${days}&tab=records&selector=${said}&reporter=${said}`, `/reports?search=${said}&reporter=${said}`,
		`/?from=${said}&to=${said}&sort=${said}`, `/domain/hostile.example?tab=${said}&open=${said}&result=${said}`]) {
		await page.goto(base + path);
		await examine(page, `address ${path.slice(0, 60)}`, 1440);
	}
}

// What goes into a spreadsheet

ok(files.size > 30, 'each table had its CSV', files.size);
for (const path of files) {
	const [head, ...lines] = csv(await api(path.replace('/api/v1/', '')));
	const wrong = lines.filter(line => line.length !== head.length).map(line => `${line.length} fields: ${line.join('|').slice(0, 200)}`);
	const computed = lines.flat().filter(field => /^[=+\-@\t\r]/.test(field) && !/^-?\d+(\.\d+)?$/.test(field));
	is([wrong.slice(0, 3), computed.slice(0, 3)], [[], []], `${path.replace('/api/v1/', '').slice(0, 70)}: as many fields in each row, and none to be computed`);
}
await done();

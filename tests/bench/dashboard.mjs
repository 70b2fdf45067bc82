// dashboard.mjs LINK DOMAIN ROUNDS - what tests/bench/dashboard measures over HTTP and in a browser.
import { createRequire } from 'node:module';
import { Agent, request } from 'node:http';

const [link, domain, rounds] = process.argv.slice(2);
const base = new URL(link).origin;
const name = encodeURIComponent(domain);
const agent = new Agent({ keepAlive: true, maxSockets: 1 });
let cookie = '';

/** One request on the one connection; resolves to { status, headers, bytes, text }. */
function ask(path, body) {
	return new Promise((resolve, reject) => {
		const headers = { 'Accept-Encoding': 'gzip', Cookie: cookie };
		if (body)
			headers['Content-Type'] = 'application/json';
		const q = request(base + path, { agent, headers, method: body ? 'POST' : 'GET' }, r => {
			const parts = [];
			r.on('data', d => parts.push(d));
			r.on('end', () => resolve({ status: r.statusCode, headers: r.headers, body: Buffer.concat(parts) }));
		});
		q.on('error', reject);
		q.end(body && JSON.stringify(body));
	});
}

async function json(path) {
	const { gunzipSync } = await import('node:zlib');
	const r = await ask('/api/v1/' + path);
	if (r.status !== 200)
		throw new Error(`${path}: ${r.status} ${r.body}`);
	return JSON.parse(r.headers['content-encoding'] === 'gzip' ? gunzipSync(r.body) : r.body);
}

async function measure(path) {
	const times = [];
	let size = 0;
	for (let i = 0; i < Number(rounds) + 3; i++) {
		const from = process.hrtime.bigint();
		const r = await ask('/api/v1/' + path);
		const ms = Number(process.hrtime.bigint() - from) / 1e6;
		if (r.status !== 200)
			throw new Error(`${path}: ${r.status} ${r.body}`);
		size = r.body.length;
		if (i >= 3) // the first ones connect and warm up
			times.push(ms);
	}
	times.sort((a, b) => a - b);
	const at = p => times[Math.min(times.length - 1, Math.floor(times.length * p))].toFixed(1).padStart(8);
	console.log(`${at(0.5)} ${at(0.99)} ${String(size).padStart(8)}  ${path}`);
}

async function measurePage(browser, path, ready) {
	const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
	const [key, ...value] = cookie.split('=');
	await context.addCookies([{ name: key, value: value.join('='), url: base }]);
	/* As whoever was here before: the pages then ask at once. */
	await context.addInitScript(() => { localStorage.session = '1'; });
	const page = await context.newPage();
	const cdp = await context.newCDPSession(page);
	let requests = 0, bytes = 0;
	await cdp.send('Network.enable');
	cdp.on('Network.loadingFinished', e => { requests++; bytes += e.encodedDataLength; });
	const from = Date.now();
	await page.goto(base + path, { waitUntil: 'commit' });
	await page.waitForSelector(ready, { timeout: 20000 });
	const meaningful = Date.now() - from;
	await page.waitForLoadState('networkidle');
	const paint = await page.evaluate(() =>
		performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? NaN);
	console.log(`${String(meaningful).padStart(8)} ${paint.toFixed(0).padStart(8)} ` +
		`${String(requests).padStart(8)} ${(bytes / 1024).toFixed(0).padStart(8)}  ${path}`);
	await context.close();
}

const token = new URL(link).hash.slice(1);
const session = await ask('/api/v1/link', { token });
cookie = session.headers['set-cookie'][0].split(';')[0];
const sources = await json(`sources?domain=${name}&limit=1`);
const reports = await json(`reports?domain=${name}&limit=1`);
const { filed_on: day, report_key: key } = reports.rows[0];
const within = encodeURIComponent(sources.rows[0].source);

console.log('  median      p99    bytes  (ms)');
for (const path of ['session', 'summary', `summary?domain=${name}`, 'domains', 'domains?search=a&sort=dmarc&order=asc',
	'daily', `daily?domain=${name}`, `sources?domain=${name}`, `sources?domain=${name}&by=network`,
	`sources?domain=${name}&result=neither`, `records?domain=${name}`, `records?domain=${name}&within=${within}`,
	`selectors?domain=${name}`, 'reports', `reports?domain=${name}`, `reports?domain=${name}&within=${within}`,
	`report?domain=${name}&day=${day}&key=${key}`, `report/records?domain=${name}&day=${day}&key=${key}`,
	`report/original?domain=${name}&day=${day}&key=${key}`])
	await measure(path);

const { chromium } = createRequire(process.env.MODULES + '/')('playwright-core');
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium',
	args: process.getuid() === 0 ? ['--no-sandbox'] : [] });
console.log(' numbers    paint requests       kB  (ms until)');
for (let i = 0; i < 3; i++) {
	await measurePage(browser, '/', 'main table tbody tr a');
	await measurePage(browser, `/domain/${name}`, 'main table tbody tr');
	await measurePage(browser, `/reports?domain=${name}`, 'main table tbody tr');
	await measurePage(browser, `/report/${name}/${day}/${key}`, 'main table tbody tr');
}
await browser.close();
agent.destroy();

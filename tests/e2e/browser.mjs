// browser.mjs - what the scripts of these tests share: TAP, a browser, pages that notice whatever goes wrong on
// them, logged-in contexts, and questions to the program under test.
//
// Each script gets from its environment: LINK, a one-time link of the server; ASK, a program that runs a verb
// of ruastat on the server's state; MODULES, where npm has put its things; USERS, "name:password" each.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { isDeepStrictEqual } from 'node:util';

export const link = process.env.LINK;
export const base = new URL(link).origin;
export const passwords = Object.fromEntries((process.env.USERS ?? '').split(' ').filter(Boolean).map(one => one.split(':')));
const need = createRequire(process.env.MODULES + '/');
const WAIT = Number(process.env.WAIT ?? 10000);

// TAP: 10-pages.t counts and numbers

const short = value => (typeof value === 'string' ? value : JSON.stringify(value) ?? 'undefined').slice(0, 700);

export function ok(good, name, ...details) {
	/* A name may quote what strangers wrote. */
	console.log(`${good ? 'ok' : 'not ok'} - ${name.replaceAll(/[#\\\p{C}\p{M}\p{Zl}\p{Zp}]/gu, ' ')}`);
	if (!good) {
		for (const detail of details)
			console.log(`# ${short(detail).replaceAll('\n', '\n# ')}`);
	}
	return Boolean(good);
}

export const is = (got, want, name) => ok(isDeepStrictEqual(got, want), name, `got: ${short(got)}`, `not: ${short(want)}`);

/** The last value of `ask` once it satisfies `good`, or when it never did. */
async function poll(ask, good) {
	const end = Date.now() + WAIT;
	let value;
	for (;;) {
		try {
			value = await ask();
			if (good(value))
				return value;
		} catch (error) {
			value = String(error);
		}
		if (Date.now() > end)
			return value;
		await new Promise(resolve => setTimeout(resolve, 25));
	}
}

/** `ask` becomes true. */
export async function until(ask, name) {
	const value = await poll(ask, one => one === true);
	return ok(value === true, name, `still ${short(value)}`);
}

/** `ask` becomes `want`. */
export async function comes(ask, want, name) {
	return is(await poll(ask, value => isDeepStrictEqual(value, want)), want, name);
}

// The program and the API

/** A verb of ruastat: its output, or the objects of its JSON lines. */
export const verb = (...words) => execFileSync(process.env.ASK, words, { encoding: 'utf8', maxBuffer: 1 << 28 });
export const rows = (...words) => verb(...words, '--json').split('\n').filter(Boolean).map(line => JSON.parse(line));
export const sql = text => verb('psql', '--', '-XqAt', '-v', 'ON_ERROR_STOP=1', '-c', text).trim();

const cookies = {};

/** The cookie of a user's session, begun by the API. */
async function cookieOf(user) {
	if (!cookies[user]) {
		const answer = await fetch(`${base}/api/v1/login`, { method: 'POST', headers: { 'Content-Type': 'application/json' },
			body: JSON.stringify({ name: user, password: passwords[user] }) });
		if (!answer.ok)
			throw new Error(`no login for ${user}: ${answer.status}`);
		const [name, ...value] = answer.headers.get('set-cookie').split(';')[0].split('=');
		cookies[user] = { name, value: value.join('=') };
	}
	return cookies[user];
}

export async function api(path, user = 'mara') {
	const { name, value } = await cookieOf(user);
	const answer = await fetch(`${base}/api/v1/${path}`, { headers: { Cookie: `${name}=${value}` } });
	if (!answer.ok)
		throw new Error(`${path}: ${answer.status}`);
	return path.includes('.csv') ? answer.text() : answer.json();
}

/** CSV (RFC 4180) as rows of fields. */
export function csv(text) {
	const found = [[]];
	const fields = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/gy;
	for (let at = 0; at < text.length; at = fields.lastIndex) {
		const [, quoted, plain, end] = fields.exec(text) ?? (() => { throw new Error(`no CSV at ${text.slice(at, at + 60)}`); })();
		found.at(-1).push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
		if (end !== ',')
			found.push([]);
	}
	found.pop();
	return found;
}

/** The rows of a CSV as objects: of a path of the API, or of a download. */
export async function csvOf(from) {
	const text = typeof from === 'string' ? await api(from) : readFileSync(await from.path(), 'utf8');
	const [head, ...lines] = csv(text);
	return lines.map(line => Object.fromEntries(head.map((name, i) => [name, line[i]])));
}

/** The sums of `value` by `key`, and how many there are of each. */
export function fold(list, key, value) {
	const sums = new Map();
	for (const one of list)
		sums.set(key(one), (sums.get(key(one)) ?? 0) + value(one));
	return sums;
}
export const tally = (list, key) => fold(list, key, () => 1);

// The browser

let chromium = null;
const watched = [];

export async function browser() {
	chromium ??= await need('playwright-core').chromium.launch({ executablePath: '/usr/bin/chromium',
		args: ['--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync',
			'--no-first-run', ...(process.getuid() === 0 ? ['--no-sandbox'] : [])] });
	return chromium;
}

/** Runs in every page before its own scripts: tells of what the page's security policy refused. */
function witness() {
	addEventListener('securitypolicyviolation', event => globalThis.__wrong(
		`security policy: ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile ?? ''}`));
}

function watch(context) {
	const log = { wrong: [], allowed: [] };
	const note = text => log.wrong.push(text);
	context.on('console', message => {
		if (['error', 'warning', 'assert'].includes(message.type()))
			note(`console: ${message.text()} (${message.location().url})`);
	});
	context.on('weberror', error => note(`error: ${error.error().stack ?? error.error()}`));
	context.on('dialog', dialog => {
		note(`dialog: ${dialog.message()}`);
		dialog.dismiss();
	});
	context.on('request', request => {
		const url = request.url();
		if (!url.startsWith(`${base}/`) && !url.startsWith(`blob:${base}/`))
			note(`foreign request: ${url}`);
	});
	context.on('response', response => {
		if (response.status() >= 400)
			note(`status ${response.status()}: ${response.url()}`);
	});
	context.on('requestfailed', request => {
		/* What a page no longer waits for it aborts, and a download ends its navigation. */
		if (request.failure()?.errorText !== 'net::ERR_ABORTED')
			note(`failed: ${request.url()} ${request.failure()?.errorText}`);
	});
	watched.push(log);
	return log;
}

/**
 * A page in a context of its own, logged in as `user` if one is given. Whatever goes wrong on it fails the
 * script, but what page.allow(/pattern/) has announced.
 */
export async function open({ user = null, width = 1440, height = 900, dark = false, reduced = false, ...more } = {}) {
	const context = await (await browser()).newContext({ viewport: { width, height }, colorScheme: dark ? 'dark' : 'light',
		reducedMotion: reduced ? 'reduce' : 'no-preference', acceptDownloads: true, locale: 'en-GB', ...more });
	context.setDefaultTimeout(WAIT);
	const log = watch(context);
	await context.exposeBinding('__wrong', (_, text) => log.wrong.push(text));
	await context.addInitScript(witness);
	if (user)
		await context.addCookies([{ ...await cookieOf(user), url: base }]);
	const page = await context.newPage();
	page.allow = (...patterns) => log.allowed.push(...patterns);
	return page;
}

/** Nothing is being fetched or waiting to be drawn. */
export const settled = page => page.waitForFunction(() => document.querySelector('main')?.isConnected &&
	document.querySelector('.progress')?.hidden && !document.querySelector('.skeleton, .bone') && (!document.querySelector('.stale') || document.querySelector('[role=alert]')));

export async function go(page, path) {
	await page.goto(path.startsWith('http') ? path : base + path);
	await settled(page);
}

/** The path and query of a page. */
export const where = page => page.url().slice(base.length);
export const query = page => Object.fromEntries(new URL(page.url()).searchParams);
export const h1 = page => page.getByRole('heading', { level: 1 }).innerText();
export const main = page => page.getByRole('main');
export const table = (page, name) => page.getByRole('table', { name, exact: true });

/** The texts of a table's own rows (not of those opened below one), cell by cell. */
export const cells = one => one.evaluate(node => [...node.tBodies[0].rows].filter(row => row.cells.length > 1)
	.map(row => [...row.cells].map(cell => cell.innerText.replace(/\s+/g, ' ').trim())));

/** A number as it is shown. */
export const shown = (value, digits = 0) => value === null ? '–'
	: value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });

/** Nothing is wider than the window. */
export const fits = page => page.evaluate(() => {
	const { scrollWidth } = document.scrollingElement;
	return scrollWidth <= innerWidth ? '' : `${scrollWidth} > ${innerWidth}`;
});

const axeSource = () => readFileSync(need.resolve('axe-core/axe.min.js'), 'utf8');

/** What axe-core has against a page; put in by the debugger, which the page's security policy does not bind. */
export async function axe(page) {
	if (!await page.evaluate(() => 'axe' in globalThis)) {
		const cdp = await page.context().newCDPSession(page);
		await cdp.send('Runtime.evaluate', { expression: `${axeSource()};0` });
		await cdp.detach();
	}
	const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
	return violations.flatMap(({ id, nodes }) => nodes.slice(0, 3).map(node => `${id}: ${node.target} ${node.failureSummary}`));
}

/** A picture of the page in the directory SHOTS, for the eye, if it is set. */
export async function shot(page, name, more = {}) {
	if (process.env.SHOTS)
		writeFileSync(`${process.env.SHOTS}/${name}.png`, await page.screenshot(more));
}

/** Ends the script: one test more, that nothing went wrong unannounced on any page. */
export async function done() {
	const wrong = watched.flatMap(({ wrong: all, allowed }) => all.filter(text => !allowed.some(pattern => pattern.test(text))));
	is([...new Set(wrong)], [], 'no page met an error, a refused or foreign request, or its security policy');
	await chromium?.close();
}

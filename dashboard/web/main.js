/* main.js - the frame around every page: draws it from the URL, again and again as answers come. */
import { html, nothing, render } from './lib/lit-html/lit-html.js';
import { accountMenu, linkBanner } from './accountmenu.js';
import { drawing, loading, onData, trouble } from './data.js';
import { asked } from './first.js';
import { closeMenus } from './menu.js';
import { href, kept, read, start } from './router.js';
import { expected, onSession, session } from './session.js';
import { gone } from './table.js';

const missing = () => ({
	title: 'No such page',
	body: html`<div class="page-head"><h1 tabindex="-1">There is no such page</h1></div>
		${gone('Nothing stands at this address.')}`,
});

/* Each draws itself from the route: {title, body}. What one page alone needs comes when that page is gone to. */
const PAGES = new Map([['missing', missing]]);
const MODULES = {
	overview: () => import('./overview.js').then((module) => module.overview),
	domain: () => import('./domain.js').then((module) => module.domain),
	reports: () => import('./reports.js').then((module) => module.reports),
	report: () => import('./report.js').then((module) => module.report),
	account: () => import('./account.js').then((module) => module.account),
	login: () => import('./login.js').then((module) => module.login),
};

const IDLE_MS = 500;
const root = document.getElementById('app');
let scheduled = false;
let awaited = false;
let arrival = null;
let wasOut = null;

const brand = html`<svg class="brand-mark" width="22" height="22" viewBox="0 0 22 22" aria-hidden="true">
	<rect x="1" y="12" width="5" height="9" rx="1.2"></rect><rect x="8.5" y="7" width="5" height="14" rx="1.2"></rect>
	<path d="M16 1h5v6h-5z"></path><rect x="16" y="9" width="5" height="12" rx="1.2"></rect></svg>`;

/* Three symbols every drawing may refer to: hatching for what is told apart by more than its colour. */
const patterns = html`<svg class="patterns" width="0" height="0" aria-hidden="true"><defs>
	<pattern id="hatch" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
		<path class="hatching" d="M1 0V5"></path></pattern></defs></svg>`;

function topbar(route) {
	const entry = (name, url, pages) => html`<a href=${url}
		aria-current=${pages.includes(route.name) ? 'page' : nothing}>${name}</a>`;
	return html`<header class="topbar">
		<a class="brand" href=${href([], kept(route))} aria-label="ruastat, overview">${brand}<span>ruastat</span></a>
		<nav aria-label="Main">
			${entry('Domains', href([], kept(route)), ['overview', 'domain'])}
			${entry('Reports', href(['reports'], kept(route)), ['reports', 'report'])}
		</nav>
		${accountMenu()}
	</header>`;
}

const worry = () => {
	const error = trouble();
	return error ? html`<div class="worry" role="alert">${error.status ? 'The database cannot be reached; trying again …'
		: 'The server cannot be reached; trying again …'}</div>` : nothing;
};

function frame(route, name) {
	const out = name === 'login';
	const page = PAGES.get(name)(route, redraw);
	document.title = `${page.title} · ruastat`;
	return html`${patterns}
		<a class="skip" href="#main">Skip to the content</a>
		${out ? nothing : topbar(route)}
		${out ? nothing : linkBanner()}
		${worry()}
		<main id="main" class="page-${name}" tabindex="-1">${page.body}</main>
		<div class="progress" ?hidden=${!loading()} aria-hidden="true"></div>
		<div class="sr" role="status">${loading() ? 'Loading' : ''}</div>`;
}

/** Where a page come back to was left: its scroll, and the link that was followed from it. */
function restore() {
	const { y = 0, focus } = history.state ?? {};
	if (focus)
		document.querySelector(`a[href="${CSS.escape(focus)}"]`)?.focus({ preventScroll: true });
	scrollTo(0, y);
}

function settle() {
	if (!arrival)
		return;
	const target = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
	if (arrival.back && history.state?.y !== undefined)
		restore();
	else if (target)
		target.scrollIntoView();
	else if (arrival.fresh && !arrival.drawn)
		scrollTo(0, 0);
	if (arrival.fresh && !arrival.back && !arrival.drawn)
		document.querySelector('h1')?.focus({ preventScroll: true });
	arrival.drawn = true;
	if (!loading())
		arrival = null;
}

/* The server is away, or is of a newer version by now, whose pages come with a full load. */
const unloaded = () => ({
	title: 'Not loaded',
	body: html`<div class="page-head"><h1 tabindex="-1">This page could not be loaded</h1></div>
		<button type="button" class="button" @click=${() => location.reload()}>Load it again</button>`,
});

/** A page not yet there is fetched first; the one before it stays meanwhile. */
async function fetchPage(name) {
	if (PAGES.has(name))
		return;
	PAGES.set(name, null);
	PAGES.set(name, await MODULES[name]().catch(() => unloaded));
	redraw();
}

/** With nothing else to do, the other pages: they are there then when they are gone to. */
function fetchOthers() {
	for (const name of Object.keys(MODULES))
		fetchPage(name);
}

function draw() {
	scheduled = false;
	const route = read();
	const name = session.current === null ? 'login' : route.name;
	if (!PAGES.get(name))
		return void fetchPage(name);
	/* Who has just come in, or is out, is on another page, wherever that is. */
	const out = name === 'login';
	if (wasOut !== null && wasOut !== out && !arrival?.fresh)
		arrival = { fresh: true, back: false };
	wasOut = out;
	drawing(() => render(frame(route, name), root));
	settle();
	if (!loading())
		setTimeout(fetchOthers, IDLE_MS);
}

function redraw() {
	if (scheduled)
		return;
	scheduled = true;
	queueMicrotask(draw);
}

/* Answers that come together are drawn together; a page that is not to be seen has no frames. */
function redrawSoon() {
	if (awaited)
		return;
	awaited = true;
	(document.hidden ? queueMicrotask : requestAnimationFrame)(() => {
		awaited = false;
		draw();
	});
}

onData(redrawSoon);
onSession(redraw);
document.addEventListener('click', (event) => closeMenus(event.target));
start((how) => {
	closeMenus();
	arrival = how;
	redraw();
});
arrival = { fresh: false, back: true };
if (!expected() && session.current === undefined)
	await asked;
draw();

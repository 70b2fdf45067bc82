/* main.js - the frame around every page: draws it from the URL, again and again as answers come. */
import { html, nothing, render } from './lib/lit-html/lit-html.js';
import { account, accountMenu, linkBanner } from './account.js';
import { get, address, session } from './api.js';
import { drawing, loading, onData } from './data.js';
import { domain } from './domain.js';
import { login } from './login.js';
import { closeMenus } from './menu.js';
import { overview } from './overview.js';
import { report } from './report.js';
import { reports } from './reports.js';
import { href, kept, read, start } from './router.js';

const missing = () => ({
	title: 'No such page',
	body: html`<h1 tabindex="-1">There is no such page</h1><p><a href="/">To the overview</a></p>`,
});

/* Each draws itself from the route: {title, body}. */
const PAGES = { overview, domain, reports, report, account, missing };

const root = document.getElementById('app');
let scheduled = false;
let arrival = null;

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
		${accountMenu(redraw)}
	</header>`;
}

function frame(route) {
	const out = session.current === null || route.name === 'login';
	const page = out ? login(route, redraw) : PAGES[route.name](route, redraw);
	document.title = `${page.title} · ruastat`;
	return html`${patterns}
		<a class="skip" href="#main">Skip to the content</a>
		${out ? nothing : topbar(route)}
		${out ? nothing : linkBanner()}
		<main id="main" class="page-${out ? 'login' : route.name}" tabindex="-1">${page.body}</main>
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

function draw() {
	scheduled = false;
	drawing(() => render(frame(read()), root));
	settle();
}

/* Answers that come together are drawn together. */
function redraw() {
	if (scheduled)
		return;
	scheduled = true;
	queueMicrotask(draw);
}

async function whoAmI() {
	try {
		session.current = await get(address('session'));
	} catch {
		/* A 401 has said so in the session; after anything else the page's own answers tell what is wrong. */
	}
	redraw();
}

onData(redraw);
document.addEventListener('click', (event) => closeMenus(event.target));
start((how) => {
	closeMenus();
	arrival = how;
	redraw();
});
arrival = { fresh: false, back: true };
draw();
/* Who comes to log in need not be told by an error that he is not. */
if (read().name !== 'login')
	whoAmI();

/*
 * router.js - the URL is the state: reading it, writing it, and going from one to another.
 *
 * A link is a real <a href>, so that it can be copied and opened elsewhere; a plain click on one is taken over
 * here. What a page needs to come back to (where it was scrolled to, which link was followed) is kept in the
 * history entry itself.
 */

const ROUTES = [
	['overview', /^\/$/, []],
	['login', /^\/login$/, []],
	['domain', /^\/domain\/([^/]+)$/, ['domain']],
	['reports', /^\/reports$/, []],
	['report', /^\/report\/([^/]+)\/([^/]+)\/([^/]+)$/, ['domain', 'day', 'key']],
	['account', /^\/account$/, []],
];

const decode = (part) => {
	try {
		return decodeURIComponent(part);
	} catch {
		return part;
	}
};

/** @returns {{name: string, path: string, params: object, query: object, hash: string}} */
export function read() {
	const query = Object.fromEntries(new URLSearchParams(location.search));
	const route = { name: 'missing', path: location.pathname, params: {}, query, hash: location.hash };
	for (const [name, pattern, keys] of ROUTES) {
		const found = pattern.exec(location.pathname);
		if (found) {
			route.name = name;
			keys.forEach((key, i) => { route.params[key] = decode(found[i + 1]); });
			break;
		}
	}
	return route;
}

/** "/domain/NAME?…": parts are encoded, empty parameters left out. */
export function href(parts, query = {}, hash = '') {
	const given = Object.entries(query).filter(([, value]) => value !== null && value !== undefined && value !== '');
	const search = new URLSearchParams(given).toString();
	return `/${parts.map(encodeURIComponent).join('/')}${search && `?${search}`}${hash && `#${hash}`}`;
}

/** The same page with some parameters changed, on its first rows again unless `after` is among them. */
export function same(route, changes, hash = '') {
	const query = { ...route.query, after: null, page: null, ...changes };
	return href(route.path.split('/').filter(Boolean).map(decode), query, hash);
}

/** What a link to another page takes along. */
export const kept = (route) => ({ from: route.query.from, to: route.query.to });

let arrive = () => {};
let settle = 0;

const remember = (more = {}) => history.replaceState({ ...history.state, y: scrollY, ...more }, '');

/** Go there; `replace` for what is no step of its own, such as a letter typed into a search. */
export function go(url, { replace = false, state = {} } = {}) {
	const before = location.pathname;
	if (replace) {
		history.replaceState({ ...history.state, ...state }, '', url);
	} else {
		remember();
		history.pushState(state, '', url);
	}
	arrive({ fresh: !replace && before !== location.pathname, back: false });
}

const ours = (link) => link.origin === location.origin && !link.target && !link.hasAttribute('download') &&
	!link.pathname.startsWith('/api/') && !link.pathname.startsWith('/static/');

function clicked(event) {
	if (event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey)
		return;
	const link = event.target.closest?.('a[href]');
	if (!link || !ours(link) || link.getAttribute('href').startsWith('#'))
		return;
	event.preventDefault();
	remember({ focus: link.getAttribute('href') });
	go(link.href, { state: link.state ?? {} });
}

/** Calls `callback({fresh, back})` whenever the URL has changed: a new page, or one come back to. */
export function start(callback) {
	arrive = callback;
	history.scrollRestoration = 'manual';
	document.addEventListener('click', clicked);
	addEventListener('popstate', () => arrive({ fresh: true, back: true }));
	addEventListener('scroll', () => {
		clearTimeout(settle);
		settle = setTimeout(remember, 200);
	}, { passive: true });
}

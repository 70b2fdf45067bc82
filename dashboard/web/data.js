/*
 * data.js - what a page shows, fetched while it is drawn.
 *
 * A page is drawn from the URL alone: it asks for what it needs by use(), gets what is there by now, and is drawn
 * again when more has come. What a drawing no longer asks for is aborted. A slot is a place on the page: until
 * its new answer is there it keeps showing its last one, marked stale. What fails in a way that passes (the
 * database is away, the server restarts) is asked for again and again by itself.
 */
import { address, get } from './api.js';
import { session } from './session.js';

const KEEP = 60;             /* answers: enough to step back through an afternoon's looking */
const FRESH_MS = 60000;      /* an answer older than this is asked for again when it is shown again */

const entries = new Map();   /* URL → {data, error, tries, at, controller, used} */
const slots = new Map();     /* slot → the URL it last had an answer from */
let redraw = () => {};

export const onData = (callback) => { redraw = callback; };

async function fetchInto(url, entry) {
	entry.controller = new AbortController();
	try {
		entry.data = await get(url, entry.controller.signal);
		entry.at = Date.now();
		entry.error = null;
		entry.tries = 0;
	} catch (error) {
		if (error.name === 'AbortError')
			return;
		entry.error = error;
		if (error.passing)
			setTimeout(again, error.wait(entry.tries++), url, entry);
	}
	entry.controller = null;
	redraw();
}

/** Unless it has been asked for meanwhile, or nobody looks at it any more: then whoever does asks anew. */
function again(url, entry) {
	if (entries.get(url) !== entry || entry.controller || !entry.error)
		return;
	if (entry.used)
		fetchInto(url, entry);
	else
		entry.error = null;
}

function forgetOldest() {
	for (const [url, entry] of entries) {
		if (entries.size <= KEEP)
			return;
		if (!entry.used)
			entries.delete(url);
	}
}

/** @returns {{data: object|undefined, error: Error|null, loading: boolean, stale: boolean, retry: function}} */
export function use(slot, path, params) {
	const url = address(path, params);
	let entry = entries.get(url);
	if (!entry) {
		entry = { data: undefined, error: null, tries: 0, at: 0, controller: null, used: true };
		forgetOldest();
	}
	entries.delete(url);     /* and to the end: the map is kept by last use */
	entries.set(url, entry);
	entry.used = true;
	const old = Date.now() - entry.at > FRESH_MS;
	if (!entry.controller && !entry.error && old && session.current !== null)
		fetchInto(url, entry);
	if (entry.data !== undefined)
		slots.set(slot, url);
	const last = entries.get(slots.get(slot));
	return {
		data: entry.data ?? last?.data,
		error: entry.error,
		loading: entry.controller !== null,
		stale: entry.data === undefined && last?.data !== undefined,
		retry: () => {
			entry.error = null;
			fetchInto(url, entry);
			redraw();
		},
	};
}

/** The slots of everything a page wants, by their names. */
export const useAll = (wanted) => Object.fromEntries(Object.entries(wanted).map(([name, one]) => [name, use(...one)]));

/** Draw, and drop the requests whose answers nobody waits for any more. */
export function drawing(draw) {
	for (const entry of entries.values())
		entry.used = false;
	draw();
	for (const [url, entry] of entries) {
		if (entry.used)
			continue;
		if (entry.controller) {
			entry.controller.abort();
			entry.controller = null;
		}
		if (entry.data === undefined)
			entries.delete(url);
	}
}

const used = () => [...entries.values()].filter((entry) => entry.used);

export const loading = () => used().some((entry) => entry.controller);

/** What is wrong and being tried again, or null. */
export const trouble = () => used().find((entry) => entry.error?.passing)?.error ?? null;

/** Everything is another's after a login, and out of date after a 401. */
export function forget() {
	for (const entry of entries.values())
		entry.controller?.abort();
	entries.clear();
	slots.clear();
}

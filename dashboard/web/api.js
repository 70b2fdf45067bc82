/* api.js - the requests of dashboard/API.md, and what their errors say. */
import { end, session } from './session.js';

const BASE = '/api/v1/';

const LONGEST_WAIT = 8;      /* seconds */

export class ApiError extends Error {
	constructor(status, body, retryAfter) {
		super(body?.message ?? (status ? `The server answered ${status}.` : 'The server cannot be reached.'));
		this.status = status;
		this.code = body?.code ?? null;
		this.retryAfter = retryAfter;
	}

	/** Whether the same request may well be answered in a moment. */
	get passing() {
		return !this.status || this.code === 'database_away';
	}

	/** Whether it is the request that is wrong. */
	get refused() {
		return [400, 403, 404, 413].includes(this.status);
	}

	/** Milliseconds until it is worth another try, after as many that failed. */
	wait(tries) {
		return Math.min(LONGEST_WAIT, (this.retryAfter ?? 2) * 2 ** tries) * 1000;
	}
}

async function answer(response) {
	const body = await response.json().catch((error) => {
		/* What is not wanted any more is no answer, though its first bytes were here. */
		if (error.name === 'AbortError')
			throw error;
		return null;
	});
	if (response.ok && body === null)
		throw new ApiError(0);
	if (response.ok)
		return body;
	if (response.status === 401 && body?.error?.code === 'login_required')
		end('server');
	throw new ApiError(response.status, body?.error, Number(response.headers.get('Retry-After')) || null);
}

/* Going back, browsers take stored answers without asking, and a logout would be undone: so they have to ask. */
async function request(url, options) {
	try {
		return await fetch(url, { credentials: 'same-origin', cache: 'no-cache', ...options });
	} catch (error) {
		throw error.name === 'AbortError' ? error : new ApiError(0);
	}
}

/** The address of an answer; parameters that are not set are left out. */
export function address(path, params = {}) {
	const given = Object.entries(params).filter(([, value]) => value !== null && value !== undefined && value !== '');
	const search = new URLSearchParams(given).toString();
	return `${BASE}${path}${search && `?${search}`}`;
}

export const get = async (url, signal) => answer(await request(url, { signal }));

export async function post(path, body) {
	const headers = { 'Content-Type': 'application/json' };
	if (session.current?.csrf)
		headers['X-CSRF-Token'] = session.current.csrf;
	return answer(await request(BASE + path, { method: 'POST', headers, body: JSON.stringify(body) }));
}

/** A document as bytes, for the page to unpack. */
export async function download(url, signal) {
	const response = await request(url, { signal });
	if (!response.ok)
		return answer(response);
	return new Uint8Array(await response.arrayBuffer());
}

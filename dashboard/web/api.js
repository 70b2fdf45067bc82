/* api.js - the requests of dashboard/API.md, and what their errors say. */

const BASE = '/api/v1/';

/** Who is logged in. `current` is undefined before that is known, and null when nobody is. */
export const session = { current: undefined, ended: false };

export class ApiError extends Error {
	constructor(status, body, retryAfter) {
		super(body?.message ?? (status ? `The server answered ${status}.` : 'The server cannot be reached.'));
		this.status = status;
		this.code = body?.code ?? null;
		this.retryAfter = retryAfter;
	}
}

async function answer(response) {
	const body = await response.json().catch(() => null);
	if (response.ok)
		return body;
	if (response.status === 401 && body?.error?.code === 'login_required') {
		session.ended = Boolean(session.current) || session.ended;
		session.current = null;
	}
	throw new ApiError(response.status, body?.error, Number(response.headers.get('Retry-After')) || null);
}

async function request(url, options) {
	try {
		return await fetch(url, { credentials: 'same-origin', ...options });
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

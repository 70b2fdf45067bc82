/*
 * session.js - who is logged in, and this browser's mark that somebody was.
 *
 * The session itself is a cookie that no script can read. Without the mark nobody is likely to be logged in: then
 * the page asks who it is before it asks for anything else, and a stranger's page is not full of refusals.
 */
const MARK = 'session';

/** `current` is undefined before it is known, and null when nobody is. `ended`: somebody was. */
export const session = { current: undefined, ended: false };

let changed = () => {};

export const onSession = (callback) => { changed = callback; };

function mark(there) {
	try {
		if (there)
			localStorage.setItem(MARK, '1');
		else
			localStorage.removeItem(MARK);
	} catch {
		/* no storage: each page asks first */
	}
}

export function expected() {
	try {
		return localStorage.getItem(MARK) !== null;
	} catch {
		return false;
	}
}

/** @param who as the server tells it */
export function begin(who) {
	session.current = who;
	session.ended = false;
	mark(true);
	changed();
}

/** @param by 'user' for who logs out, 'server' for a session that is no more, or never was */
export function end(by) {
	session.ended = by === 'server' && (Boolean(session.current) || session.ended);
	session.current = null;
	mark(false);
	changed();
}

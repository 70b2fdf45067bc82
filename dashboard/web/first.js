/*
 * first.js - asks who is logged in, and for the first page's answers, while the modules that draw them are still
 * on their way.
 */
import { address, get } from './api.js';
import { useAll } from './data.js';
import { read } from './router.js';
import { begin, expected } from './session.js';
import { wants } from './wants.js';

async function whoAmI() {
	try {
		begin(await get(address('session')));
	} catch (error) {
		/* A 401 has ended the session; what does not pass by itself the page's own answers tell. */
		if (error.passing)
			setTimeout(whoAmI, error.wait(0));
	}
}

const route = read();

/** Over when the server has said who it is, or could not. Who comes to log in need not be told that he is not. */
export const asked = route.name === 'login' ? Promise.resolve() : whoAmI();

if (expected())
	useAll(wants(route));

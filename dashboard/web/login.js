/* login.js - the way in: name and password, or the one-time link, which is redeemed by a press and nothing else. */
import { html, nothing } from './lib/lit-html/lit-html.js';
import { post } from './api.js';
import { forget } from './data.js';
import { said, send } from './form.js';
import { begin, session } from './session.js';

async function enter(path, body) {
	const who = await post(path, body);
	forget();
	/* The token must not stay in the history; after a password, the page asked for appears. */
	if (location.pathname === '/login')
		history.replaceState(null, '', '/');
	begin(who);
}

const byLink = (token) => html`<form class="login stack"
	@submit=${(event) => send(event, () => enter('link', { token }))}>
	<h1 tabindex="-1">Welcome to ruastat</h1>
	<p>This link lets you in once. Inside, choose a name and a password to come back later.</p>
	${said}
	<button class="button primary">Enter the dashboard</button>
	<p class="hint">Or <a href="/login">log in by name and password</a>.</p>
</form>`;

const byPassword = () => html`<form class="login stack"
	@submit=${(event) => send(event, ({ name, password }) => enter('login', { name, password }))}>
	<h1 tabindex="-1">${session.ended ? 'Your session has ended' : 'Log in to ruastat'}</h1>
	${session.ended ? html`<p>Log in again to go on where you were.</p>` : nothing}
	<label>Name <input name="name" autocomplete="username" autocapitalize="none" spellcheck="false" required
		maxlength="64"></label>
	<label>Password <input name="password" type="password" autocomplete="current-password" required></label>
	${said}
	<button class="button primary">Log in</button>
</form>`;

/** In place of any page while nobody is logged in: the URL stays. */
export function login(route, redraw) {
	if (route.name === 'login' && session.current) {
		history.replaceState(null, '', '/');
		queueMicrotask(redraw);
		return { title: 'Overview', body: nothing };
	}
	const token = route.name === 'login' ? route.hash.slice(1) : '';
	return { title: 'Log in', body: token ? byLink(token) : byPassword() };
}

/* account.js - the account menu, and the page behind it: password, users. */
import { html, nothing } from './lib/lit-html/lit-html.js';
import { address, get, post, session } from './api.js';
import { forget, use } from './data.js';
import { said, send } from './form.js';
import { day, time } from './format.js';
import { menu } from './menu.js';
import { shown, table, csv } from './table.js';
import { clean, cut } from './text.js';
import { themeSwitch } from './theme.js';

async function logout(redraw) {
	try {
		await post('logout', {});
	} catch {
		/* The session is gone, or will be when it ends: the page forgets it either way. */
	}
	session.current = null;
	session.ended = false;
	forget();
	redraw();
}

const who = () => session.current?.by_link ? 'One-time link' : session.current?.name ?? '';

export function accountMenu(redraw) {
	if (!session.current)
		return html`<span class="menu-place"></span>`;
	const name = clean(who());
	return menu('account', html`<bdi class="who">${name}</bdi>`, html`
		<p class="who-line"><bdi>${name}</bdi><span>${session.current.role}</span></p>
		${themeSwitch()}
		<a href="/account">${session.current.by_link ? 'Choose a name and password' : 'Account'}</a>
		<button type="button" class="plain" @click=${() => logout(redraw)}>Log out</button>
		<p class="hint">ruastat <bdi>${clean(session.current.version ?? '')}</bdi></p>`,
	{ label: `Account: ${name}` });
}

export const linkBanner = () => session.current?.by_link ? html`<aside class="banner" aria-label="One-time link">
	You are in by a one-time link: <a href="/account">choose a name and password</a> to come back later.
</aside>` : nothing;

async function change({ repeated, ...body }, redraw) {
	if (body.new_password !== repeated)
		throw new Error('The new password and its repetition differ.');
	await post('password', body);
	if (!session.current.by_link)
		return 'The password is changed, and all your other sessions are ended.';
	session.current = await get(address('session'));
	forget();
	redraw();
	return '';
}

const newPassword = html`
	<label>New password <input name="new_password" type="password" autocomplete="new-password" required minlength="12"
		maxlength="1024"></label>
	<label>The same again <input name="repeated" type="password" autocomplete="new-password" required></label>
	<p class="hint">At least 12 characters.</p>`;

const choose = (redraw) => html`<section aria-labelledby="password">
	<h2 id="password">Choose a name and password</h2>
	<p>They make you an administrator of this dashboard.</p>
	<form class="stack narrow" @submit=${(event) => send(event, (fields) => change(fields, redraw))}>
		<label>Name <input name="name" autocomplete="username" autocapitalize="none" spellcheck="false" required
			maxlength="64" pattern="[A-Za-z0-9._@+\\-]+" title="letters, digits and . _ @ + -"></label>
		${newPassword}${said}
		<button class="button primary">Keep them</button>
	</form>
</section>`;

const password = (redraw) => html`<section aria-labelledby="password">
	<h2 id="password">Change the password</h2>
	<form class="stack narrow" @submit=${(event) => send(event, (fields) => change(fields, redraw))}>
		<input hidden autocomplete="username" .value=${session.current.name ?? ''}>
		<label>Present password <input name="password" type="password" autocomplete="current-password" required></label>
		${newPassword}${said}
		<button class="button primary">Change it</button>
	</form>
</section>`;

const COLUMNS = [
	{ label: 'Name', cell: (user) => cut(user.name) },
	{ label: 'Role', cell: (user) => clean(user.role) },
	{ label: 'Since', cell: (user) => day(user.created_at) },
	{ label: 'Last login', cell: (user) => user.last_login_at ? time(user.last_login_at) : 'never' },
];

const users = (route) => html`<section aria-labelledby="users">
	<div class="section-head"><h2 id="users">Users</h2>${csv('users', {}, 0)}</div>
	${shown(use('users', 'users', {}), (data) => table({ caption: 'Users of the dashboard', columns: COLUMNS,
		rows: data.rows, key: (user) => user.name, route, cls: 'users' }), { rows: 3, what: 'the users' })}
	<p class="hint">Users are added and removed on the command line.</p>
</section>`;

export function account(route, redraw) {
	const me = session.current;
	return {
		title: 'Account',
		body: html`<div class="page-head"><h1 tabindex="-1">Account</h1></div>
			${me ? html`<p>${me.by_link ? 'You are in by a one-time link'
				: html`You are <bdi><strong>${clean(who())}</strong></bdi>`}, as ${me.role}.</p>
				${me.by_link ? choose(redraw) : password(redraw)}
				${me.role === 'admin' ? users(route) : nothing}` : nothing}`,
	};
}

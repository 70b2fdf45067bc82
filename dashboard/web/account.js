/* account.js - the page of who is logged in: password, users. */
import { html, nothing } from './lib/lit-html/lit-html.js';
import { address, get, post } from './api.js';
import { forget, use } from './data.js';
import { said, send } from './form.js';
import { day, time } from './format.js';
import { begin, session } from './session.js';
import { shown, table, csv } from './table.js';
import { clean, cut } from './text.js';

async function change({ repeated, ...body }) {
	if (body.new_password !== repeated)
		throw new Error('The new password and its repetition differ.');
	await post('password', body);
	if (!session.current.by_link)
		return 'The password is changed, and all your other sessions are ended.';
	const who = await get(address('session'));
	forget();
	begin(who);
	return '';
}

const newPassword = html`
	<label>New password <input name="new_password" type="password" autocomplete="new-password" required minlength="12"
		maxlength="1024"></label>
	<label>The same again <input name="repeated" type="password" autocomplete="new-password" required></label>
	<p class="hint">At least 12 characters.</p>`;

const choose = html`<section aria-labelledby="password">
	<h2 id="password">Choose a name and password</h2>
	<p>They make you an administrator of this dashboard.</p>
	<form class="stack narrow" @submit=${(event) => send(event, change)}>
		<label>Name <input name="name" autocomplete="username" autocapitalize="none" spellcheck="false" required
			maxlength="64" pattern="[A-Za-z0-9._@+\\-]+" title="letters, digits and . _ @ + -"></label>
		${newPassword}${said}
		<button class="button primary">Keep them</button>
	</form>
</section>`;

const password = () => html`<section aria-labelledby="password">
	<h2 id="password">Change the password</h2>
	<form class="stack narrow" @submit=${(event) => send(event, change)}>
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

const users = (route, slot) => html`<section aria-labelledby="users">
	<div class="section-head"><h2 id="users">Users</h2>${csv('users', {}, slot.data?.total)}</div>
	${shown(slot, (data) => table({ caption: 'Users of the dashboard', columns: COLUMNS,
		rows: data.rows, key: (user) => user.name, route, cls: 'users' }), { rows: 3, what: 'the users' })}
	<p class="hint">Users are added and removed on the command line.</p>
</section>`;

export function account(route) {
	const me = session.current;
	return {
		title: 'Account',
		body: html`<div class="page-head"><h1 tabindex="-1">Account</h1></div>
			${me ? html`<p>${me.by_link ? 'You are in by a one-time link'
				: html`You are <bdi><strong>${clean(me.name)}</strong></bdi>`}, as ${me.role}.</p>
				${me.by_link ? choose : password()}
				${me.role === 'admin' ? users(route, use('users', 'users', {})) : nothing}` : nothing}`,
	};
}

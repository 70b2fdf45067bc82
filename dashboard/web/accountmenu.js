/* accountmenu.js - who is logged in, at the top of each page: the menu, and the word to who came by the one-time link. */
import { html, nothing } from './lib/lit-html/lit-html.js';
import { post } from './api.js';
import { forget } from './data.js';
import { menu } from './menu.js';
import { end, session } from './session.js';
import { clean } from './text.js';
import { themeSwitch } from './theme.js';

async function logout() {
	try {
		await post('logout', {});
	} catch {
		/* The session is gone, or will be when it ends: the page forgets it either way. */
	}
	forget();
	end('user');
}

const who = () => clean(session.current.by_link ? 'One-time link' : session.current.name ?? '');

export const accountMenu = () => session.current ? menu('account', html`<bdi class="who">${who()}</bdi>`, html`
	<p class="who-line"><bdi>${who()}</bdi><span>${session.current.role}</span></p>
	${themeSwitch()}
	<a href="/account">${session.current.by_link ? 'Choose a name and password' : 'Account'}</a>
	<button type="button" class="plain" @click=${logout}>Log out</button>
	<p class="hint">ruastat <bdi>${clean(session.current.version ?? '')}</bdi></p>`,
{ label: `Account: ${who()}` }) : html`<span class="menu-place"></span>`;

export const linkBanner = () => session.current?.by_link ? html`<aside class="banner" aria-label="One-time link">
	You are in by a one-time link: <a href="/account">choose a name and password</a> to come back later.
</aside>` : nothing;

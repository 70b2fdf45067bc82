// login.mjs - ways in and out: the one-time link, names and passwords, the end of a session, roles.
import { base, comes, done, go, h1, is, link, main, ok, open, rows, settled, shot, sql, table, cells, until, where } from './browser.mjs';

const sessions = () => sql('SELECT count(*) FROM ruastat_data.dashboard_session');
const said = page => page.getByRole('alert').innerText();
const account = page => page.getByRole('button', { name: /^Account: / });
const NEW = 'a stone in the brook';
const EXACT = { exact: true };

async function enter(page, name, password) {
	await page.getByLabel('Name', EXACT).fill(name);
	await page.getByLabel('Password', EXACT).fill(password);
	await page.getByRole('button', { name: 'Log in' }).click();
}

async function logOut(page) {
	await account(page).click();
	await page.getByRole('button', { name: 'Log out' }).click();
}

// The one-time link

const first = await open();
await go(first, link);
is(await h1(first), 'Welcome to ruastat', 'the link opens a page that explains itself');
await first.reload();
await settled(first);
is(sessions(), '0', 'and which redeems nothing by itself');
await first.getByRole('button', { name: 'Enter the dashboard' }).click();
await comes(() => h1(first), 'Overview', 'its button leads to the overview');
await settled(first);
is(where(first), '/', 'and takes the token out of the address');
is(sessions(), '1', 'with a session');
await until(() => first.getByText('You are in by a one-time link').isVisible(), 'a banner says what to do next');

const second = await open();
second.allow(/status 401: .*\/api\/v1\//, /console: .* 401 /);
await go(second, link);
await second.getByRole('button', { name: 'Enter the dashboard' }).click();
await comes(() => said(second), 'this link was used already, or its time is up; starting ruastat again gives a new one',
	'a second use of the link is told why it fails');
is([await h1(second), sessions()], ['Welcome to ruastat', '1'], 'and lets nobody in');
await second.getByRole('link', { name: 'log in by name and password' }).click();
await comes(() => h1(second), 'Log in to ruastat', 'it offers the other way');

// Name and password

const asked = '/domain/example.org?from=2026-11-01&to=2026-11-10';
await go(second, asked);
is([await h1(second), where(second)], ['Log in to ruastat', asked], 'a page asked for by a stranger becomes the login, at the same address');
ok(!(await second.getByRole('navigation').count()), 'which leads nowhere else');
await enter(second, 'mara', 'not the right one');
await comes(() => said(second), 'the name or the password is wrong', 'a wrong password is told');
is(await second.evaluate(() => document.activeElement?.name), 'password', 'and the password can be typed anew at once');
await enter(second, 'nobody', 'not the right one either');
await comes(() => said(second), 'the name or the password is wrong', 'an unknown name is told the same');
await enter(second, 'Mara', 'correct-horse-battery');
await comes(() => h1(second), 'example.org', 'the right one leads to the page asked for');
await settled(second);
is(where(second), asked, 'at its address');
ok(await second.getByText('1 Nov – 10 Nov 2026').first().isVisible(), 'with its period');

// Too many guesses

const guesser = await open();
guesser.allow(/status (401|429)/, /console: .* (401|429) /);
await go(guesser, '/login');
const answers = [];
for (let i = 0; i < 6; i++) {
	const answered = guesser.waitForResponse(/\/api\/v1\/login$/);
	await enter(guesser, 'guessed', `a wrong password ${i}`);
	answers.push((await answered).status());
}
is(answers, [401, 401, 401, 401, 401, 429], 'after five wrong passwords there is a pause');
await until(async () => /try again in [1-9]\d* ?s/i.test(await said(guesser)), 'and the message says of how many seconds');
await shot(guesser, 'login-429');
await guesser.context().close();

// From the link to a name

await first.getByRole('link', { name: 'choose a name and password' }).click();
await comes(() => h1(first), 'Account', 'the banner leads to the account');
first.allow(/status 400: .*\/password/, /console: .* 400 .*\/password/, /status 401/, /console: .* 401 /);
const choose = async (name, password, repeated = password) => {
	await first.getByLabel('Name', EXACT).fill(name);
	await first.getByLabel('New password', EXACT).fill(password);
	await first.getByLabel('The same again', EXACT).fill(repeated);
	await first.getByRole('button', { name: 'Keep them' }).click();
};
await choose('paul', NEW, `${NEW}s`);
await comes(() => said(first), 'The new password and its repetition differ.', 'two different passwords are told');
await choose('mara', NEW);
await comes(() => said(first), 'this name is taken', 'a name that is taken is told');
await choose('Paul', NEW);
await until(() => account(first).getByText('paul').isVisible(), 'a free name is the user\'s from then on');
is(await first.getByText('You are in by a one-time link').count(), 0, 'and the banner is gone');
is(rows('user', 'list').map(({ name, role }) => `${name} ${role}`), ['mara admin', 'paul admin', 'vera viewer'], 'he is an administrator');
await settled(first);
is((await cells(table(first, 'Users of the dashboard'))).map(([name, role]) => `${name} ${role}`),
	['mara admin', 'paul admin', 'vera viewer'], 'and sees who else is there');
await logOut(first);
await comes(() => h1(first), 'Log in to ruastat', 'he logs out');
await first.reload();
await settled(first);
is(await h1(first), 'Log in to ruastat', 'and is out after a reload too');
await enter(first, 'paul', NEW);
await comes(() => h1(first), 'Account', 'he logs in by his password');

// Another password

const elsewhere = await open();
elsewhere.allow(/status 401/, /console: .* 401 /);
await go(elsewhere, '/');
await enter(elsewhere, 'paul', NEW);
await comes(() => h1(elsewhere), 'Overview', 'a second browser of his');
const change = async (page, old, password) => {
	await page.getByLabel('Present password', EXACT).fill(old);
	await page.getByLabel('New password', EXACT).fill(password);
	await page.getByLabel('The same again', EXACT).fill(password);
	await page.getByRole('button', { name: 'Change it' }).click();
};
await change(first, 'not this one', `${NEW}!`);
await comes(() => said(first), 'the password is wrong', 'a change wants the present password');
await change(first, NEW, `${NEW}!`);
await comes(() => said(first), 'The password is changed, and all your other sessions are ended.', 'the password is changed');
await elsewhere.getByRole('link', { name: '7 days' }).click();
await comes(() => h1(elsewhere), 'Your session has ended', 'and the other browser is out');
await enter(elsewhere, 'paul', `${NEW}!`);
await comes(() => h1(elsewhere), 'Overview', 'until the new one is given');

// The end of a session

for (const [what, column, age] of [['after a week', 'started_at', '8 days'], ['unused for a day', 'last_seen_at', '1 day']]) {
	await go(elsewhere, '/domain/nordwind.example');
	sql(`UPDATE ruastat_data.dashboard_session SET ${column} = now() - interval '${age}' WHERE name = 'paul'`);
	await elsewhere.getByRole('navigation', { name: 'Rows of this domain' }).getByRole('link', { name: 'DKIM selectors' }).click();
	await elsewhere.getByRole('link', { name: '7 days' }).click();
	await comes(() => h1(elsewhere), 'Your session has ended', `${what} the login stands in place of the page`);
	const there = where(elsewhere);
	ok(/^\/domain\/nordwind\.example\?.*from=2026-11-14/.test(there), 'at the address that was asked for', there);
	await enter(elsewhere, 'paul', `${NEW}!`);
	await comes(() => h1(elsewhere), 'nordwind.example', 'and after it the page goes on');
	await settled(elsewhere);
	is(where(elsewhere), there, 'at that address');
	ok(await table(elsewhere, 'DKIM keys').isVisible(), 'with its contents');
}

// A form left open: what ends while it is filled in

await go(elsewhere, '/account');
sql("UPDATE ruastat_data.dashboard_session SET started_at = now() - interval '8 days' WHERE name = 'paul'");
await change(elsewhere, `${NEW}!`, NEW);
await comes(() => h1(elsewhere), 'Your session has ended', 'a form sent after the end of a session leads to the login too');

// Roles

const viewer = await open({ user: 'vera' });
await go(viewer, '/account');
is(await main(viewer).getByRole('heading').allInnerTexts(), ['Account', 'Change the password'], 'a viewer sees no list of users');
ok(/You are vera, as viewer\./.test((await main(viewer).innerText()).replace(/\s+/g, ' ')), 'and what he is');
viewer.allow(/status 401/, /console: .* 401 /);
await go(viewer, '/');
await logOut(viewer);
await comes(() => h1(viewer), 'Log in to ruastat', 'he logs out');
await viewer.goBack();
await until(async () => await h1(viewer) === 'Log in to ruastat' && !(await viewer.getByRole('table').count()),
	'the way back shows nothing');
is((await fetch(`${base}/api/v1/domains`)).status, 401, 'nor does the API');
await done();

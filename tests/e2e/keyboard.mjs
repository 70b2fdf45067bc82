// keyboard.mjs - from the login to a source's records and back by keys alone, the focus always to be seen.
import { cells, comes, done, go, h1, is, ok, open, passwords, query, settled, table, until } from './browser.mjs';

const page = await open();
page.allow(/status 401/, /console: .* 401 /);
const lostAt = [];

/** What has the focus: its name, and whether it is to be seen that it has. */
const focused = () => page.evaluate(() => {
	const node = document.activeElement;
	if (!node || node === document.body)
		return { tag: 'BODY', name: '', seen: false };
	const drawn = node.matches('.segments input') ? node.nextElementSibling : node;
	const { outlineStyle, outlineWidth } = getComputedStyle(drawn);
	const { width, height, bottom, right } = drawn.getBoundingClientRect();
	return { tag: node.tagName, name: (node.getAttribute('aria-label') ?? node.labels?.[0]?.querySelector('.sr')?.textContent ?? node.labels?.[0]?.innerText ?? node.innerText ?? '').replace(/\s+/g, ' ').trim(),
		expanded: node.getAttribute('aria-expanded'),
		seen: outlineStyle !== 'none' && parseFloat(outlineWidth) >= 1 && width > 1 && height > 1 && bottom > 0 && right > 0 };
});

/** Presses Tab until the focus is on what is so called; notes each place where it cannot be seen. */
async function tabTo(name, most = 80) {
	const passed = [];
	for (let i = 0; i < most; i++) {
		await page.keyboard.press('Tab');
		const now = await focused();
		/* Past the last element the focus leaves the page, and comes back at its first. */
		if (!now.seen && now.tag !== 'BODY')
			lostAt.push(`${now.tag} ${now.name}`);
		passed.push(now.name);
		if (name instanceof RegExp ? name.test(now.name) : now.name === name)
			return ok(true, `Tab comes to ${name}`);
	}
	return ok(false, `Tab comes to ${name}`, passed);
}

const keeps = async name => {
	const { tag } = await focused();
	ok(tag !== 'BODY', `${name}: the focus is not lost`);
};

await go(page, '/');
await tabTo('Name');
await page.keyboard.type('mara');
await tabTo('Password', 1);
await page.keyboard.type(passwords.mara);
await page.keyboard.press('Enter');
await comes(() => h1(page), 'Overview', 'Enter logs in');
await settled(page);
await keeps('after the login');
await go(page, '/');
await tabTo('Skip to the content', 1);
await page.keyboard.press('Enter');
await keeps('behind the skip link');
await tabTo('7 days', 3);

// The period

await tabTo(/^Period: /);
await page.keyboard.press('Enter');
await until(() => page.getByRole('button', { name: 'Show this period' }).isVisible(), 'Enter opens the period\'s panel');
await keeps('in the panel');
await page.keyboard.press('Escape');
await until(async () => !(await page.getByRole('button', { name: 'Show this period' }).isVisible()), 'Escape closes it');
ok((await focused()).name.startsWith('Period: '), 'and the focus is on its button again', await focused());

// Sorting, and a domain

await tabTo(/^DKIM %/);
await page.keyboard.press('Enter');
await comes(() => page.getByRole('columnheader', { name: 'DKIM %' }).getAttribute('aria-sort'), 'ascending', 'Enter on a head sorts');
await settled(page);
ok((await focused()).name.startsWith('DKIM %'), 'with the focus kept on it', await focused());
await tabTo('lindenhof.example');
await page.keyboard.press('Enter');
await comes(() => h1(page), 'lindenhof.example', 'Enter opens a domain');
await settled(page);
await keeps('on the new page');

// A source's row

await tabTo('Addresses');
await tabTo('Records of 192.0.2.41');
await page.keyboard.press('Space');
const below = page.getByRole('table', { name: /^Records, put together/ });
await until(() => below.isVisible(), 'Space opens a source\'s records');
await settled(page);
is([(await focused()).name, (await focused()).expanded], ['Records of 192.0.2.41', 'true'], 'with the focus kept on its button');
await page.keyboard.press('Enter');
await comes(() => below.count(), 0, 'Enter closes them');
is([(await focused()).name, (await focused()).expanded], ['Records of 192.0.2.41', 'false'], 'with the focus kept');
// Filters, menus, the way back

await go(page, '/domain/lindenhof.example');
await tabTo('Which messages');
await page.keyboard.type('neither');
await comes(() => query(page).result, 'neither', 'a filter is chosen by its first letters');
await settled(page);
is((await focused()).name, 'Which messages', 'with the focus kept');
await tabTo('Address or network', 1);
await page.keyboard.type('203.0.113.252');
await page.keyboard.press('Enter');
await comes(() => query(page).within, '203.0.113.252', 'Enter filters by an address');
await settled(page);
is((await focused()).name, 'Address or network', 'with the focus kept');
await comes(async () => (await cells(table(page, 'Sources'))).map(row => row[0].split(' ')[0]), ['203.0.113.252'], 'which leaves that source');
await page.goBack();
await settled(page);
await keeps('after the way back');
await go(page, '/');
await tabTo(/^Account: /);
await page.keyboard.press('Space');
await until(() => page.getByRole('button', { name: 'Log out' }).isVisible(), 'Space opens the account menu');
await page.keyboard.press('ArrowRight');
await comes(() => page.evaluate(() => document.documentElement.dataset.theme), 'light', 'arrows choose a theme');
await tabTo('Log out', 4);
await page.keyboard.press('Enter');
await comes(() => h1(page), 'Log in to ruastat', 'Enter logs out');
is([...new Set(lostAt)], [], 'wherever the focus was, it could be seen');
await done();

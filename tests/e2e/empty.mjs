// empty.mjs - a database without any report: every page says so, and what to do.
import { axe, comes, done, fits, go, h1, is, link, ok, open, settled, shot } from './browser.mjs';

for (const [width, dark] of [[1440, false], [1440, true], [390, false], [390, true]]) {
	const page = await open({ user: 'mara', width, dark });
	page.allow(/status 404/, /console: .* 404 /);
	for (const [path, heading] of [['/', 'There are no reports yet'], ['/?from=2026-11-01&to=2026-11-10&search=x', 'There are no reports yet'], ['/reports', 'Reports'],
		['/account', 'Account'], ['/domain/example.org', 'example.org']]) {
		await go(page, path);
		is([await h1(page), await fits(page)], [heading, ''], `${width} ${dark ? 'dark' : 'light'} ${path}: says what there is`);
		is(await axe(page), [], `${width} ${dark ? 'dark' : 'light'} ${path}: axe-core finds nothing`);
		await shot(page, `empty-${width}-${dark}-${heading.replaceAll(' ', '-')}`);
	}
	await page.context().close();
}
const page = await open();
await go(page, link);
await page.getByRole('button', { name: 'Enter the dashboard' }).click();
await comes(() => h1(page), 'There are no reports yet', 'the first look is at what to do next');
await settled(page);
ok(await page.getByText('ruastat ingest /path/to/Maildir').isVisible(), 'in a command');
await page.getByRole('link', { name: 'choose a name and password' }).click();
await comes(() => h1(page), 'Account', 'or at the account');
await done();

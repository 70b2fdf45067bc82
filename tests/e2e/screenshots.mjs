// screenshots.mjs - the pictures of README, by a named user (without the banner of the one-time link), into SHOTS.
import { done, go, is, open, shot, until } from './browser.mjs';

for (const [name, path, height] of [['overview', '/', 640], ['domain', '/domain/lindenhof.example', 1000]]) {
	const page = await open({ user: 'mara', height, deviceScaleFactor: 1, reduced: true });
	await go(page, path);
	if (name === 'domain')
		await until(async () => (await page.locator('daily-chart svg path').count()) > 20, 'the chart is drawn');
	is(await page.getByText('one-time link').count(), 0, `${name}: no banner`);
	await page.mouse.move(0, 0);
	/* Painted as a whole: what was painted piece by piece differs in some pixels from run to run. */
	await page.evaluate(async () => {
		document.body.hidden = true;
		document.body.getBoundingClientRect();
		document.body.hidden = false;
		await new Promise(resolve => requestAnimationFrame(() => requestAnimationFrame(resolve)));
	});
	await shot(page, name);
}
await done();

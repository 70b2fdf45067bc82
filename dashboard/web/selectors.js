/* selectors.js - the DKIM keys seen on a domain's mail: which of them work, and since when one does not; those first. */
import { html, nothing } from './lib/lit-html/lit-html.js';
import { rate } from './classes.js';
import { counted, day, days, number } from './format.js';
import { href, kept } from './router.js';
import { bars } from './sparkline.js';
import { csv, nothingHere, shown, table } from './table.js';
import { clean, cut } from './text.js';

const behind = (route, row, query = {}) => href(['domain', route.params.domain],
	{ ...kept(route), tab: 'records', selector: row.selector, ...query }, 'sources');

const columns = (route, period) => [
	{ label: 'Selector', cell: (row) => html`<a class="strong mono" href=${behind(route, row)}>${cut(row.selector, 'not said')}</a>
		<span class="soft block">d=${cut(row.dkim_domain)}</span>` },
	{ label: 'Alignment', cell: (row) => row.aligned ? 'aligned' : html`<span class="soft">another domain's</span>` },
	{ label: 'Days', cls: 'drawn', cell: (row) => bars(row.daily.map((one) => ({ ...one, bad: one.messages - one.pass })), period,
		{ width: 260, height: 40, mark: row.broke_on, label: 'Messages by day, signatures that failed marked' }) },
	{ label: 'State', cell: (row) => row.broke_on ? html`<a class="broke"
		href=${behind(route, row, { from: row.broke_on, to: period.to })}>broke on ${day(row.broke_on)}</a>`
		: row.pass_percent >= 50 ? html`<span class="works">works</span>` : html`<span class="soft">fails</span>` },
	{ label: 'Messages', cls: 'num', cell: (row) => html`<a href=${behind(route, row)}>${number(row.messages)}</a>` },
	{ label: 'Valid %', cls: 'num', cell: (row) => rate(row.pass_percent, 'dkim') },
	{ label: 'Seen', cls: 'num full', cell: (row) => html`<span class="soft">${days(row.first_day, row.last_day)}</span>` },
];

export const selectors = (route, all, { keys }) => html`<section aria-label="DKIM selectors">
	<div class="section-head">
		<p class="count" role="status">${keys.data ? counted(keys.data.total, 'key') : ''}</p>
		<p class="hint">A signature is valid or not whether or not its domain is aligned.</p>
		${csv('selectors', all, keys.data?.total)}
	</div>
	${shown(keys, (data) => data.rows.length ? table({
		caption: 'DKIM keys', columns: columns(route, data.period),
		rows: [...data.rows.filter((row) => row.broke_on), ...data.rows.filter((row) => !row.broke_on)],
		key: (row) => JSON.stringify([row.dkim_domain, row.selector]), route, cls: 'selectors',
	})
		: nothingHere('No report tells of a DKIM signature in this period.'), { what: 'the selectors' })}
</section>`;

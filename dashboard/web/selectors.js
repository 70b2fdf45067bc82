/*
 * selectors.js - the DKIM keys seen on a domain's mail: which of them work, and since when one does not.
 *
 * Whoever forges the domain signs by keys of his own, hundreds of them, each on a few messages: those are folded, and
 * opened a hundred at a time.
 */
import { html, nothing } from './lib/lit-html/lit-html.js';
import { rate } from './classes.js';
import { counted, day, days, number } from './format.js';
import { go, href, kept, same } from './router.js';
import { bars } from './sparkline.js';
import { PAGE, csv, nothingHere, shown, table } from './table.js';
import { cut } from './text.js';

const SHARE = 0.01;      /* of the domain's messages: such a key is worth a row, whosoever it is */
const FEW = 5;           /* fewer are not worth folding */

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

/** The keys in the order they are shown, and how many of them at first: broken ones, the domain's own, large ones. */
function ranked(rows, messages) {
	const rank = (row) => row.broke_on ? 0 : row.aligned || row.messages >= messages * SHARE ? 1 : 2;
	const all = rows.toSorted((a, b) => rank(a) - rank(b));
	const first = all.filter((row) => rank(row) < 2).length;
	return { all, first: Math.min(PAGE, all.length - first <= FEW ? all.length : first) };
}

/** Opens a hundred more, and at the end folds them all again; how many are open is in the URL. */
function moreKeys(route, all, first, end) {
	if (first === all.length)
		return nothing;
	const rest = all.slice(end);
	const messages = rest.reduce((sum, row) => sum + row.messages, 0);
	const kind = rest.some((row) => row.aligned) ? '' : ' of other domains';
	const keys = Math.min(all.length, end + PAGE) - first;
	return html`<p class="more"><button type="button" class="button"
		@click=${() => go(same(route, { keys: rest.length ? keys : null }))}>${rest.length
			? `${number(rest.length)} more ${rest.length === 1 ? 'key' : 'keys'}${kind}, ${counted(messages, 'message')}`
			: 'Fold the keys of other domains'}</button>
		${rest.length > PAGE ? html`<span class="hint">${PAGE} at a time</span>` : nothing}</p>`;
}

function list(route, data, messages) {
	const { all, first } = ranked(data.rows, messages);
	const end = Math.min(all.length, first + (Math.max(0, Math.floor(Number(route.query.keys))) || 0));
	return html`${end ? table({
		caption: 'DKIM keys', columns: columns(route, data.period), rows: all.slice(0, end),
		key: (row) => JSON.stringify([row.dkim_domain, row.selector]), route, cls: 'selectors',
	}) : nothingHere('No report tells of a DKIM key of this domain in this period.')}
	${moreKeys(route, all, first, end)}`;
}

export const selectors = (route, { summary, keys }, wanted) => html`<section aria-label="DKIM selectors">
	<div class="section-head">
		<p class="count" role="status">${keys.data ? counted(keys.data.total, 'key') : ''}</p>
		<p class="hint">A signature is valid or not whether or not its domain is aligned.</p>
		${csv('selectors', wanted.keys[2], keys.data?.total)}
	</div>
	${shown(summary.data ? keys : { ...keys, data: undefined }, (data) => data.rows.length
		? list(route, data, summary.data.messages)
		: nothingHere('No report tells of a DKIM signature in this period.'), { what: 'the selectors' })}
</section>`;

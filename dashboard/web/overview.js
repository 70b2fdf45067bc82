/* overview.js - all domains: how much mail, how much of it passes, and what has changed. */
import { html, nothing } from './lib/lit-html/lit-html.js';
import { useAll } from './data.js';
import { change, changePlain, counted, day, number } from './format.js';
import { RATES, rate, without } from './classes.js';
import { periodControl } from './period.js';
import { go, href, kept, same } from './router.js';
import { bars } from './sparkline.js';
import { csv, nothingHere, pager, shown, table } from './table.js';
import { clean, cut } from './text.js';
import { tiles, tilesPlace } from './tiles.js';
import { wants } from './wants.js';

const TYPING_MS = 250;

/** A rate leads to the sources of what it leaves out. */
const cellRate = (route, row, key) => html`<a title="sources of messages without it"
	href=${href(['domain', row.domain], { ...kept(route), result: without(row, key) }, 'sources')}>${
	rate(row[`${key}_percent`], key)}</a>
	${change(row[`${key}_change`])}`;

const policy = (value) => value ? html`<span class=${value === 'none' ? 'policy soft' : 'policy'}>${clean(value)}</span>`
	: html`<span class="none">–</span>`;

const columns = (route, period) => [
	{ label: 'Domain', sort: 'domain', first: 'asc', cell: (row) => html`<a class="strong"
		href=${href(['domain', row.domain], kept(route))}>${cut(row.domain)}</a>` },
	{ label: 'Days', cls: 'drawn', cell: (row) => html`<a href=${href(['domain', row.domain], kept(route))}
		aria-label="Days of ${clean(row.domain)}">${bars(row.daily.map((one) => ({ ...one, bad: one.messages - one.dmarc_pass })),
			period, { width: 132, height: 30, label: 'Messages by day, those that fail DMARC marked' })}</a>` },
	{ label: 'Messages', sort: 'messages', cls: 'num', cell: (row) => html`<a
		href=${href(['domain', row.domain], { ...kept(route), tab: 'records' })}>${number(row.messages)}</a>
		${changePlain(row.messages_change_percent)}` },
	...RATES.map(([key, label]) => ({ label, sort: key, first: 'asc', cls: 'num', cell: (row) => cellRate(route, row, key) })),
	{ label: 'Policy', head: html`p <span class="soft">/ sp</span>`, cell: (row) => html`${policy(row.p)}
		${row.sp && row.sp !== row.p ? html`<span class="soft">/ ${clean(row.sp)}</span>` : nothing}` },
	{ label: 'Reports', cls: 'num', cell: (row) => html`<a
		href=${href(['reports'], { domain: row.domain, ...period })}>${number(row.reports)}</a>` },
	{ label: 'Last report', sort: 'last_report', cls: 'num', cell: (row) => day(row.last_report_at) },
];

let typing = 0;

function search(event, route) {
	const value = event.target.value;
	clearTimeout(typing);
	typing = setTimeout(() => go(same(route, { search: value }), { replace: true }), TYPING_MS);
}

const searchBox = (route) => html`<search><form class="filters" @submit=${(event) => event.preventDefault()}>
	<label><span class="sr">Search domains</span><input type="search" placeholder="Search domains"
		.value=${route.query.search ?? ''} @input=${(event) => search(event, route)}></label>
</form></search>`;

const empty = () => html`<div class="empty">
	<h1 tabindex="-1">There are no reports yet</h1>
	<p>Read the mailbox that receives them:</p>
	<pre><code>ruastat ingest /path/to/Maildir</code></pre>
	<p>A directory of files, or single ones, will do as well; cron can repeat it every hour. It changes nothing in
		the mailbox unless told to.</p>
</div>`;

export function overview(route) {
	const wanted = wants(route);
	const [, , params] = wanted.domains;
	const { summary, domains, daily } = useAll(wanted);
	const title = 'Overview';
	if (summary.data && !summary.data.first_day)
		return { title, body: empty() };
	const newest = summary.data?.last_day ?? null;
	return {
		title,
		body: html`<div class="page-head">
			<h1 tabindex="-1">Overview</h1>
			${periodControl(route, summary.data?.period ?? null, newest)}
		</div>
		${summary.data ? shown(summary, (sums) => tiles(sums, daily.stale === summary.stale ? daily.data?.rows : null, {
			messages: href(['reports'], sums.period),
			dmarc: same(route, { sort: 'dmarc', order: 'asc' }, 'domains'),
			dkim: same(route, { sort: 'dkim', order: 'asc' }, 'domains'),
			spf: same(route, { sort: 'spf', order: 'asc' }, 'domains'),
		})) : summary.error ? shown(summary, () => nothing) : tilesPlace}
		<section aria-labelledby="domains">
			<div class="section-head">
				<h2 id="domains">${domains.data ? counted(domains.data.total, 'domain') : 'Domains'}</h2>
				${searchBox(route)}
				${csv('domains', params, domains.data?.total)}
			</div>
			${shown(domains, (data) => data.rows.length
				? html`${table({ caption: 'Domains', columns: columns(route, data.period), rows: data.rows,
					key: (row) => row.domain, route, sorted: params, cls: 'domains' })}${pager(route, data)}`
				: nothingHere(params.search ? 'No domain has that in its name.' : 'No domain has messages in this period.'),
			{ what: 'the domains' })}
		</section>`,
	};
}

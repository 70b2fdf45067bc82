/* sources.js - who sends as this domain: a row for each address or network, opening into its records. */
import { html, nothing } from './lib/lit-html/lit-html.js';
import { RATES, classBar, rate, without } from './classes.js';
import { counted, days, number } from './format.js';
import { rowFilters, unfiltered, wayOut } from './filters.js';
import { recordList } from './records.js';
import { go, href, kept, same } from './router.js';
import { csv, nothingHere, pager, shown, table } from './table.js';
import { clean, cut } from './text.js';

const toggled = (route, row) => same(route, { after: route.query.after, page: route.query.page,
	open: route.query.open === row.source ? null : row.source });

/** The records of a source, of one class if a count of that class was followed. */
const behind = (route, row, query) => href(['domain', route.params.domain],
	{ ...kept(route), tab: 'records', within: row.source, ...query }, 'sources');

function name(route, row, by) {
	if (row.source === null)
		return html`<span class="source none">no readable address</span>`;
	const open = route.query.open === row.source;
	return html`<span class="source"><button type="button" class="opener" aria-expanded=${open ? 'true' : 'false'}
		aria-label="Records of ${clean(row.source)}" @click=${() => go(toggled(route, row))}></button>
		<a class="mono" href=${toggled(route, row)}>${cut(row.source)}</a>
		${by === 'network' ? html`<a class="soft" href=${same(route, { by: null, within: row.network, open: null })}>${
			counted(row.addresses, 'address', 'addresses')}</a>`
		: row.network ? html`<a class="soft network" title="all of ${clean(row.network)}" aria-label="all of ${clean(row.network)}"
			href=${same(route, { within: row.network, open: null })}>/${clean(row.network.split('/')[1] ?? '')}</a>` : nothing}
	</span>`;
}

const count = (route, row, key, result, cls = '') => !row[key] ? html`<span class="zero">0</span>`
	: row.source === null ? number(row[key])
	: html`<a class=${cls} href=${behind(route, row, { result })}>${number(row[key])}</a>`;

const columns = (route, by) => [
	{ label: by === 'network' ? 'Network' : 'Source', sort: 'source', first: 'asc', cell: (row) => name(route, row, by) },
	{ label: 'Messages', sort: 'messages', cls: 'num', cell: (row) => count(route, row, 'messages', null, 'strong') },
	{ label: 'Outcome', sort: 'attention', cls: 'drawn', cell: (row) => classBar(row, 112),
		head: html`<span title="by messages that fail, and those that hang on one of the two">Outcome</span>` },
	{ label: 'Neither', sort: 'neither', cls: 'num', cell: (row) => count(route, row, 'neither', 'neither', 'bad') },
	...RATES.map(([key, label]) => ({ label, sort: key, first: 'asc', cls: 'num', cell: (row) => html`<a
		href=${behind(route, row, { result: without(row, key) })}>${rate(row[`${key}_percent`], key)}</a>` })),
	...['none', 'quarantine', 'reject'].map((key) => ({ label: key, cls: 'num wide', cell: (row) => row[key]
		? number(row[key]) : html`<span class="zero">0</span>` })),
	{ label: 'Seen', cls: 'num wide', cell: (row) => html`<span class="soft">${days(row.first_day, row.last_day)}</span>` },
];

function inside(route, slot, [, , params], row) {
	const { period } = slot.data ?? {};
	return html`<div class="inside">${shown(slot, (data) => html`
		${recordList(route, data, { within: row.source })}
		<p class="more">
			${data.total > data.rows.length ? html`<a href=${behind(route, row, { result: route.query.result })}>All
				${counted(data.total, 'record')}</a>` : nothing}
			<a href=${href(['reports'], { domain: params.domain, within: row.source, ...period })}>Reports behind these records</a>
			${route.query.by === 'network' ? html`<a href=${same(route, { by: null, within: row.source, open: null })}>Addresses
				of this network</a>` : nothing}
			${csv('records', params, data.total)}
		</p>`, { rows: params.limit, what: 'the records' })}</div>`;
}

const bySwitch = (route, by) => html`<div class="segments" role="group" aria-label="Rows are">
	<a href=${same(route, { by: null, open: null })} aria-current=${by === 'address' ? 'true' : nothing}>Addresses</a>
	<a href=${same(route, { by: 'network', open: null })} aria-current=${by === 'network' ? 'true' : nothing}>Networks</a>
</div>`;

const drawn = new WeakSet();      /* answers whose rows have been seen */

/** Rows that are there stay, and an opened one is filled in place; new ones come with what is open, so that none jumps. */
function complete({ rows, inside: below }, open) {
	const waits = below && below.data === undefined && !below.error && !drawn.has(rows.data) &&
		rows.data?.rows.some((row) => row.source === open);
	if (waits)
		return { ...rows, data: undefined };
	if (rows.data)
		drawn.add(rows.data);
	return rows;
}

export function sources(route, slots, wanted) {
	const { open } = route.query;
	const [, , params] = wanted.rows;
	const { by } = params;
	const slot = complete(slots, open);
	return html`<section aria-label="Sources">
		<div class="section-head">
			<p class="count" role="status">${slot.data ? counted(slot.data.total, by === 'network' ? 'network' : 'source') : ''}</p>
			${rowFilters(route, bySwitch(route, by))}
			${csv('sources', params, slot.data?.total)}
		</div>
		${shown(slot, (data) => data.rows.length ? html`${table({
			caption: 'Sources', columns: columns(route, by), rows: data.rows, key: (row) => row.source ?? '', route,
			sorted: params, cls: 'sources',
			opened: (row) => row.source !== null && row.source === open ? inside(route, slots.inside, wanted.inside, row) : null,
		})}${pager(route, data)}` : nothingHere(unfiltered(route) ?? 'No source has such messages in this period.', wayOut(route)), { rows: 10, what: 'the sources' })}
	</section>`;
}

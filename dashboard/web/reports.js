/* reports.js - the reports themselves, by any filter. */
import { html, nothing } from './lib/lit-html/lit-html.js';
import { useAll } from './data.js';
import { counted, day, lengthOf, number, time } from './format.js';
import { rate } from './classes.js';
import { periodControl } from './period.js';
import { go, href, same } from './router.js';
import { csv, nothingHere, pager, shown, table } from './table.js';
import { cut } from './text.js';
import { wants } from './wants.js';

const FIELDS = [
	['domain', 'Domain', 'example.org'],
	['reporter', 'Reporter', 'google.com'],
	['within', 'Address or network', '192.0.2.0/24'],
	['search', 'Report id', 'a part of it'],
];

function submit(event, route) {
	event.preventDefault();
	const given = Object.fromEntries([...new FormData(event.target)].map(([key, value]) => [key, value.trim()]));
	go(same(route, given));
}

const filters = (route) => html`<search><form class="filters boxed" @submit=${(event) => submit(event, route)}>
	${FIELDS.map(([key, name, hint]) => html`<label>${name}
		<input type="search" name=${key} placeholder=${hint} .value=${route.query[key] ?? ''} autocapitalize="none"
			spellcheck="false"></label>`)}
	<button class="button">Filter</button>
	${FIELDS.some(([key]) => route.query[key]) ? html`<a class="clear" href=${same(route,
		Object.fromEntries(FIELDS.map(([key]) => [key, null])))}>Clear</a>` : nothing}
</form></search>`;

export const reportLink = (row) => href(['report', row.domain, row.filed_on, row.report_key]);

/** Marks for what makes a report unlike the others. */
export const marks = (row) => html`${row.counted ? nothing : html`<span class="mark-tag bad"
		title="another revision of the same report counts in its place, or it lies outside the daily numbers">does not count</span>`}
	${row.quirks ? html`<span class="mark-tag" title="${counted(row.quirks, 'repair')} to read it">repaired</span>` : nothing}`;

function covers({ begin_at: begin, end_at: end }) {
	const [from, to] = [begin?.slice(0, 10), end?.slice(0, 10)];
	if (!begin || !end)
		return '–';
	const minutes = Math.round((Date.parse(end) - Date.parse(begin)) / 60000);
	const hours = Math.round(minutes / 60);
	return html`<span title="${time(begin)} to ${time(end)}">${minutes < 1 ? 'under 1 minute'
		: minutes < 60 ? counted(minutes, 'minute') : hours >= 23 && hours <= 25 ? '1 day'
		: hours < 48 ? counted(hours, 'hour') : counted(lengthOf(from, to), 'day')}</span>`;
}

const columns = (route) => [
	{ label: 'Day', sort: 'day', cell: (row) => html`<a class="strong" href=${reportLink(row)}>${row.day ? day(row.day)
		: html`<span title="begins ${time(row.begin_at)}">no day</span>`}</a>` },
	{ label: 'Domain', cls: 'half', cell: (row) => html`<a href=${same(route, { domain: row.domain })}>${cut(row.domain)}</a>` },
	{ label: 'Reporter', cls: 'half', cell: (row) => html`<a href=${same(route, { reporter: row.reporter })}>${cut(row.reporter)}</a>` },
	{ label: 'Report id', cls: 'ids full', cell: (row) => html`<a class="mono" href=${reportLink(row)}>${cut(row.report_id)}</a>` },
	{ label: 'Period', cell: covers },
	{ label: 'Records', sort: 'records', cls: 'num', cell: (row) => html`<a href=${reportLink(row)}>${number(row.records)}</a>` },
	{ label: 'Messages', sort: 'messages', cls: 'num', cell: (row) => html`<a href=${reportLink(row)}>${number(row.messages)}</a>` },
	{ label: 'DMARC %', cls: 'num', cell: (row) => rate(row.dmarc_percent, 'dmarc') },
	{ label: 'Marks', cls: 'marks half', cell: marks },
];

export function reports(route) {
	const wanted = wants(route);
	const [, , params] = wanted.reports;
	const { reports: slot, bounds } = useAll(wanted);
	return {
		title: 'Reports',
		body: html`<div class="page-head">
			<h1 tabindex="-1">Reports</h1>
			${periodControl(route, null, bounds.data?.last_day ?? null, { unbounded: true })}
		</div>
		${filters(route)}
		<section aria-label="Reports">
			<div class="section-head">
				<p class="count" role="status">${slot.data ? counted(slot.data.total, 'report') : ''}</p>
				${csv('reports', params, slot.data?.total)}
			</div>
			${shown(slot, (data) => data.rows.length ? html`${table({ caption: 'Reports', columns: columns(route), rows: data.rows,
				key: (row) => row.report_key, route, sorted: params, cls: 'reports' })}${pager(route, data)}`
				: nothingHere('No report is like that.'), { rows: 12, what: 'the reports' })}
		</section>`,
	};
}

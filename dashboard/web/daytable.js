/* daytable.js - the chart's days as a table: for who does not see the chart, or wants the figures. */
import { html, nothing } from './lib/lit-html/lit-html.js';
import { CLASSES } from './classes.js';
import { day, number, percent } from './format.js';
import { go, same } from './router.js';
import { csv, table } from './table.js';

const only = (route, { day: on }, more) => same(route, { from: on, to: on, table: null, open: null, ...more });

const columns = (route) => [
	{ label: 'Day', cell: (row) => html`<a href=${only(route, row)}>${day(row.day)}</a>` },
	{ label: 'Messages', cls: 'num', cell: (row) => row.reports ? number(row.messages) : 'no report' },
	...CLASSES.map(({ key, name }) => ({ label: name, cls: 'num', cell: (row) => row[key]
		? html`<a href=${only(route, row, { result: key })}>${number(row[key])}</a>` : number(row[key]) })),
	{ label: 'DMARC %', cls: 'num', cell: (row) => percent(row.dmarc_percent) },
	{ label: 'DKIM %', cls: 'num', cell: (row) => percent(row.dkim_percent) },
	{ label: 'SPF %', cls: 'num', cell: (row) => percent(row.spf_percent) },
	{ label: 'Reports', cls: 'num', cell: (row) => number(row.reports) },
];

export function dayTable(route, rows) {
	const open = route.query.table === '1';
	const toggled = (event) => {
		if (event.target.open !== open)
			go(same(route, { table: event.target.open ? 1 : null }), { replace: true });
	};
	return html`<details class="as-table" ?open=${open} @toggle=${toggled}>
		<summary>Show as table</summary>
		${open ? html`<div class="day-table">
			${csv('daily', { domain: route.params.domain, from: rows[0].day, to: rows.at(-1).day }, rows.length)}
			${table({ caption: 'Messages by day', columns: columns(route), rows: rows.toReversed(), key: (row) => row.day, route })}
		</div>` : nothing}
	</details>`;
}

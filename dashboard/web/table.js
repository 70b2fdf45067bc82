/* table.js - tables: their heads, rows, pages and CSV links, and what stands there until the rows have come. */
import { html, nothing } from './lib/lit-html/lit-html.js';
import { repeat } from './lib/lit-html/directives/repeat.js';
import { address } from './api.js';
import { counted, number } from './format.js';
import { same } from './router.js';

export const PAGE = 100;
const CSV_ROWS = 100000;

/** @typedef {{head: *, label: string, sort?: string, first?: 'asc'|'desc', cls?: string, cell: function}} Column */

function heading(column, route, sorted) {
	const { head, label, sort, cls = '', first = 'desc' } = column;
	if (!sort)
		return html`<th scope="col" class=${cls}>${head ?? label}</th>`;
	const now = sorted.sort === sort;
	const turned = sorted.order === 'asc' ? 'desc' : 'asc';
	const order = now ? turned : first;
	return html`<th scope="col" class="${cls} sortable" aria-sort=${now ? `${sorted.order}ending` : nothing}>
		<a href=${same(route, { sort, order })} title="sort by ${label}">${head ?? label}<span class="arrow"
			aria-hidden="true"></span></a></th>`;
}

/**
 * @param columns Column[]; the first one names the row
 * @param key     row → what tells rows apart
 * @param sorted  {sort, order} as they are now
 * @param opened  row → what stands below it, or null
 */
export function table({ caption, columns, rows, key, route, sorted = {}, opened = () => null, cls = '' }) {
	const one = (row) => {
		const below = opened(row);
		return html`<tr class=${below ? 'is-open' : ''}>${columns.map(({ cell, label, cls: own = '' }, i) => (i
			? html`<td class=${own} data-label=${label}>${cell(row)}</td>`
			: html`<th scope="row" class="lead ${own}">${cell(row)}</th>`))}</tr>
			${below ? html`<tr class="below"><td colspan=${columns.length}>${below}</td></tr>` : nothing}`;
	};
	return html`<div class="table-box"><table class=${cls}>
		<caption class="sr">${caption}</caption>
		<thead><tr>${columns.map((column) => heading(column, route, sorted))}</tr></thead>
		<tbody>${repeat(rows, key, one)}</tbody>
	</table></div>`;
}

/** An error; the same question will not be answered better another time where it was refused. */
const problem = ({ error, retry }) => html`<div class="problem" role="alert">
	<p>${error.message}</p>
	${error.refused ? nothing : html`<button type="button" class="button" @click=${retry}>Try again</button>`}
</div>`;

/**
 * What a page shows of an answer: a place held for it, its error, or itself. What is being tried again by itself
 * is told once, above the page.
 */
export function shown(slot, view, { rows = 6, what = 'this' } = {}) {
	const wrong = slot.error && !slot.error.passing ? problem(slot) : nothing;
	if (slot.data === undefined) {
		return wrong !== nothing ? wrong : html`<div class="skeleton" role="status">
			<span class="sr">Loading ${what}</span>
			${Array.from({ length: rows }, () => html`<div class="bone"></div>`)}
		</div>`;
	}
	return html`${wrong}<div class=${slot.stale ? 'stale' : ''} aria-busy=${slot.stale ? 'true' : 'false'}>${view(slot.data)}</div>`;
}

/** In place of a page whose domain or report is not there. */
export const gone = (sentence) => html`<div class="nothing" role="alert">
	<p>${sentence}</p>
	<p><a href="/">To the overview</a></p>
</div>`;

export const nothingHere = (sentence, more = nothing) => html`<div class="nothing"><p>${sentence}</p>${more}</div>`;

export function csv(path, params, total) {
	if (total > CSV_ROWS)
		return html`<span class="hint">Too many rows for one CSV: filter first</span>`;
	return html`<a class="csv" download href=${address(`${path}.csv`, { ...params, after: null, limit: null })}
		title="${counted(total, 'row')} as CSV">CSV</a>`;
}

/**
 * Which rows these are, and the way to the others. `after` leads forward only: the way back is remembered in the
 * history entry, and leads to the first rows where there is none.
 */
export function pager(route, data, limit = PAGE) {
	const { after, page } = route.query;
	const at = Math.max(1, Number(page) || 1);
	const trail = history.state?.trail ?? [];
	const first = (at - 1) * limit + 1;
	if (!after && data.next === null)
		return nothing;
	const next = same(route, { after: data.next, page: at + 1, open: null });
	const back = trail.length ? same(route, { after: trail.at(-1), page: at > 2 ? at - 1 : null, open: null }) : null;
	return html`<nav class="pager" aria-label="Pages">
		<span>${number(first)}–${number(first + data.rows.length - 1)} of ${number(data.total)}</span>
		${after ? html`<a class="button" href=${same(route, { open: null })}>First</a>` : nothing}
		${back ? html`<a class="button" href=${back} .state=${{ trail: trail.slice(0, -1) }}>Back</a>` : nothing}
		${data.next !== null ? html`<a class="button" href=${next}
			.state=${{ trail: [...trail, after ?? ''] }}>Next</a>` : nothing}
	</nav>`;
}

/* records.js - records: what a reporter said about messages that are alike, and why they did not pass. */
import { html, nothing } from './lib/lit-html/lit-html.js';
import { classOf, swatch, verdict } from './classes.js';
import { counted, days, number } from './format.js';
import { rowFilters, unfiltered, wayOut } from './filters.js';
import { href, kept } from './router.js';
import { csv, nothingHere, pager, shown, table } from './table.js';
import { cut, text } from './text.js';

const SENTENCE = 400;      /* characters: why a record did not pass, in full unless a name in it is monstrous */

const tone = (result) => result === 'pass' ? 'r-pass' : result === null ? 'r-none' : 'r-other';

const signature = ({ domain, selector, result, human_result: human, raw_result: raw }) => html`<li>
	<span class="result ${tone(result)}">${cut(result ?? raw ?? '?')}</span>
	<span class="k">d=</span>${text(domain)}
	${selector === null ? nothing : html`<span class="k">s=</span>${text(selector)}`}
	${human ? html`<span class="soft">${text(human)}</span>` : nothing}</li>`;

const spfCheck = ({ domain, scope, result, human_result: human, raw_result: raw }) => html`<li>
	<span class="result ${tone(result)}">${cut(result ?? raw ?? '?')}</span>
	${text(domain)} ${scope ? html`<span class="soft">${text(scope)}</span>` : nothing}
	${human ? html`<span class="soft">${text(human)}</span>` : nothing}</li>`;

const results = (list, one) => list.length ? html`<ul class="results">${list.map(one)}</ul>` : html`<span class="none">none</span>`;

const sealed = ({ verdict: result, hops, sealer, source }) => html`<p class="soft">ARC ${result}${hops ? html`, ${
	counted(hops, 'hop')}, sealed by ${text(sealer)}` : nothing}${source ? html`, from ${text(source)}` : nothing}</p>`;

const reason = (effective) => ({ type, comment, arc }) => html`<li><span class="result r-none">${cut(type ?? 'other')}</span>
	${type && type === effective ? html`<b>overrode the policy</b>` : nothing}
	${comment ? text(comment) : nothing}${arc ? sealed(arc) : nothing}</li>`;

/** What follows from the raw results, where the reporter says otherwise. */
const recomputed = (row, name, key) => row[`${key}_recomputed`] && row[`${key}_aligned`] !== row[`${key}_recomputed`]
	? html`<span class="result r-other" title="by the results: ${row.recomputed_by}">${name} recomputed: ${row[`${key}_recomputed`]}</span>` : nothing;

/** Columns that records have wherever they are shown; `behind` is the way to what they were put together from. */
export const recordColumns = (behind) => [
	{ label: 'Messages', cls: 'num', cell: (row) => behind ? html`<a class="strong" href=${behind(row)}>${number(row.messages)}</a>`
		: html`<b>${number(row.messages)}</b>` },
	{ label: 'What happened', cls: 'why', cell: (row) => html`<p class="verdicts">${swatch(classOf(row))}
			${verdict('DKIM', row.dkim_aligned)} ${verdict('SPF', row.spf_aligned)}
			${recomputed(row, 'DKIM', 'dkim')} ${recomputed(row, 'SPF', 'spf')}</p>
		<p>${text(row.why, 'Both pass, aligned.', SENTENCE)}</p>` },
	{ label: 'From', cls: 'names', cell: (row) => html`<p>${text(row.header_from)}</p>
		<p class="soft">envelope ${text(row.envelope_from, 'not said')}</p>
		${row.envelope_to ? html`<p class="soft">to ${text(row.envelope_to)}</p>` : nothing}` },
	{ label: 'DKIM', cls: 'names keys', cell: (row) => results(row.dkim, signature) },
	{ label: 'SPF', cls: 'names', cell: (row) => results(row.spf, spfCheck) },
	{ label: 'Disposition', cell: (row) => html`<p>${text(row.disposition ?? row.raw_disposition, 'unknown')}</p>
		${row.reasons.length ? html`<ul class="results">${row.reasons.map(reason(row.effective_override))}</ul>` : nothing}` },
];

const reported = (route) => ({ label: 'Reporter', cls: 'names', cell: (row) => html`<p>${cut(row.reporter)}</p>
	<p class="soft">${days(row.first_day, row.last_day)}</p>
	<p class="soft">${counted(row.records, 'record')}${row.addresses === 1 ? nothing
		: row.addresses === 0 ? ', no readable address' : html`, <a
		href=${href(['domain', route.params.domain], { ...kept(route), within: route.query.within, result: classOf(row) }, 'sources')}>${
		counted(row.addresses, 'address', 'addresses')}</a>`}</p>` });

/** Records as the API puts them together, with a link from each to the reports that said so. */
export function recordList(route, data, { within }) {
	const behind = (row) => href(['reports'], { domain: route.params.domain, within, reporter: row.reporter,
		from: row.first_day, to: row.last_day });
	return table({ caption: 'Records, put together where they say the same', columns: [...recordColumns(behind), reported(route)],
		rows: data.rows, key: (row) => JSON.stringify(row), route, cls: 'records' });
}

export function records(route, { rows: slot }, { rows: [, , params] }) {
	const { within } = params;
	return html`<section aria-label="Records">
		<div class="section-head">
			<p class="count" role="status">${slot.data ? counted(slot.data.total, 'row') : ''}</p>
			${rowFilters(route)}
			${csv('records', params, slot.data?.total)}
		</div>
		${shown(slot, (data) => data.rows.length ? html`${recordList(route, data, { within })}${pager(route, data)}`
			: nothingHere(unfiltered(route) ?? 'No record says such a thing in this period.', wayOut(route)), { rows: 10, what: 'the records' })}
	</section>`;
}

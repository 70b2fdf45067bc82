/* filters.js - the filters of a domain's rows: what they are now, and each one's way out. */
import { html, nothing } from './lib/lit-html/lit-html.js';
import { RESULTS } from './classes.js';
import { go, same } from './router.js';
import { clean } from './text.js';

const change = (route, key) => (event) => go(same(route, { [key]: event.target.value.trim(), open: null }));

function submit(event, route) {
	event.preventDefault();
	const within = new FormData(event.target).get('within').trim();
	if (within !== (route.query.within ?? ''))
		go(same(route, { within, open: null }));
}

const chip = (route, key, words) => route.query[key] ? html`<a class="chip" href=${same(route, { [key]: null, open: null })}
	aria-label="Remove the filter: ${words} ${clean(route.query[key])}">${words} <bdi>${clean(route.query[key])}</bdi> <span
	aria-hidden="true">✕</span></a>` : nothing;

const NAMES = ['result', 'within', 'selector', 'reporter'];
const filtered = (route) => NAMES.some((key) => route.query[key]);

/** What to say of no rows where no filter is the reason; null where one may be. */
export const unfiltered = (route) => filtered(route) ? null : 'No messages in this period.';

export const wayOut = (route) => filtered(route) ? html`<p><a href=${same(route,
	{ ...Object.fromEntries(NAMES.map((key) => [key, null])), open: null })}>Without the filters</a></p>` : nothing;

/** The result and source filters, and a chip for each other one that came by a link. */
export const rowFilters = (route, more = nothing) => html`<search><form class="filters" @submit=${(event) => submit(event, route)}>
	${more}
	<label><span class="sr">Which messages</span>
		<select @change=${change(route, 'result')}>
			<option value="" ?selected=${!route.query.result}>All messages</option>
			${[...RESULTS].map(([key, words]) => html`<option value=${key} .selected=${route.query.result === key}>${words}</option>`)}
		</select></label>
	<label><span class="sr">Address or network</span>
		<input type="search" name="within" placeholder="Address or network" .value=${route.query.within ?? ''}
			autocapitalize="none" spellcheck="false" @change=${change(route, 'within')}></label>
	${chip(route, 'selector', 'selector')}${chip(route, 'reporter', 'reporter')}
</form></search>`;

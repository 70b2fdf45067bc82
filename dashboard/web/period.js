/* period.js - the period, the same on every page: presets up to the newest day, steps, and two date inputs. */
import { html, nothing } from './lib/lit-html/lit-html.js';
import { live } from './lib/lit-html/directives/live.js';
import { addDays, days, isDay, lengthOf } from './format.js';
import { go, same } from './router.js';
import { menu } from './menu.js';

const PRESETS = [[7, '7 days'], [30, '30 days'], [90, '90 days'], [365, '1 year']];

/**
 * The presets of a page. Thirty days are what the server answers when it is asked for no period: that link
 * names none, so that it still means the newest days tomorrow.
 */
function presets(route, newest, current, unbounded) {
	const made = PRESETS.map(([count, name]) => {
		const from = newest && addDays(newest, 1 - count);
		const bare = count === 30 && !unbounded;
		return {
			name,
			url: newest && same(route, bare ? { from: null, to: null } : { from, to: newest }),
			chosen: newest !== null && current?.from === from && current.to === newest,
		};
	});
	if (unbounded)
		made.push({ name: 'All', url: same(route, { from: null, to: null }), chosen: current === null });
	return made;
}

function submit(event, route) {
	event.preventDefault();
	const given = new FormData(event.target);
	let [from, to] = [given.get('from'), given.get('to')];
	if (from && to && from > to)
		[from, to] = [to, from];
	event.target.closest('.menu')?.querySelector('button')?.focus();
	go(same(route, { from, to, open: null }));
}

const form = (route, current) => html`<form class="stack" @submit=${(event) => submit(event, route)}>
	<label>From <input type="date" name="from" required .value=${live(current?.from ?? '')}></label>
	<label>To, inclusive <input type="date" name="to" required .value=${live(current?.to ?? '')}></label>
	<p class="hint">Days are UTC.</p>
	<button class="button primary">Show this period</button>
</form>`;

function step(route, current, newest, direction) {
	const name = direction < 0 ? 'Period before' : 'Period after';
	const sign = direction < 0 ? '‹' : '›';
	const length = current && lengthOf(current.from, current.to);
	if (!current || (direction > 0 && current.to >= newest))
		return html`<span class="step off" role="link" aria-disabled="true" aria-label=${name}>${sign}</span>`;
	const from = addDays(current.from, direction * length);
	return html`<a class="step" aria-label=${name} title=${name}
		href=${same(route, { from, to: addDays(from, length - 1), open: null })}>${sign}</a>`;
}

/**
 * @param period    as an answer said it, or null before that
 * @param newest    the newest day there is, or null
 * @param unbounded whether no period means all there is, and not the newest thirty days
 */
export function periodControl(route, period, newest, { unbounded = false } = {}) {
	const { from, to } = route.query;
	const asked = isDay(from) && isDay(to) ? { from, to } : null;
	const current = asked ?? (period?.from && !unbounded ? period : null);
	const label = current ? days(current.from, current.to)
		: unbounded && (isDay(from) || isDay(to)) ? (isDay(from) ? `since ${days(from, from)}` : `until ${days(to, to)}`)
		: unbounded ? 'All days' : 'Newest 30 days';
	return html`<div class="period" role="group" aria-label="Period">
		<div class="segments">
			${presets(route, newest, current, unbounded).map(({ name, url, chosen }) => html`<a href=${url ?? nothing}
				aria-current=${chosen ? 'true' : nothing}>${name}</a>`)}
		</div>
		<div class="steps">
			${step(route, current, newest, -1)}
			${menu('period', html`<span class="period-label">${label}</span>`, form(route, current), { label: `Period: ${label}. Change it` })}
			${step(route, current, newest, 1)}
		</div>
	</div>`;
}

/*
 * attention.js - what one should look at first, in sentences. Each is read off the answers and nothing else, and
 * leads to the rows that say so.
 */
import { html, noChange, nothing } from './lib/lit-html/lit-html.js';
import { failing } from './classes.js';
import { addDays, counted, day, lengthOf, number, percent } from './format.js';
import { href, kept } from './router.js';
import { name } from './text.js';

const SHOWN = 3;           /* of one kind; the rest is a link away */
const ALONE_PERCENT = 95;  /* a sender passes by one of the two, */
const OTHER_PERCENT = 5;   /* and hardly ever by the other */
const SHARE = 0.01;        /* of the domain's messages: less is no sender worth an evening */

const passed = (days) => {
	const messages = days.reduce((sum, one) => sum + one.messages, 0);
	return messages ? days.reduce((sum, one) => sum + one.pass, 0) / messages * 100 : null;
};

/**
 * The keys that broke. Reporters that name no selector tell of the same key as those that do: it is left out
 * where a named one of that domain broke on the day.
 */
export function broken(keys) {
	const found = keys?.rows.filter((key) => key.broke_on) ?? [];
	return found.filter((key) => key.selector !== null || !found.some((other) => other.selector !== null &&
		other.dkim_domain === key.dkim_domain && other.broke_on === key.broke_on));
}

/** A selector whose signatures stopped being valid: how many passed before and since. */
function broke(route, key) {
	const since = passed(key.daily.filter((one) => one.day >= key.broke_on));
	const before = passed(key.daily.filter((one) => one.day < key.broke_on));
	/* In the same period: seen from the day it broke on, it would look as if it had never worked. */
	const link = href(['domain', route.params.domain], { ...kept(route), tab: 'selectors' }, 'sources');
	return { tone: 'bad', link, text: html`DKIM selector ${key.selector === null ? '(not named)' : html`<b>${name(key.selector)}</b>`}
		of ${name(key.dkim_domain)} <b>broke on ${day(key.broke_on)}</b>: ${since ? html`${percent(since)} %` : 'none'} of its
		signatures are valid since then${before === null ? nothing : html`, ${percent(before)} % were before`}.` };
}

const inNetwork = (route, row, result) => href(['domain', route.params.domain],
	{ ...kept(route), by: 'network', within: row.network, open: row.network, result }, 'sources');

/** Who passes neither, and what the published policy does about it. */
function forged(route, sums, worst) {
	const count = failing(sums);
	if (!count)
		return [];
	const nobody = sums.dmarc_pass === 0 && sums.policy?.p !== 'reject';
	const named = worst.rows.filter((row) => row.network && failing(row) > 1);
	const fate = sums.policy?.p === 'reject' ? html`receivers refused ${number(sums.reject)}`
		: html`with p=reject receivers would refuse them`;
	return [{
		tone: 'bad',
		link: href(['domain', route.params.domain], { ...kept(route), result: 'no_dmarc', by: 'network' }, 'sources'),
		text: html`<b>${counted(count, 'message')} (${percent(count / sums.messages * 100)} %)</b> from ${counted(worst.total, 'network')}
			pass neither DKIM nor SPF: forged, forwarded or forgotten; ${fate}.${nobody
				? ' None passes: if nobody sends as this domain, p=reject is right for it.' : ''}${named.length ? html` The largest:
			${named.map((row, i) => html`${i ? ', ' : ''}<a href=${inNetwork(route, row, 'no_dmarc')}>${name(row.network)}</a>
				<span class="soft">(${number(failing(row))})</span>`)}.` : nothing}`,
	}];
}

/** A service that signs but is not in SPF, or the other way round: one of the two protects all its mail. */
function alone(route, sums, networks, one, other, words) {
	const found = networks.rows.filter((row) => row.network && row.messages >= sums.messages * SHARE &&
		row[`${one}_percent`] >= ALONE_PERCENT && row[`${other}_percent`] <= OTHER_PERCENT);
	return found.slice(0, SHOWN).map((row) => ({
		tone: one, link: inNetwork(route, row, `${one}_only`),
		text: html`<b>${name(row.network)}</b> passes by <b>${words}</b>: of ${counted(row.messages, 'message')}
			${row[`${other}_aligned`] ? `${percent(row[`${other}_percent`])} %` : 'none'} has aligned ${other === 'spf' ? 'SPF' : 'DKIM'}.`,
	}));
}

/** The end of the period without any report: they have stopped coming, and the rates are about the past. */
function silent(sums) {
	const { last_day: last, period } = sums;
	if (!last || last < period.from || last >= addDays(period.to, -2))
		return [];
	return [{ tone: 'plain', link: null, text: html`<b>No report tells of the last ${counted(lengthOf(last, period.to) - 1, 'day')}</b>:
		the newest day is ${day(last)}.` }];
}

const item = ({ tone, text, link }) => html`<li class=${`a-${tone}`}>${text}
	${link ? html`<a class="go" href=${link}>Show</a>` : nothing}</li>`;

/**
 * While one of its answers is still about another period, it stays as it was, dimmed: a sentence made of two
 * periods would be wrong.
 * @param slots {summary, keys, largest, worst}, as use() gives them
 */
export function attention(route, slots) {
	const all = Object.values(slots);
	const ready = all.every((slot) => slot.data && !slot.stale);
	const waiting = all.every((slot) => slot.data);
	const sums = slots.summary.data;
	const found = !ready ? [] : [
		...broken(slots.keys.data).slice(0, SHOWN).map((key) => broke(route, key)),
		...forged(route, sums, slots.worst.data),
		...alone(route, sums, slots.largest.data, 'dkim', 'spf', 'DKIM alone'),
		...alone(route, sums, slots.largest.data, 'spf', 'dkim', 'SPF alone, which forwarding breaks'),
		...silent(sums),
	];
	const calm = () => html`<p class="soft">${sums.messages
		? 'Nothing: no selector broke, and no large sender hangs on DKIM or SPF alone.' : 'No messages in this period.'}</p>`;
	const bones = html`<div class="bone"></div><div class="bone"></div><div class="bone"></div>`;
	return html`<section class="attention" aria-labelledby="attention"><div class=${waiting && !ready ? 'stale' : ''}>
		<h2 id="attention">What needs attention</h2>
		${ready ? found.length ? html`<ul>${found.map(item)}</ul>` : calm() : waiting ? noChange : bones}
	</div></section>`;
}

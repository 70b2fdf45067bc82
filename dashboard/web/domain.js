/* domain.js - one domain: its policy, its days, what needs attention, and the tabs with the rows behind them. */
import { html, nothing } from './lib/lit-html/lit-html.js';
import './chart.js';
import { attention, broken } from './attention.js';
import { CLASSES, isAmong, swatch } from './classes.js';
import { useAll } from './data.js';
import { dayTable } from './daytable.js';
import { counted, day, number, percent } from './format.js';
import { periodControl } from './period.js';
import { records } from './records.js';
import { go, href, kept, same } from './router.js';
import { selectors } from './selectors.js';
import { sources } from './sources.js';
import { gone, shown } from './table.js';
import { clean, cut } from './text.js';
import { tiles, tilesPlace } from './tiles.js';
import { wants } from './wants.js';

const TABS = [
	['sources', 'Sources', sources],
	['selectors', 'DKIM selectors', selectors],
	['records', 'Records', records],
];

const tag = (name, value) => value === null || value === undefined ? nothing
	: html`<span class="tag"><b>${name}</b> ${clean(value)}</span>`;

const policyLine = ({ policy, first_day: first, last_report_at: last }) => html`<p class="page-facts">
	${policy ? html`${['p', 'sp', 'np', 'adkim', 'aspf', 'pct', 'fo'].map((name) => tag(name, policy[name]))}
		${/^y/i.test(policy.testing ?? '') ? tag('t', 'y') : nothing}
		<span>as ${cut(policy.reporter, 'a reporter')} saw it published on ${day(policy.seen_on)}</span>`
		: html`<span>No report says which policy is published.</span>`}
	<span>Reports since ${day(first)}, the last on ${day(last)}</span>
</p>`;

const lineKey = (hue) => html`<svg width="18" height="8" aria-hidden="true"><path class="k-${hue}" d="M0 4H18"></path></svg>`;

/** The legend is the filter: each class leads to its sources, and a second press to all of them again. */
const legend = (route, sums) => html`<ul class="legend" aria-label="Messages by what passes">
	${CLASSES.filter(({ key }) => sums[key] || key !== 'unknown').map(({ key, name }) => {
		const chosen = route.query.result === key;
		return html`<li><a class=${isAmong(key, route.query.result) ? '' : 'faded'} aria-current=${chosen ? 'true' : nothing}
			href=${same(route, { result: chosen ? null : key, open: null })}>${swatch(key)} ${name}
			<b>${number(sums[key])}</b>
			${sums.messages ? html`<span class="soft">${percent(sums[key] / sums.messages * 100)} %</span>` : nothing}</a></li>`;
	})}
	<li class="lines">${lineKey('dkim')} DKIM rate ${lineKey('spf')} SPF rate</li>
</ul>`;

function chart(route, sums, daily, keys) {
	const { rows } = daily;
	const unknown = rows.filter((row) => !row.reports).length;
	const pick = (on, result) => go(same(route, { from: on, to: on, open: null, result: result ?? route.query.result }));
	const broke = [...Map.groupBy(keys, (key) => key.broke_on)].map(([on, list]) => ({ day: on,
		label: `${list.map((key) => clean(key.selector ?? 'a key').slice(0, 24)).join(', ')} broke` }));
	const data = {
		rows, result: route.query.result, onPick: pick,
		marks: broke,
		onRange: (from, to) => go(same(route, { from, to, open: null })),
	};
	return html`<section class="chart-box" aria-labelledby="days">
		<h2 id="days" class="sr">Days</h2>
		${legend(route, sums)}
		<div role="img" aria-label="Messages by day, stacked by what passes, with DKIM and SPF pass rates. ${counted(rows.length, 'day')},
			${counted(sums.messages, 'message')}, ${percent(sums.dmarc_percent)} % pass DMARC, ${percent(sums.dkim_percent)} % DKIM,
			${percent(sums.spf_percent)} % SPF. The same as a table stands below.">
			<daily-chart .data=${data}></daily-chart></div>
		<div class="chart-foot">
			<p class="hint">${unknown ? html`<span class="gap-key"></span> ${counted(unknown, 'day')} without any report:
				unknown, not empty. ` : nothing}
				<span class="for-mouse">Drag to choose days; click for one day and class.</span></p>
			${dayTable(route, rows)}
		</div>
	</section>`;
}

function tabs(route) {
	const chosen = route.query.tab ?? 'sources';
	const { from, to, result, within } = route.query;
	return html`<nav class="tabs" aria-label="Rows of this domain">
		${TABS.map(([key, name]) => html`<a aria-current=${chosen === key ? 'page' : nothing}
			href=${href(['domain', route.params.domain], { from, to, result, within, tab: key === 'sources' ? null : key })}>${name}</a>`)}
		<a href=${href(['reports'], { domain: route.params.domain, within, from, to })}>Reports</a>
	</nav>`;
}

export function domain(route) {
	const name = route.params.domain;
	const wanted = wants(route);
	const slots = useAll(wanted);
	const { summary, daily, keys, largest, worst } = slots;
	if (summary.error?.status === 404) {
		return { title: clean(name), body: html`<div class="page-head"><h1 tabindex="-1">${cut(name)}</h1></div>
			${gone('No report ever told of this domain.')}` };
	}
	const [, , tab] = TABS.find(([key]) => key === route.query.tab) ?? TABS[0];
	const below = (query) => href(['domain', name], { ...kept(route), ...query }, 'sources');
	return {
		title: clean(name),
		body: html`<div class="page-head">
			<div><p class="crumb"><a href=${href([], kept(route))}>Overview</a></p>
				<h1 tabindex="-1">${cut(name)}</h1></div>
			${periodControl(route, summary.data?.period ?? null, summary.data?.last_day ?? null)}
		</div>
		${summary.data || summary.error ? shown(summary, (sums) => html`${policyLine(sums)}
			${tiles(sums, daily.stale === summary.stale ? daily.data?.rows : null, {
				messages: below({ tab: 'records' }), dmarc: below({ result: 'no_dmarc' }),
				dkim: below({ result: 'no_dkim' }), spf: below({ result: 'no_spf' }),
			})}`) : html`<p class="page-facts"></p>${tilesPlace}`}
		<div class="look">
			${summary.data && (daily.data || daily.error) ? shown(daily, (data) => chart(route, summary.data, data, broken(keys.data)))
				: html`<div class="chart-box"></div>`}
			${attention(route, { summary, keys, largest, worst })}
		</div>
		<div id="sources">${tabs(route)}${tab(route, slots, wanted)}</div>`,
	};
}

/* sparkline.js - the days of a row, small: bars of messages with their failing part, or a line of rates. */
import { html, svg, nothing } from './lib/lit-html/lit-html.js';
import { addDays, lengthOf } from './format.js';

const MAX_BARS = 60;
const MIN_DAYS = 3;      /* fewer draw nothing that the number beside it does not say */

/** Days put together so that a bar stays wide enough to be seen. */
function buckets(daily, period, most) {
	const count = lengthOf(period.from, period.to);
	const each = Math.ceil(count / most);
	const made = Array.from({ length: Math.ceil(count / each) }, () => ({ messages: 0, bad: 0, seen: false }));
	for (const { day, messages, bad } of daily) {
		const at = made[Math.floor((lengthOf(period.from, day) - 1) / each)];
		if (!at)
			continue;
		at.messages += messages;
		at.bad += bad;
		at.seen = true;
	}
	return { made, each };
}

const fixed = (value) => Math.round(value * 100) / 100;

/**
 * Bars from zero; what failed hangs from the top of each, where the eye is.
 * @param daily {day, messages, bad} of the days there are
 * @param mark  a day to be marked by a line, or null
 */
export function bars(daily, period, { width = 120, height = 28, mark = null, label } = {}) {
	if (!period?.from || lengthOf(period.from, period.to) < MIN_DAYS)
		return nothing;
	const { made, each } = buckets(daily, period, MAX_BARS);
	const highest = Math.max(1, ...made.map((one) => one.messages));
	const step = width / made.length;
	const wide = Math.max(0.8, step - (step > 3 ? 1 : 0.3));
	let good = '';
	let bad = '';
	made.forEach((one, i) => {
		if (!one.messages)
			return;
		const x = fixed(i * step);
		const whole = Math.max(1, one.messages / highest * height);
		const failed = one.bad ? Math.max(1, one.bad / one.messages * whole) : 0;
		good += `M${x} ${height}h${fixed(wide)}V${fixed(height - whole + failed)}h-${fixed(wide)}z`;
		if (failed)
			bad += `M${x} ${fixed(height - whole + failed)}h${fixed(wide)}V${fixed(height - whole)}h-${fixed(wide)}z`;
	});
	const at = mark ? fixed(Math.floor((lengthOf(period.from, mark) - 1) / each) * step) : null;
	return html`<svg class="spark" width=${width} height=${height} viewBox="0 0 ${width} ${height}"
		preserveAspectRatio="none" role="img"
		aria-label=${label}>
		<path class="ground" d="M0 ${height - 0.5}H${width}"></path>
		<path class="good" d=${good}></path><path class="bad" d=${bad}></path>
		${at === null || at < 0 ? nothing : svg`<path class="mark" d="M${at} 0V${height}"></path>`}
	</svg>`;
}

/** A rate from 0 to 100 %; a day without one is a gap. */
export function line(points, period, { width = 150, height = 40, hue = 'dmarc', label } = {}) {
	if (!period?.from || lengthOf(period.from, period.to) < MIN_DAYS)
		return nothing;
	const count = lengthOf(period.from, period.to);
	const rates = new Map(points.map(({ day, value }) => [day, value]));
	const step = width / Math.max(1, count - 1);
	let path = '';
	let area = '';
	let run = [];
	const flush = () => {
		if (run.length) {
			const ends = run.length === 1 ? [run[0], [run[0][0] + 2, run[0][1]]] : run;
			path += `M${ends.map((point) => point.map(fixed).join(' ')).join('L')}`;
			area += `M${fixed(ends[0][0])} ${height}L${ends.map((point) => point.map(fixed).join(' ')).join('L')}` +
				`L${fixed(ends.at(-1)[0])} ${height}z`;
		}
		run = [];
	};
	for (let i = 0; i < count; i++) {
		const value = rates.get(addDays(period.from, i)) ?? null;
		if (value === null)
			flush();
		else
			run.push([i * step, 1.5 + (100 - value) / 100 * (height - 2.5)]);
	}
	flush();
	return html`<svg class="spark l-${hue}" width=${width} height=${height} viewBox="0 0 ${width} ${height}"
		preserveAspectRatio="none" role="img"
		aria-label=${label}>
		<path class="ground" d="M0 ${height - 0.5}H${width}"></path>
		<path class="area" d=${area}></path><path class="line" d=${path}></path>
	</svg>`;
}

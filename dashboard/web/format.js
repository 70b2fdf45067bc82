/* format.js - numbers, percentages and days as the pages write them: English, UTC. */
import { html } from './lib/lit-html/lit-html.js';

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const DAY_MS = 86400000;
const whole = new Intl.NumberFormat('en');
const tenth = new Intl.NumberFormat('en', { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const rough = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });

const absent = (value) => value === null || value === undefined;

export const number = (value) => absent(value) ? '–' : whole.format(value);
export const compact = (value) => absent(value) ? '–' : (value < 10000 ? whole : rough).format(value);

/** "86.6"; the sign stands in the column's head or beside it. */
export const percent = (value) => absent(value) ? '–' : tenth.format(value);

export const counted = (value, one, many = `${one}s`) => `${number(value)} ${value === 1 ? one : many}`;

/** "+2.1", "−75.4", "0.0", with a true minus sign. */
export function signed(value, digits = tenth) {
	if (absent(value))
		return '–';
	const sign = value > 0 ? '+' : value < 0 ? '−' : '';
	return sign + digits.format(Math.abs(value));
}

/** A difference of percentages, coloured by whether it is better. */
export function change(value, unit = '') {
	if (absent(value))
		return html`<span class="change" title="nothing to compare with in the period before">–</span>`;
	const tone = value > 0 ? 'better' : value < 0 ? 'worse' : 'same';
	return html`<span class="change ${tone}" title="against the period before">${signed(value)}${unit}</span>`;
}

/** More messages are neither better nor worse. */
export function changePlain(value) {
	if (absent(value))
		return html`<span class="change" title="nothing to compare with in the period before">–</span>`;
	return html`<span class="change same" title="against the period before">${signed(value)} %</span>`;
}

/** "2026-11-20" as "20 Nov 2026". */
export function day(iso) {
	if (absent(iso))
		return '–';
	const [year, month, date] = iso.slice(0, 10).split('-');
	return `${Number(date)} ${MONTHS[Number(month) - 1]} ${year}`;
}

/** "20 Nov", where the year stands beside it. */
export const dayShort = (iso) => absent(iso) ? '–' : day(iso).slice(0, -5);

/** "22 Oct – 20 Nov 2026", saying the year, and a day, once where once is enough. */
export function days(from, to) {
	if (absent(from) || absent(to))
		return '–';
	if (from === to)
		return day(from);
	return `${from.slice(0, 4) === to.slice(0, 4) ? dayShort(from) : day(from)} – ${day(to)}`;
}

export const time = (iso) => absent(iso) ? '–' : `${day(iso)}, ${iso.slice(11, 16)} UTC`;

export function bytes(value) {
	if (absent(value))
		return '–';
	if (value < 1000)
		return `${value} bytes`;
	return value < 1e6 ? `${tenth.format(value / 1e3)} kB` : `${tenth.format(value / 1e6)} MB`;
}

const epoch = (iso) => Date.parse(`${iso}T00:00:00Z`);

export const addDays = (iso, count) => new Date(epoch(iso) + count * DAY_MS).toISOString().slice(0, 10);

/** How many days a period has, both ends included. */
export const lengthOf = (from, to) => Math.round((epoch(to) - epoch(from)) / DAY_MS) + 1;

/** Whether a text is a day that exists; the URL can say anything. */
export const isDay = (iso) => /^\d{4}-\d\d-\d\d$/.test(iso ?? '') && !Number.isNaN(epoch(iso));

/* classes.js - the five classes of messages: their names, order and drawing, the same everywhere. */
import { html, svg, nothing } from './lib/lit-html/lit-html.js';
import { number, percent } from './format.js';

/** In the order they are stacked, from the ground up. */
export const CLASSES = [
	{ key: 'both', name: 'DKIM and SPF' },
	{ key: 'dkim_only', name: 'DKIM only' },
	{ key: 'spf_only', name: 'SPF only' },
	{ key: 'neither', name: 'Neither' },
	{ key: 'unknown', name: 'Unknown' },
];

/** What the `result` filter can say, in words that follow "messages". */
export const RESULTS = new Map([
	['both', 'DKIM and SPF pass'],
	['dkim_only', 'DKIM alone passes'],
	['spf_only', 'SPF alone passes'],
	['neither', 'neither passes'],
	['unknown', 'a verdict is not said'],
	['no_dkim', 'no aligned DKIM pass'],
	['no_spf', 'no aligned SPF pass'],
	['no_dmarc', 'no DMARC pass'],
]);

const UNIONS = {
	no_dkim: ['spf_only', 'neither', 'unknown'],
	no_spf: ['dkim_only', 'neither', 'unknown'],
	no_dmarc: ['neither', 'unknown'],
};

/** Whether messages of this class are among those the filter asks for; none asks for all. */
export const isAmong = (key, result) => !result || key === result || Boolean(UNIONS[result]?.includes(key));

/** The class of a record, from its two verdicts. */
export function classOf({ dkim_aligned: dkim, spf_aligned: spf }) {
	if (dkim === 'pass')
		return spf === 'pass' ? 'both' : 'dkim_only';
	if (spf === 'pass')
		return 'spf_only';
	return dkim === null || spf === null ? 'unknown' : 'neither';
}

/** The three rates: their key, and the head of their column. */
export const RATES = [['dmarc', 'DMARC %'], ['dkim', 'DKIM %'], ['spf', 'SPF %']];

/** The filter for what a rate leaves out; where it leaves out nothing, all of it. */
export const without = (row, key) => row[key === 'dmarc' ? 'dmarc_pass' : `${key}_aligned`] < row.messages ? `no_${key}` : null;

export const failing = (row) => row.neither + row.unknown;

export const swatch = (key) => html`<svg class="swatch" width="10" height="10" aria-hidden="true">
	<rect class="c-${key}" width="10" height="10" rx="2"></rect>
	${key === 'spf_only' ? svg`<rect fill="url(#hatch)" width="10" height="10" rx="2"></rect>` : nothing}
</svg>`;

/** A row's messages as one bar of its classes; the words for it are its label. */
export function classBar(row, width = 120) {
	const parts = [];
	let x = 0;
	for (const { key, name } of CLASSES) {
		if (!row[key])
			continue;
		/* Two pixels at least: a few failing messages among a million are what one looks for. */
		parts.push({ key, name, wide: Math.max(2, row[key] / row.messages * width) });
	}
	const sum = parts.reduce((all, part) => all + part.wide, 0);
	const label = parts.map(({ key, name }) => `${name} ${number(row[key])}`).join(', ');
	return html`<svg class="class-bar" width=${width} height="10" viewBox="0 0 ${width} 10"
		preserveAspectRatio="none" role="img" aria-label=${label || 'no messages'}>
		<title>${label}</title>
		${parts.map(({ key, wide }) => {
			const from = x;
			const size = wide * width / sum;
			x += size;
			const drawn = Math.max(1, size - 1);      /* a pixel apart */
			return svg`<rect class="c-${key}" x=${from} width=${drawn} height="10" rx="1"></rect>${key === 'spf_only'
				? svg`<rect fill="url(#hatch)" x=${from} width=${drawn} height="10" rx="1"></rect>` : nothing}`;
		})}
	</svg>`;
}

/** A rate: the figure, and a thin meter that lets the eye find the low ones. */
export const rate = (value, hue) => html`<span class="rate">${percent(value)}<svg class="meter" width="44" height="3"
	viewBox="0 0 100 3" preserveAspectRatio="none" aria-hidden="true">
	<rect class="track" width="100" height="3"></rect>
	<rect class="m-${hue}" width=${value ?? 0} height="3"></rect>
</svg></span>`;

const VERDICTS = { pass: ['✓', 'pass'], fail: ['✕', 'fail'] };

/** "DKIM pass", with a sign that needs no colour. */
export function verdict(name, value) {
	const [sign, word] = VERDICTS[value] ?? ['?', 'unknown'];
	return html`<span class="verdict v-${word}"><span aria-hidden="true">${sign}</span> ${name}<span
		class="sr"> ${word}</span></span>`;
}

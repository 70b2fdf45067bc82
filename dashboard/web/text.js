/*
 * text.js - text that strangers wrote, made safe to look at.
 *
 * lit-html escapes it; what is left to do is to show what would not be seen (control characters, and those
 * that turn the direction of writing round) and to keep a long one from breaking the page.
 */
import { html, nothing } from './lib/lit-html/lit-html.js';

/* Controls, what turns the direction, and what takes no room: soft hyphens, zero widths, separators, tags. */
const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\u{e0000}-\u{e007f}]/gu;
const LONG = 90;
const TITLE = 2000;

const visible = (character) => `\\u{${character.codePointAt(0).toString(16)}}`;

/** A text with every unseen character written out: "\u{202e}". */
export const clean = (value) => String(value).replace(UNSEEN, visible);

/** The same for a line of a document, whose tabs are indentation. */
export const cleanLine = (value) => value.replace(UNSEEN, (character) => character === '\t' ? '\t' : visible(character));

const title = (shown) => shown.length > 18 ? shown.slice(0, TITLE) : nothing;

/** One line, cut by the page's width; for links and cells. */
export function cut(value, empty = '–') {
	if (value === null || value === undefined || value === '')
		return html`<span class="none">${empty}</span>`;
	const shown = clean(value);
	return html`<bdi class="cut" title=${title(shown)}>${shown}</bdi>`;
}

/** Within a sentence: no more of it than a name needs. */
export function name(value, most = 64) {
	const shown = clean(value);
	return shown.length <= most ? html`<bdi>${shown}</bdi>`
		: html`<bdi title=${shown.slice(0, TITLE)}>${shown.slice(0, most)}…</bdi>`;
}

/** All of it: wrapped, and folded to open by hand when it is long. */
export function text(value, empty = '–', most = LONG) {
	if (value === null || value === undefined || value === '')
		return html`<span class="none">${empty}</span>`;
	const shown = clean(value);
	if (shown.length <= most)
		return html`<bdi class="wrap">${shown}</bdi>`;
	return html`<details class="fold">
		<summary><bdi>${shown.slice(0, most)}…</bdi></summary>
		<bdi class="wrap">${shown}</bdi>
	</details>`;
}

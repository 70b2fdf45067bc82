/*
 * chart-layer.js - what stands under and over the drawn chart: days without reports, marks, the day under the
 * pointer with its numbers, and dragging a period. Pointer only: who uses a keyboard has the period's inputs, and
 * the days as a table.
 */
import { html, nothing, render } from './lib/lit-html/lit-html.js';
import { CLASSES, swatch } from './classes.js';
import { counted, day as dayText, number, percent } from './format.js';

const DRAG = 5;      /* pixels before a press becomes a drag */

const box = (cls) => {
	const made = document.createElement('div');
	made.className = cls;
	return made;
};

function place(element, left, width) {
	element.hidden = false;
	element.style.left = `${left}px`;
	element.style.width = `${width}px`;
}

const tip = (row, only) => html`
	<p class="tip-day">${dayText(row.day)}</p>
	${row.reports ? html`
		<table>
			${CLASSES.toReversed().filter(({ key }) => row[key]).map(({ key, name }) => html`<tr>
				<th scope="row">${swatch(key)} ${name}</th>
				<td>${number(row[key])}</td><td>${percent(row[key] / row.messages * 100)} %</td></tr>`)}
			<tr class="sum"><th scope="row">Messages</th><td>${number(row.messages)}</td><td></td></tr>
		</table>
		<p class="tip-rates"><span class="t-dkim">DKIM ${percent(row.dkim_percent)} %</span>
			<span class="t-spf">SPF ${percent(row.spf_percent)} %</span>
			<span>${counted(row.reports, 'report')}</span></p>`
		: html`<p>No report tells of this day: it is unknown, not empty.</p>`}
	${only ? html`<button type="button" class="button" @click=${only}>Only this day</button>` : nothing}`;

export class ChartLayer {
	under = box('under');
	over = box('over');
	#edge;
	#hover = box('hover');
	#brush = box('brush');
	#tip = box('tip');
	#data = null;
	#max = 1;
	#width = 0;
	#height = 0;
	#pressed = null;
	#held = null;
	#cancel = (event) => {
		if (event.key === 'Escape')
			this.#hide();
	};

	constructor(edge) {
		this.#edge = edge;
		this.#hide();
		this.over.append(this.#hover, this.#brush, this.#tip);
		this.over.setAttribute('aria-hidden', 'true');
		this.over.addEventListener('pointerdown', (event) => this.#down(event));
		this.over.addEventListener('pointermove', (event) => this.#move(event));
		this.over.addEventListener('pointerup', (event) => this.#up(event));
		this.over.addEventListener('pointercancel', () => this.#hide());
		this.over.addEventListener('pointerleave', (event) => {
			if (event.pointerType === 'mouse' && !this.#pressed)
				this.#hide();
		});
	}

	update(data, max, width, height) {
		this.#data = data;
		this.#max = max;
		this.#width = width - this.#edge.left - this.#edge.right;
		this.#height = height - this.#edge.top - this.#edge.bottom;
		this.#hide();
		this.under.replaceChildren(...this.#gaps(), ...this.#marks());
	}

	/** The same days, and what is to be done about them now. */
	rebind(data) {
		if (this.#data)
			this.#data = data;
	}

	get #band() {
		return this.#width / this.#data.rows.length;
	}

	/** Runs of days no report tells of. */
	#gaps() {
		const made = [];
		const { rows } = this.#data;
		for (let i = 0; i < rows.length; i++) {
			if (rows[i].reports)
				continue;
			const first = i;
			while (i + 1 < rows.length && !rows[i + 1].reports)
				i++;
			const gap = box('gap');
			place(gap, this.#edge.left + first * this.#band, (i - first + 1) * this.#band);
			made.push(gap);
		}
		return made;
	}

	#marks() {
		return (this.#data.marks ?? []).flatMap(({ day, label }) => {
			const index = this.#data.rows.findIndex((row) => row.day === day);
			if (index < 0)
				return [];
			const mark = box(index > this.#data.rows.length / 2 ? 'chart-mark before' : 'chart-mark');
			const name = document.createElement('bdi');
			name.textContent = label;
			mark.append(name);
			mark.style.left = `${this.#edge.left + index * this.#band}px`;
			return [mark];
		});
	}

	#release() {
		this.#pressed = null;
		document.removeEventListener('keydown', this.#cancel);
	}

	#hide() {
		this.#release();
		this.#held = null;
		this.#hover.hidden = this.#brush.hidden = this.#tip.hidden = true;
	}

	#at(event) {
		const frame = this.over.getBoundingClientRect();
		const x = event.clientX - frame.left - this.#edge.left;
		const y = event.clientY - frame.top - this.#edge.top;
		const index = Math.min(this.#data.rows.length - 1, Math.max(0, Math.floor(x / this.#band)));
		return { x, index, value: (1 - y / this.#height) * this.#max };
	}

	#show(index, only) {
		const row = this.#data.rows[index];
		render(tip(row, only), this.#tip);
		place(this.#hover, this.#edge.left + index * this.#band, this.#band);
		this.#tip.hidden = false;
		const middle = this.#edge.left + (index + 0.5) * this.#band;
		const wide = this.#tip.offsetWidth;
		const whole = this.#width + this.#edge.left + this.#edge.right;
		const left = middle + this.#band / 2 + 10 + wide < whole ? middle + this.#band / 2 + 10 : middle - this.#band / 2 - 10 - wide;
		this.#tip.style.left = `${Math.max(0, Math.min(left, whole - wide))}px`;
	}

	#down(event) {
		if (event.button || !this.#data || this.#tip.contains(event.target))
			return;
		this.#pressed = { ...this.#at(event), moved: false };
		this.over.setPointerCapture(event.pointerId);
		document.addEventListener('keydown', this.#cancel);
	}

	#move(event) {
		if (!this.#data || this.#tip.contains(event.target))
			return;
		const { x, index } = this.#at(event);
		if (this.#pressed && (this.#pressed.moved || Math.abs(x - this.#pressed.x) > DRAG)) {
			this.#pressed.moved = true;
			const [first, last] = [this.#pressed.index, index].sort((a, b) => a - b);
			place(this.#brush, this.#edge.left + first * this.#band, (last - first + 1) * this.#band);
			this.#hover.hidden = this.#tip.hidden = true;
		} else if (event.pointerType === 'mouse') {
			this.#show(index, null);
		}
	}

	#up(event) {
		const pressed = this.#pressed;
		this.#release();
		if (!pressed || !this.#data)
			return;
		const { index, value } = this.#at(event);
		const { rows, onRange, onPick } = this.#data;
		if (pressed.moved) {
			const [first, last] = [pressed.index, index].sort((a, b) => a - b);
			this.#hide();
			onRange(rows[first].day, rows[last].day);
		} else if (event.pointerType !== 'mouse' && this.#held !== index) {
			/* A finger cannot hover: its first touch asks what stands here. */
			this.#held = index;
			this.#show(index, () => onPick(rows[index].day, null));
		} else {
			this.#hide();
			onPick(rows[index].day, this.#classAt(rows[index], value));
		}
	}

	#classAt(row, value) {
		let top = 0;
		for (const { key } of CLASSES) {
			top += row[key];
			if (value >= 0 && value < top)
				return key;
		}
		return null;
	}
}

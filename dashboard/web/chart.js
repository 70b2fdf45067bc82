/*
 * chart.js - <daily-chart>: a domain's days as stacked classes, with the DKIM and SPF pass rates over them.
 *
 * ECharts draws bars, lines and axes, and nothing else. The scales are fixed here, so that what stands over the
 * drawing (days without reports, marks, the tooltip, dragging a period) knows where each day is.
 */
import { ChartLayer } from './chart-layer.js';
import { CLASSES, isAmong } from './classes.js';
import { compact, day, dayShort } from './format.js';

const EDGE = { left: 48, right: 44, top: 22, bottom: 26 };
const MANY = 120;           /* days, whose bars stand without a gap */
const MONTH_WIDTH = 66;     /* pixels of "Nov 2026" and the room beside it */

let library = null;

/** Loaded once, by the first chart, and after the page has been painted: numbers come first. */
function load() {
	library ??= new Promise((resolve) => {
		requestAnimationFrame(() => setTimeout(resolve));
	}).then(() => import('./lib/echarts/echarts.common.min.js')).then(() => globalThis.echarts);
	return library;
}

/** The least of 1, 2, 2.5, 5 × 10^n that four of reach the largest day: both axes share the grid's lines. */
function scale(rows) {
	const quarter = Math.max(1, ...rows.map((row) => row.messages)) / 4;
	const power = 10 ** Math.floor(Math.log10(Math.max(1, quarter)));
	const step = [1, 2, 2.5, 5, 10].map((m) => m * power).find((s) => s >= quarter && Number.isInteger(s));
	return { step, max: step * 4 };
}

/** The theme's colours as they come out: a custom property alone still reads light-dark(…). */
function palette(element) {
	const probe = element.appendChild(document.createElement('i'));
	const made = new Map();
	for (const name of ['ink-3', 'line', 'line-2', 'surface', 'halo', 'hatch', 'l-dkim', 'l-spf', ...CLASSES.map(({ key }) => `c-${key}`)]) {
		probe.style.color = `var(--${name})`;
		made.set(name, getComputedStyle(probe).color);
	}
	probe.remove();
	return (name) => made.get(name);
}

const rateLine = (name, key, colour, rows, shape) => ({
	name, type: 'line', yAxisIndex: 1, symbol: 'circle', symbolSize: rows.length > 1 ? 4 : 7,
	showSymbol: rows.length <= 62, silent: true, connectNulls: false, z: 5,
	lineStyle: { color: colour('halo'), width: 4 }, itemStyle: { color: colour(shape.hue) },
	data: rows.map((row) => row[key]),
});

/** Over many days the months are named, with their year: each, or as many of a year as there is room for. */
function namesMonth(on, count, width) {
	const room = Math.max(1, (width - EDGE.left - EDGE.right) / MONTH_WIDTH);
	const each = [1, 2, 3, 4, 6].find((months) => count / 30 / months <= room) ?? 12;
	return on.endsWith('-01') && (Number(on.slice(5, 7)) - 1) % each === 0;
}

function option({ rows, result }, { step, max }, colour, font, width) {
	const hatch = {
		symbol: 'rect', dashArrayX: [1, 0], dashArrayY: [2, 4], rotation: -Math.PI / 4, color: colour('hatch'),
	};
	const labels = rows.length > MANY
		? { interval: (index, on) => namesMonth(on, rows.length, width), formatter: (on) => day(on).slice(2) }
		: { interval: 'auto', formatter: dayShort };
	const text = { color: colour('ink-3'), fontFamily: font, fontSize: 11 };
	const bars = CLASSES.map(({ key, name }) => ({
		name, type: 'bar', stack: 'classes', silent: true, barCategoryGap: rows.length > MANY ? '0%' : '22%',
		barMaxWidth: 56, data: rows.map((row) => row[key]),
		itemStyle: {
			color: colour(`c-${key}`), opacity: isAmong(key, result) ? 1 : 0.22,
			borderColor: colour('surface'), borderWidth: rows.length > 62 ? 0 : 0.5,
			...(key === 'spf_only' ? { decal: hatch } : {}),
		},
	}));
	/* Each line twice: a broad one in the page's colour keeps it apart from the bars behind it. */
	const lines = [['DKIM pass rate', 'dkim_percent', 'l-dkim', 'solid'], ['SPF pass rate', 'spf_percent', 'l-spf', [5, 3]]]
		.flatMap(([name, key, hue, type]) => {
			const halo = rateLine(name, key, colour, rows, { hue });
			return [{ ...halo, showSymbol: false },
				{ ...halo, z: 6, lineStyle: { color: colour(hue), width: rows.length > MANY ? 1.5 : 2, type } }];
		});
	return {
		animation: false,
		grid: EDGE,
		xAxis: {
			type: 'category', data: rows.map((row) => row.day), axisTick: { show: false },
			axisLine: { lineStyle: { color: colour('line-2') } },
			axisLabel: { ...text, hideOverlap: true, ...labels },
		},
		yAxis: [
			{ type: 'value', min: 0, max, interval: step, axisLabel: { ...text, formatter: compact },
				splitLine: { lineStyle: { color: colour('line') } } },
			{ type: 'value', min: 0, max: 100, interval: 25, axisLabel: { ...text, formatter: width < 500 ? '{value}' : '{value} %' },
				splitLine: { show: false } },
		],
		series: [...bars, ...lines],
	};
}

class DailyChart extends HTMLElement {
	#data = null;
	#chart = null;
	#layer = null;
	#plot = null;
	#resized = new ResizeObserver(() => this.#draw());
	#themed = () => this.#draw();

	/** {rows, result, marks: [{day, label}], onRange(from, to), onPick(day, result or null)} */
	set data(value) {
		const before = this.#data;
		this.#data = value;
		/* The page is drawn far more often than its days change. */
		if (before?.rows === value.rows && before.result === value.result && before.marks.length === value.marks.length)
			this.#layer?.rebind(value);
		else
			this.#draw();
	}

	connectedCallback() {
		this.#plot = document.createElement('div');
		this.#plot.className = 'plot';
		this.#plot.setAttribute('aria-hidden', 'true');
		this.#layer = new ChartLayer(EDGE);
		this.replaceChildren(this.#layer.under, this.#plot, this.#layer.over);
		this.#resized.observe(this);
		document.addEventListener('themechange', this.#themed);
	}

	disconnectedCallback() {
		this.#resized.disconnect();
		document.removeEventListener('themechange', this.#themed);
		this.#chart?.dispose();
		this.#chart = null;
	}

	async #draw() {
		const echarts = globalThis.echarts ?? await load().catch(() => null);
		if (!echarts || !this.isConnected || !this.#data || !this.clientWidth)
			return;
		this.#chart ??= echarts.init(this.#plot, null, { renderer: 'svg', useDirtyRect: false });
		const scaled = scale(this.#data.rows);
		const font = getComputedStyle(this).fontFamily;
		this.#chart.resize({ width: this.clientWidth, height: this.clientHeight, silent: true });
		this.#chart.setOption(option(this.#data, scaled, palette(this), font, this.clientWidth), { notMerge: true });
		this.#layer.update(this.#data, scaled.max, this.clientWidth, this.clientHeight);
	}
}

customElements.define('daily-chart', DailyChart);

/* report.js - one report: what it says of itself, what had to be repaired, its records, and its original. */
import { html, nothing } from './lib/lit-html/lit-html.js';
import './xml-view.js';
import { address } from './api.js';
import { CLASSES, classBar, swatch } from './classes.js';
import { useAll } from './data.js';
import { bytes, counted, day, number, percent, time } from './format.js';
import { rowFilters, wayOut } from './filters.js';
import { recordColumns } from './records.js';
import { go, href, same } from './router.js';
import { marks } from './reports.js';
import { csv, gone, nothingHere, pager, shown, table } from './table.js';
import { clean, cut, name as textName, text } from './text.js';
import { wants } from './wants.js';

const fact = (name, value) => value === null || value === undefined || value === '' ? nothing
	: html`<div><dt>${name}</dt><dd>${value}</dd></div>`;

const said = (name, value) => fact(name, value === null || value === '' ? null : text(value));

/** A long report has no day of its own: its messages are spread over several. */
const countsOn = (data) => data.day ? day(data.day) : data.days > 1 ? `spread over ${counted(data.days, 'day')}` : 'no day';

const header = (data) => html`<section class="card" aria-labelledby="header"><h2 id="header">Report</h2><dl class="facts">
	${fact('Organisation', text(data.org_name))}
	${fact('Reporter', html`<a href=${href(['reports'], { reporter: data.reporter })}>${cut(data.reporter)}</a>`)}
	${fact('Report id', html`<span class="mono">${text(data.report_id)}</span>`)}
	${fact('Period', html`${time(data.begin_at)} – ${time(data.end_at)}`)}
	${fact('Counts on', data.counted ? countsOn(data) : 'no day')}
	${fact('Complete', data.partial ? 'no: something of it is missing, the complete records count' : null)}
	${fact('Disagrees', data.records_disagreeing ? html`in ${number(data.records_disagreeing)} of ${
		counted(data.records_checked, 'record')} with its own results` : null)}
	${said('E-mail', data.email)}
	${said('Contact', data.extra_contact_info)}
	${said('Error', data.error)}
	${said('Generator', data.generator)}
	${said('Version', data.version)}
	${said('Namespace', data.xml_namespace)}
</dl></section>`;

const policy = ({ policy: own }) => html`<section class="card" aria-labelledby="policy"><h2 id="policy">Policy published</h2>
	${own ? html`<dl class="facts">${['p', 'sp', 'np', 'adkim', 'aspf', 'pct', 'fo', 'testing', 'discovery_method'].map((name) =>
		said(name.replace('_', ' '), own[name] === null || own[name] === undefined ? null : String(own[name])))}</dl>` : html`<p>The report does not say.</p>`}
</section>`;

const mail = ({ mail: own }) => html`<section class="card" aria-labelledby="mail"><h2 id="mail">Mail it came in</h2>
	${own ? html`<dl class="facts">
		${said('From', own.from_domain)}${said('Message-ID', own.message_id)}${said('Name', own.name)}${said('Source', own.source)}
		${fact('Read', time(own.read_at))}${fact('Intake', own.intake_id)}</dl>` : html`<p>It is no longer known.</p>`}
</section>`;

const quirks = ({ quirks: list }) => list.length ? html`<section class="card repaired" aria-labelledby="quirks">
	<h2 id="quirks">Repaired to be read</h2>
	<ul>${list.map(({ rule, detail }) => html`<li><b>${clean(rule)}</b> ${detail ? text(detail) : nothing}</li>`)}</ul>
</section>` : nothing;

const totals = (route, data) => data.both === null || data.both === undefined
	? html`<p class="problem quiet">This report does not count: another revision of it does, or it lies outside the daily numbers.
		It says ${counted(data.messages, 'message')} in ${counted(data.records, 'record')}.</p>`
	: html`<div class="report-totals">
		<p><b class="big">${number(data.messages)}</b> messages in ${counted(data.records, 'record')},
			<b>${percent(data.dmarc_percent)} %</b> pass DMARC, ${percent(data.dkim_percent)} % DKIM, ${percent(data.spf_percent)} % SPF</p>
		${classBar(data, 320)}
		<ul class="legend">${CLASSES.filter(({ key }) => data[key]).map(({ key, name }) => {
			const chosen = route.query.result === key;
			return html`<li><a href=${same(route, { result: chosen ? null : key })} aria-current=${chosen ? 'true' : nothing}>${swatch(key)}
				${name} <b>${number(data[key])}</b></a></li>`;
		})}</ul>
	</div>`;

function original(route, data, params) {
	if (!data.original)
		return html`<p class="hint">The original of this report is not kept.</p>`;
	const url = address('report/original', params);
	const open = route.query.view === 'xml';
	const name = `${data.domain}-${data.filed_on}-${data.report_key.slice(0, 8)}.xml`;
	const kind = data.original.kind === 'zip' ? '.zip' : '.xml.gz';
	return html`<div class="original">
		<button type="button" class="button" aria-expanded=${open ? 'true' : 'false'}
			@click=${() => go(same(route, { view: open ? null : 'xml', after: route.query.after, page: route.query.page }))}>${
			open ? 'Close the XML' : 'Read the XML'}</button>
		<a class="csv" download href=${url}>As it came, ${kind} (${bytes(data.original.bytes)})</a>
		${open ? html`<xml-view .source=${{ url, name }}></xml-view>` : nothing}
	</div>`;
}

const columns = (data) => [
	{ label: 'Source', cls: 'names', cell: (row) => row.source === null
		? html`<span class="none" title="as the report has it">${cut(row.raw_source_ip, 'none')}</span>`
		: html`<a class="mono" href=${href(['domain', data.domain],
			{ within: row.source, from: data.day, to: data.day, open: row.source }, 'sources')}>${cut(row.source)}</a>` },
	...recordColumns(null),
];

function recordRows(route, data, slot, [, path, params]) {
	return html`<section aria-labelledby="records">
		<div class="section-head">
			<h2 id="records">${slot.data ? counted(slot.data.total, 'record') : 'Records'}</h2>
			${rowFilters(route)}
			${csv(path, params, slot.data?.total)}
		</div>
		${shown(slot, (rows) => rows.rows.length ? html`${table({ caption: 'Records of the report', columns: columns(data), rows: rows.rows,
			key: (row) => row.n, route, cls: 'records' })}${pager(route, rows)}` : nothingHere('No record of this report is like that.', wayOut(route)),
		{ rows: 8, what: 'the records' })}
	</section>`;
}

export function report(route) {
	const wanted = wants(route);
	const [, , params] = wanted.report;
	const { report: slot, records } = useAll(wanted);
	/* 400: the address holds no day or no key. */
	if ([400, 404].includes(slot.error?.status)) {
		return { title: 'No such report', body: html`<div class="page-head"><h1 tabindex="-1">There is no such report</h1></div>
			${gone(html`There is none at this address for ${textName(params.domain)}, or it is there no more.`)}` };
	}
	const name = slot.data ? clean(slot.data.reporter ?? slot.data.org_name ?? '') : 'Report';
	return {
		title: `Report ${name}`,
		body: html`<div class="page-head"><div>
			<p class="crumb"><a href=${href(['reports'], { domain: params.domain })}>Reports</a>
				<a href=${href(['domain', params.domain])}>${cut(params.domain)}</a></p>
			<h1 tabindex="-1">${slot.data ? html`${cut(name)} <span class="soft">on ${textName(slot.data.domain)},
				${day(slot.data.day ?? slot.data.filed_on)}</span>` : 'Report'}
				${slot.data ? marks({ ...slot.data, quirks: slot.data.quirks.length }) : nothing}</h1></div></div>
		${shown(slot, (data) => html`${totals(route, data)}${quirks(data)}
			<div class="cards">${header(data)}${policy(data)}${mail(data)}</div>
			${original(route, data, params)}
			${recordRows(route, data, records, wanted.records)}`, { rows: 12, what: 'the report' })}`,
	};
}

/*
 * wants.js - what each page asks the server for, read off its URL alone. A page asks for it when it is drawn, and
 * first.js before the modules that draw have come.
 *
 * Each is [slot, path, parameters], as use() of data.js takes them.
 */
const INSIDE = 10;      /* records shown below a source; all of them are a tab away */

function overview({ query }) {
	const { from, to, search, after, sort = 'messages' } = query;
	const order = query.order ?? (sort === 'domain' ? 'asc' : 'desc');
	return {
		summary: ['summary', 'summary', { from, to }],
		domains: ['domains', 'domains', { from, to, search, sort, order, after }],
		daily: ['daily', 'daily', { from, to }],
	};
}

function sources(all, { by = 'address', result, within, sort = 'attention', order, after, open }) {
	const turned = order ?? (sort === 'source' ? 'asc' : 'desc');
	return {
		rows: [`sources ${all.domain}`, 'sources', { ...all, by, result, within, sort, order: turned, after }],
		...(open ? { inside: [`records ${open}`, 'records', { ...all, within: open, result, limit: INSIDE }] } : {}),
	};
}

const records = (all, { within, result, reporter, selector, after }) => ({
	rows: [`records ${all.domain}`, 'records', { ...all, within, result, reporter, selector, after }],
});

/* The keys are asked for by every tab: the chart marks the day one broke. */
const TABS = { sources, records, selectors: () => ({}) };

function domain({ params, query }) {
	const all = { domain: params.domain, from: query.from, to: query.to };
	return {
		summary: [`summary ${all.domain}`, 'summary', all],
		daily: [`daily ${all.domain}`, 'daily', all],
		...(TABS[query.tab] ?? sources)(all, query),
		keys: [`selectors ${all.domain}`, 'selectors', all],
		largest: [`largest ${all.domain}`, 'sources', { ...all, by: 'network', sort: 'messages', limit: 40 }],
		worst: [`worst ${all.domain}`, 'sources', { ...all, by: 'network', result: 'no_dmarc', sort: 'neither', limit: 3 }],
	};
}

function reports({ query }) {
	const { domain: of, from, to, reporter, within, search, sort = 'day', order = 'desc', after } = query;
	return {
		reports: ['reports', 'reports', { domain: of, from, to, reporter, within, search, sort, order, after }],
		bounds: ['bounds', 'summary', {}],
	};
}

function report({ params, query: { result, within, after } }) {
	const one = { domain: params.domain, day: params.day, key: params.key };
	return {
		report: [`report ${one.key}`, 'report', one],
		records: [`records ${one.key}`, 'report/records', { ...one, result, within, after }],
	};
}

const WANTS = { overview, domain, reports, report };

export const wants = (route) => WANTS[route.name]?.(route) ?? {};

/* tiles.js - the totals above a page: messages, and the three rates, each with its days and its change. */
import { html, nothing } from './lib/lit-html/lit-html.js';
import { bars, line } from './sparkline.js';
import { change, changePlain, number, percent } from './format.js';
import { failing } from './classes.js';

const tile = ({ name, value, unit, changed, link, says, drawing }) => html`<div class="tile">
	<div class="tile-text">
		<h2>${name}</h2>
		<p class="tile-value"><a href=${link} title=${says}>${value}${unit ? html`<span class="unit"> ${unit}</span>` : nothing}</a></p>
		<p class="tile-change">${changed}</p>
	</div>
	<div class="tile-drawing">${drawing}</div>
</div>`;

const unchanged = html`<span class="soft">nothing before to compare</span>`;

const rateTile = (key, name, says, sums, daily, period, link) => tile({
	name, unit: sums[`${key}_percent`] === null ? '' : '%', link, says,
	value: percent(sums[`${key}_percent`]),
	changed: sums[`${key}_change`] === null ? unchanged : change(sums[`${key}_change`], ' points'),
	drawing: daily ? line(daily.map((row) => ({ day: row.day, value: row[`${key}_percent`] })), period,
		{ hue: key, label: `${name} by day, from 0 to 100 %` }) : nothing,
});

/** @param links {messages, dmarc, dkim, spf}: the rows behind each number */
export const tiles = (sums, daily, links) => html`<div class="tiles">
	${tile({
		name: 'Messages', value: number(sums.messages), link: links.messages, says: 'the rows behind it',
		changed: sums.messages_change_percent === null ? unchanged : changePlain(sums.messages_change_percent),
		drawing: daily ? bars(daily.map((row) => ({ ...row, bad: failing(row) })), sums.period,
			{ width: 150, height: 40, label: 'Messages by day, those that fail DMARC marked' }) : nothing,
	})}
	${rateTile('dmarc', 'DMARC pass', 'messages without a DMARC pass', sums, daily, sums.period, links.dmarc)}
	${rateTile('dkim', 'DKIM pass', 'messages without an aligned DKIM pass', sums, daily, sums.period, links.dkim)}
	${rateTile('spf', 'SPF pass', 'messages without an aligned SPF pass', sums, daily, sums.period, links.spf)}
</div>`;

export const tilesPlace = html`<div class="tiles">
	${[1, 2, 3, 4].map(() => html`<div class="tile"><div class="bone"></div></div>`)}
</div>`;

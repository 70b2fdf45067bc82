/* menu.js - a button that opens a panel: closed by Escape, by a click elsewhere, and by leaving it. */
import { html } from './lib/lit-html/lit-html.js';

function shut(root, refocus) {
	const button = root.querySelector('button');
	button.setAttribute('aria-expanded', 'false');
	root.querySelector('.panel').hidden = true;
	if (refocus)
		button.focus();
}

function toggle(event) {
	const root = event.currentTarget.closest('.menu');
	const panel = root.querySelector('.panel');
	if (!panel.hidden)
		return shut(root, false);
	panel.hidden = false;
	event.currentTarget.setAttribute('aria-expanded', 'true');
	panel.querySelector('input, a, button')?.focus({ preventScroll: true });
}

function key(event) {
	if (event.key !== 'Escape' || event.currentTarget.querySelector('.panel').hidden)
		return;
	event.stopPropagation();
	shut(event.currentTarget, true);
}

function left(event) {
	const root = event.currentTarget;
	if (event.relatedTarget && !root.contains(event.relatedTarget))
		shut(root, false);
}

/** Whether it is open is the panel's own business, and no state of the page. */
export const menu = (name, face, content, { label, side = 'end' } = {}) => html`<div class="menu menu-${name}"
	@keydown=${key} @focusout=${left}>
	<button type="button" class="button" aria-expanded="false" aria-controls="menu-${name}" aria-label=${label}
		@click=${toggle}>${face}</button>
	<div class="panel panel-${side}" id="menu-${name}" hidden>${content}</div>
</div>`;

/** Closes every open menu: after a click outside of it, and when the page changes. */
export function closeMenus(outside = null) {
	for (const root of document.querySelectorAll('.menu')) {
		if (!root.contains(outside) && !root.querySelector('.panel').hidden)
			shut(root, false);
	}
}

/* form.js - sending a form: one press at a time, and what came of it said beside the button. */
import { html } from './lib/lit-html/lit-html.js';
import { counted } from './format.js';

/* Filled here and not by the template, so that what was said goes when its form goes. */
export const said = html`<p class="said" role="alert"></p>`;

/**
 * @param action what the form does with its fields; what it returns is said, and so is what it throws
 */
export async function send(event, action) {
	event.preventDefault();
	const form = event.target;
	const button = event.submitter ?? form.querySelector('button');
	const place = form.querySelector('.said');
	button.disabled = true;
	place.textContent = '';
	try {
		const done = await action(Object.fromEntries(new FormData(form)));
		place.className = 'said good';
		place.textContent = done ?? '';
		if (done)
			form.reset();
	} catch (error) {
		const wait = error.retryAfter ? ` Try again in ${counted(error.retryAfter, 'second')}.` : '';
		place.className = 'said bad';
		place.textContent = error.message + wait;
		form.querySelector('input[type=password]')?.select();
	}
	button.disabled = false;
}

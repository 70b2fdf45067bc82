/* theme.js - light, dark, or as the system says; kept in this browser, for it is no part of what is shown. */
import { html } from './lib/lit-html/lit-html.js';

const CHOICES = [['system', 'System'], ['light', 'Light'], ['dark', 'Dark']];

const chosen = () => document.documentElement.dataset.theme ?? 'system';

/* What is drawn with computed colours (the chart) has to be drawn again. */
const tell = () => document.dispatchEvent(new Event('themechange'));

matchMedia('(prefers-color-scheme: dark)').addEventListener('change', tell);

function choose(theme) {
	if (theme === 'system')
		delete document.documentElement.dataset.theme;
	else
		document.documentElement.dataset.theme = theme;
	try {
		localStorage.setItem('theme', theme);
	} catch {
		/* no storage: it holds for this page */
	}
	tell();
}

export const themeSwitch = () => html`<fieldset class="theme">
	<legend>Theme</legend>
	<div class="segments">${CHOICES.map(([theme, name]) => html`<label><input type="radio" name="theme" value=${theme}
		?checked=${chosen() === theme} @change=${() => choose(theme)}><span>${name}</span></label>`)}</div>
</fieldset>`;

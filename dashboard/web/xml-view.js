/*
 * xml-view.js - <xml-view>: the original of a report as text with line numbers, a piece at a time.
 *
 * It is filled by DOM calls and not by a template: twelve thousand lines at once are what it is for.
 */
import { download } from './api.js';
import { counted, number } from './format.js';
import { cleanLine } from './text.js';
import { CEILING, unpack } from './unpack.js';

const PIECE = 500000;      /* characters shown at once */

const made = (tag, cls, content = '') => {
	const element = document.createElement(tag);
	element.className = cls;
	element.textContent = content;
	return element;
};

class XmlView extends HTMLElement {
	#source = null;
	#stop = null;
	#blob = null;

	/** {url, name}: where the document is, and what to call it when it is saved. */
	set source(value) {
		if (this.#source?.url === value.url)
			return;
		this.#source = value;
		if (this.isConnected)
			this.#load();
	}

	connectedCallback() {
		if (this.#source)
			this.#load();
	}

	disconnectedCallback() {
		this.#stop?.abort();
		URL.revokeObjectURL(this.#blob);
	}

	async #load() {
		this.#stop?.abort();
		this.#stop = new AbortController();
		const status = made('p', 'hint', 'Fetching the document …');
		status.setAttribute('role', 'status');
		this.replaceChildren(status);
		try {
			const document = await unpack(await download(this.#source.url, this.#stop.signal));
			this.#show(document);
		} catch (error) {
			if (error.name !== 'AbortError')
				this.#fail(error);
		}
	}

	#fail(error) {
		const problem = made('div', 'problem');
		const retry = made('button', 'button', 'Try again');
		problem.setAttribute('role', 'alert');
		retry.type = 'button';
		retry.addEventListener('click', () => this.#load());
		problem.append(made('p', '', error.message), retry);
		this.replaceChildren(problem);
	}

	#show({ text, bytes, more, damaged, others }) {
		const lines = text.split(/\r\n|\n|\r/);
		if (lines.at(-1) === '')
			lines.pop();
		const said = [counted(lines.length, 'line')];
		if (more)
			said.push(`this is the beginning, up to ${number(CEILING / 1e6)} MB: the rest is in the file`);
		if (damaged)
			said.push('the archive is damaged: this is what could be unpacked');
		if (others)
			said.push(`the archive has ${counted(others, 'more file')}, not shown here`);
		const status = made('p', 'hint', `${said.join('; ')}.`);
		status.setAttribute('role', 'status');
		const list = made('div', 'xml-lines');
		list.tabIndex = 0;
		list.setAttribute('role', 'region');
		list.setAttribute('aria-label', 'The XML');
		this.replaceChildren(status, list);
		if (!more && !damaged)
			status.append(' ', this.#save(bytes));
		this.#extend(list, lines, 0);
	}

	#save(bytes) {
		const link = made('a', 'csv', 'Save as .xml');
		URL.revokeObjectURL(this.#blob);
		this.#blob = URL.createObjectURL(new Blob([bytes], { type: 'application/xml' }));
		link.href = this.#blob;
		link.download = this.#source.name;
		return link;
	}

	/** Shows lines up to a piece more; one that is longer than a piece is cut into several. */
	#extend(list, lines, from) {
		const piece = document.createDocumentFragment();
		let size = 0;
		let at = from;
		for (; at < lines.length && size < PIECE; at++) {
			const line = lines[at];
			if (line.length > PIECE)
				lines.splice(at, 1, line.slice(0, PIECE), line.slice(PIECE));
			size += lines[at].length + 1;
			piece.append(made('div', 'xml-line', cleanLine(lines[at])));
		}
		list.append(piece);
		if (at === lines.length)
			return;
		const more = made('button', 'button', `Show more: ${counted(lines.length - at, 'line')} left`);
		more.type = 'button';
		more.addEventListener('click', () => {
			more.remove();
			this.#extend(list, lines, at);
		});
		this.append(more);
	}
}

customElements.define('xml-view', XmlView);

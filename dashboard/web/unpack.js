/*
 * unpack.js - a report's document, unpacked in the browser: gzip, zip, and one in the other.
 *
 * The server hands the archive out as it came and never opens it; here it is opened by the browser's own
 * inflater, no further than a ceiling, whatever its header promises.
 */
export const CEILING = 8e6;      /* bytes of text */
const PIECE = 65536;             /* bytes given to the inflater at once */
const DEPTH = 3;                 /* XML in gzip in zip is real */
const MEMBERS = 64;              /* of a gzip or zip archive: a report is in one, or in the first few */

const CENTRAL = 0x02014b50;
const END = 0x06054b50;
const LOCAL = 0x04034b50;
const END_BYTES = 22;
const COMMENT_BYTES = 65535;

/** Piece by piece, so that what comes out before a damaged place is read before the stream breaks there. */
async function feed(writer, packed) {
	for (let at = 0; at < packed.length; at += PIECE)
		await writer.write(packed.subarray(at, at + PIECE));
	await writer.close();
}

function joined(parts, size) {
	const bytes = new Uint8Array(size);
	let at = 0;
	for (const part of parts) {
		bytes.set(part.subarray(0, size - at), at);
		at += part.length;
		if (at >= size)
			break;
	}
	return bytes;
}

/** A damaged end (bytes behind the archive, a wrong checksum) must not hide what could be read before it. */
async function inflate(packed, format) {
	const { readable, writable } = new DecompressionStream(format);
	const reader = readable.getReader();
	const parts = [];
	let size = 0;
	let damaged = false;
	feed(writable.getWriter(), packed).catch(() => {});     /* what is wrong shows where it is read */
	try {
		while (size <= CEILING) {
			const { done, value } = await reader.read();
			if (done)
				break;
			parts.push(value);
			size += value.length;
		}
	} catch {
		damaged = true;
	}
	reader.cancel().catch(() => {});
	return { bytes: joined(parts, Math.min(size, CEILING)), more: size > CEILING, damaged };
}

const isGzip = (bytes, at = 0) => bytes[at] === 0x1f && bytes[at + 1] === 0x8b;
const isZip = (bytes) => bytes[0] === 0x50 && bytes[1] === 0x4b;

/** Where another gzip member may begin: its magic, the only method there is, and no flag that means nothing. */
function* seams(bytes, from) {
	for (let at = bytes.indexOf(0x1f, from); at >= 0; at = bytes.indexOf(0x1f, at + 1)) {
		if (isGzip(bytes, at) && bytes[at + 2] === 8 && bytes[at + 3] < 0x20)
			yield at;
	}
}

/** The first member behind `from`, and where it ends: its checksum tells whether a place is its end. */
async function firstMember(packed, from) {
	const all = await inflate(packed.subarray(from), 'gzip');
	if (all.damaged) {
		for (const seam of seams(packed, from + 1)) {
			const made = await inflate(packed.subarray(from, seam), 'gzip');
			if (!made.damaged)
				return { ...made, end: seam };
		}
	}
	return { ...all, end: packed.length };
}

/** Gzip members one behind the other are one document, but browsers stop at the end of the first. */
async function gunzip(packed) {
	const parts = [];
	let size = 0;
	let last = { end: 0 };
	do {
		last = await firstMember(packed, last.end);
		parts.push(last.bytes);
		size += last.bytes.length;
	} while (last.end < packed.length && !last.more && size < CEILING && parts.length < MEMBERS);
	return { bytes: joined(parts, size), more: last.more || last.end < packed.length, damaged: last.damaged };
}

/** The files by the central directory: those called .xml first. */
function files(bytes) {
	const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
	let end = bytes.length - END_BYTES;
	const last = Math.max(0, end - COMMENT_BYTES);
	while (end >= last && view.getUint32(end, true) !== END)
		end--;
	if (end < last)
		throw new Error('The zip archive has no directory.');
	const found = [];
	let at = view.getUint32(end + 16, true);
	for (let count = view.getUint16(end + 10, true); count > 0 && view.getUint32(at, true) === CENTRAL; count--) {
		const nameLength = view.getUint16(at + 28, true);
		const name = new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + nameLength));
		found.push({ name, method: view.getUint16(at + 10, true), flags: view.getUint16(at + 8, true),
			size: view.getUint32(at + 20, true), local: view.getUint32(at + 42, true) });
		at += 46 + nameLength + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
	}
	const real = found.filter(({ name }) => !name.endsWith('/') && !name.startsWith('__MACOSX/'));
	if (!real.length)
		throw new Error('The zip archive holds no file.');
	const foreign = ({ name }) => /\.xml$/i.test(name) ? 0 : 1;
	return real.sort((a, b) => foreign(a) - foreign(b));
}

async function extract(bytes, { method, flags, size, local }) {
	const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
	if (view.getUint32(local, true) !== LOCAL)
		throw new Error('The zip archive is damaged.');
	if (flags & 1)
		throw new Error('The zip archive is encrypted.');
	const start = local + 30 + view.getUint16(local + 26, true) + view.getUint16(local + 28, true);
	const packed = bytes.subarray(start, start + size);
	if (method === 8)
		return inflate(packed, 'deflate-raw');
	if (method !== 0)
		throw new Error(`The zip archive is packed by method ${method}, which browsers do not know.`);
	return { bytes: packed.subarray(0, CEILING), more: packed.length > CEILING, damaged: false };
}

/** Whether a file can be the document, or has it inside. */
const promising = (bytes) => isGzip(bytes) || isZip(bytes) || /^\s*</.test(decode(bytes.subarray(0, 1024)));

/** The file that is the document; where none looks like one, the first. */
async function unzip(bytes) {
	let first = null;
	try {
		const found = files(bytes);
		for (const file of found.slice(0, MEMBERS)) {
			const made = { ...await extract(bytes, file), others: found.length - 1 };
			if (promising(made.bytes))
				return made;
			first ??= made;
		}
	} catch (error) {
		if (!first)
			throw error instanceof RangeError ? new Error('The zip archive is damaged.') : error;
	}
	return first;
}

/** What a browser would take it for: the byte order mark, else the XML declaration, else UTF-8. */
function charset(bytes) {
	if (bytes[0] === 0xff && bytes[1] === 0xfe)
		return 'utf-16le';
	if (bytes[0] === 0xfe && bytes[1] === 0xff)
		return 'utf-16be';
	const head = String.fromCharCode(...bytes.subarray(0, 200));
	return /^(?:\xef\xbb\xbf)?\s*<\?xml[^>]*?\sencoding\s*=\s*["']([A-Za-z0-9._:-]+)["']/.exec(head)?.[1] ?? 'utf-8';
}

function decode(bytes) {
	try {
		return new TextDecoder(charset(bytes)).decode(bytes);
	} catch {
		return new TextDecoder().decode(bytes);
	}
}

/** One layer off; null where there is none. */
function peel(bytes) {
	if (isGzip(bytes))
		return gunzip(bytes);
	return isZip(bytes) ? unzip(bytes) : null;
}

/**
 * `more`: there is more than is shown here. `others`: how many other files were beside it in its archive.
 * @returns {Promise<{text: string, bytes: Uint8Array, more: boolean, damaged: boolean, others: number}>}
 */
export async function unpack(packed) {
	let made = { bytes: packed, more: false, damaged: false, others: 0 };
	for (let depth = 0; depth < DEPTH && !made.more; depth++) {
		const inner = await peel(made.bytes);
		if (!inner)
			break;
		made = { others: made.others, ...inner, damaged: made.damaged || inner.damaged };
		if (made.damaged && !made.bytes.length)
			throw new Error('The document is damaged: it cannot be unpacked.');
	}
	const bytes = made.bytes.subarray(0, CEILING);
	return { ...made, bytes, more: made.more || bytes.length < made.bytes.length, text: decode(bytes) };
}

/*
 * unpack.js - a report's document, unpacked in the browser: gzip, zip, and one in the other.
 *
 * The server hands the archive out as it came and never opens it; here it is opened by the browser's own
 * inflater, no further than a ceiling, whatever its header promises.
 */
export const CEILING = 8e6;      /* bytes of text */
const DEPTH = 3;                 /* XML in gzip in zip is real */

const CENTRAL = 0x02014b50;
const END = 0x06054b50;
const LOCAL = 0x04034b50;
const END_BYTES = 22;
const COMMENT_BYTES = 65535;

/** A damaged end (bytes behind the archive, a wrong checksum) must not hide what could be read before it. */
async function inflate(packed, format) {
	const { readable, writable } = new DecompressionStream(format);
	const writer = writable.getWriter();
	writer.write(packed).catch(() => {});     /* what is wrong shows where it is read */
	writer.close().catch(() => {});
	const reader = readable.getReader();
	const parts = [];
	let size = 0;
	let damaged = false;
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
	if (damaged && !size)
		throw new Error('The document is damaged: it cannot be unpacked.');
	const bytes = new Uint8Array(Math.min(size, CEILING));
	let at = 0;
	for (const part of parts) {
		bytes.set(part.subarray(0, bytes.length - at), at);
		at += part.length;
	}
	return { bytes, more: size > CEILING, damaged };
}

/** The member to show: the first .xml by the central directory, else the first file. */
function member(bytes) {
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
	const files = found.filter(({ name }) => !name.endsWith('/') && !name.startsWith('__MACOSX/'));
	const chosen = files.find(({ name }) => /\.xml$/i.test(name)) ?? files[0];
	if (!chosen)
		throw new Error('The zip archive holds no file.');
	if (view.getUint32(chosen.local, true) !== LOCAL)
		throw new Error('The zip archive is damaged.');
	if (chosen.flags & 1)
		throw new Error('The zip archive is encrypted.');
	const start = chosen.local + 30 + view.getUint16(chosen.local + 26, true) + view.getUint16(chosen.local + 28, true);
	return { ...chosen, packed: bytes.subarray(start, start + chosen.size) };
}

async function unzip(bytes) {
	let found;
	try {
		found = member(bytes);
	} catch (error) {
		throw error instanceof RangeError ? new Error('The zip archive is damaged.') : error;
	}
	if (found.method === 8)
		return inflate(found.packed, 'deflate-raw');
	if (found.method !== 0)
		throw new Error(`The zip archive is packed by method ${found.method}, which browsers do not know.`);
	return { bytes: found.packed.subarray(0, CEILING), more: found.packed.length > CEILING, damaged: false };
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
	if (bytes[0] === 0x1f && bytes[1] === 0x8b)
		return inflate(bytes, 'gzip');
	return bytes[0] === 0x50 && bytes[1] === 0x4b ? unzip(bytes) : null;
}

/** @returns {Promise<{text: string, bytes: Uint8Array, more: boolean, damaged: boolean}>} */
export async function unpack(packed) {
	let made = { bytes: packed, more: false, damaged: false };
	for (let depth = 0; depth < DEPTH && !made.more; depth++) {
		const inner = await peel(made.bytes);
		if (!inner)
			break;
		made = { ...inner, damaged: made.damaged || inner.damaged };
	}
	const bytes = made.bytes.subarray(0, CEILING);
	return { ...made, bytes, more: made.more || bytes.length < made.bytes.length, text: decode(bytes) };
}

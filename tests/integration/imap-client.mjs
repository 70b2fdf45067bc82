// imap-client.mjs - mailboxes as their owner sees them, to compare before and after.
//
//   node imap-client.mjs state PORT CA USER FOLDER     each mail: UID, flags (but \Recent), SHA-256
//   node imap-client.mjs folders PORT CA USER          LIST "" *, names as people write them
//   node imap-client.mjs subscribed PORT CA USER       likewise LSUB
//   node imap-client.mjs run PORT CA USER COMMAND...   each in turn; what came back, as it came
//   node imap-client.mjs dir MAILDIR FOLDER            where a folder lies
//   node imap-client.mjs deliver sized|plain MAILDIR FOLDER FROM...
//
// Over TLS on loopback with the password $IMAP_PASSWORD.  FOLDER is UTF-8 with '/' between levels.
// FROM are files, or directories: all their files, or new/ and cur/ with their flags.
import tls from 'node:tls';
import fs from 'node:fs';
import path from 'node:path';
import crypto from 'node:crypto';

// RFC 3501, 5.1.3.
function utf7(name) {
	return name.replace(/&|[^\x20-\x7e]+/g, (s) => s === '&' ? '&-'
		: `&${Buffer.from(s, 'utf16le').swap16().toString('base64').replace(/=+$/, '').replace(/\//g, ',')}-`);
}

function fromUtf7(name) {
	return name.replace(/&([^-]*)-/g, (_, s) => s === '' ? '&'
		: Buffer.from(s.replace(/,/g, '/'), 'base64').swap16().toString('utf16le'));
}

// Bytes in, responses out: a list of lines and literals for each.
class Session {
	constructor(socket) {
		this.socket = socket;
		this.chunks = [];
		this.size = 0;
		this.wake = () => {};
		this.over = false;
		this.tags = 0;
		socket.on('data', (d) => {
			this.chunks.push(d);
			this.size += d.length;
			this.wake();
		});
		for (const event of ['error', 'end', 'close'])
			socket.on(event, () => {
				this.over = true;
				this.wake();
			});
	}

	async more() {
		if (this.over)
			throw new Error('the server hung up');
		await new Promise((wake) => {
			this.wake = wake;
		});
	}

	async take(n) {
		while (this.size < n)
			await this.more();
		const all = this.chunks.length === 1 ? this.chunks[0] : Buffer.concat(this.chunks);
		this.chunks = all.length > n ? [all.subarray(n)] : [];
		this.size = all.length - n;
		return all.subarray(0, n);
	}

	async line() {
		for (;;) {
			if (this.chunks.length > 1)
				this.chunks = [Buffer.concat(this.chunks)];
			const at = this.chunks.length ? this.chunks[0].indexOf('\r\n') : -1;
			if (at >= 0)
				return (await this.take(at + 2)).subarray(0, at).toString('latin1');
			await this.more();
		}
	}

	async response() {
		const parts = [await this.line()];

		for (let m; (m = /\{(\d+)\}$/.exec(parts[parts.length - 1]));)
			parts.push(await this.take(Number(m[1])), await this.line());
		return parts;
	}

	async command(text, each = () => {}) {
		const tag = `c${++this.tags}`;

		this.socket.write(`${tag} ${text}\r\n`, 'latin1');
		for (;;) {
			const parts = await this.response();
			if (parts[0].startsWith(`${tag} `)) {
				if (!parts[0].startsWith(`${tag} OK`))
					throw new Error(`${text}: ${parts[0]}`);
				return parts[0];
			}
			each(parts);
		}
	}
}

const quoted = (s) => `"${s.replace(/[\\"]/g, '\\$&')}"`;

async function connect(port, ca, user) {
	const socket = tls.connect({ host: '127.0.0.1', port: Number(port), servername: 'localhost',
		ca: fs.readFileSync(ca) });
	const session = new Session(socket);

	await session.line();
	await session.command(`LOGIN ${quoted(user)} ${quoted(process.env.IMAP_PASSWORD ?? '')}`);
	return session;
}

async function names(session, verb) {
	const list = [];

	await session.command(`${verb} "" *`, (parts) => {
		const m = /^\* L\w+ \(.*?\) (?:NIL|"(.)") (?:"(.*)"|(.*))$/.exec(parts[0]);
		const name = parts.length > 1 ? parts[1].toString('latin1') : m[2] ?? m[3];
		list.push(fromUtf7(name).replaceAll(m?.[1] === '.' ? '.' : '/', '/'));
	});
	return list.sort();
}

// The name of a folder as this server wants it: its separator, and its prefix where it has one.
async function wireName(session, folder) {
	let separator = '/', prefix = '';

	await session.command('NAMESPACE', (parts) => {
		const m = /^\* NAMESPACE \(\("(.*?)" "(.)"/.exec(parts[0]);
		if (m)
			[, prefix, separator] = m;
	});
	if (folder.toUpperCase() === 'INBOX')
		return 'INBOX';
	return prefix + utf7(folder).replaceAll('/', separator);
}

async function state(session, folder) {
	const lines = [];

	await session.command(`EXAMINE ${quoted(await wireName(session, folder))}`);
	await session.command('FETCH 1:* (UID FLAGS BODY.PEEK[])', (parts) => {
		const text = parts.filter((_, i) => i % 2 === 0).join(' ');
		const uid = /UID (\d+)/.exec(text);
		if (!uid || parts.length < 2)
			return;
		const flags = /FLAGS \((.*?)\)/.exec(text)[1].split(' ')
			.filter((f) => f !== '' && f !== '\\Recent').sort().join(',');
		lines.push(`${uid[1]} ${flags || '-'} ${crypto.createHash('sha256').update(parts[1]).digest('hex')}`);
	}).catch((e) => {
		if (!/BAD/.test(e.message)) // an empty folder has no mail 1
			throw e;
	});
	return lines;
}

function directory(maildir, folder) {
	return folder.toUpperCase() === 'INBOX' ? maildir : path.join(maildir, `.${utf7(folder).replaceAll('/', '.')}`);
}

// Files with their flags, in the order of their names.
function* mailsOf(from) {
	for (const where of from) {
		if (!fs.statSync(where).isDirectory()) {
			yield [where, ''];
			continue;
		}
		const subs = fs.existsSync(path.join(where, 'cur')) ? ['new', 'cur'] : ['.'];
		const all = subs.flatMap((d) => fs.readdirSync(path.join(where, d)).map((f) => [f, path.join(where, d, f)]));
		for (const [name, file] of all.sort((a, b) => a[0] < b[0] ? -1 : 1))
			yield [file, /:2,(\w*)$/.exec(name)?.[1] ?? ''];
	}
}

function deliver(kind, maildir, folder, from) {
	const to = directory(maildir, folder);
	const seconds = Math.floor(Date.now() / 1000);
	let n = 0;

	for (const d of ['tmp', 'new', 'cur'])
		fs.mkdirSync(path.join(to, d), { recursive: true, mode: 0o700 });
	if (to !== maildir)
		fs.closeSync(fs.openSync(path.join(to, 'maildirfolder'), 'a'));
	for (const [file, flags] of mailsOf(from)) {
		const bytes = fs.readFileSync(file);
		let bare = 0;
		for (let at = -1; (at = bytes.indexOf(10, at + 1)) >= 0;)
			bare += at === 0 || bytes[at - 1] !== 13;
		// Many are delivered in a moment: each a microsecond later, so that they keep their order.
		const micro = (process.hrtime.bigint() / 1000n * 1000000n + BigInt(n)) % 1000000n;
		const at = seconds + Math.floor(n / 1000000);
		const unique = `${at}.M${String(micro).padStart(6, '0')}P${process.pid}.test`;
		const name = kind === 'plain' ? unique : `${unique},S=${bytes.length},W=${bytes.length + bare}`;
		fs.writeFileSync(path.join(to, 'tmp', unique), bytes, { mode: 0o600, flag: 'wx' });
		fs.renameSync(path.join(to, 'tmp', unique),
			flags === '' ? path.join(to, 'new', name) : path.join(to, 'cur', `${name}:2,${flags}`));
		n++;
	}
	return n;
}

async function talk(verb, [port, ca, user, ...rest]) {
	const session = await connect(port, ca, user);

	const print = (lines) => process.stdout.write(lines.map((l) => `${l}\n`).join(''));

	if (verb === 'state')
		print(await state(session, rest[0]));
	else if (verb === 'folders' || verb === 'subscribed')
		print(await names(session, verb === 'folders' ? 'LIST' : 'LSUB'));
	else
		for (const command of rest)
			console.log(await session.command(command, (parts) =>
				console.log(parts.map((p) => p.toString('latin1')).join('\n'))));
	session.socket.destroy();
}

const [verb, ...args] = process.argv.slice(2);
if (verb === 'dir')
	console.log(directory(...args));
else if (verb === 'deliver')
	deliver(args[0], args[1], args[2], args.slice(3));
else
	await talk(verb, args).catch((e) => {
		console.error(e.message);
		process.exit(1);
	});

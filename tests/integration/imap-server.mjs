// imap-server.mjs - an IMAP server that misbehaves, in one way for each name.
//
//   node imap-server.mjs WAY[:ARGUMENT] MAILS OUT [CERTIFICATE KEY]
//
// On loopback; prints its port in the clear (with STARTTLS where there is a certificate), and its port
// for TLS.  INBOX holds the files of the directory MAILS, in the order of their names, the folder
// "DMARC/Older" those of MAILS.older, if it is there; what is in MAILS.late arrives at SIGUSR1.
// Everybody's password is "correct-horse", and everybody's token "good-token".
//
// OUT/said   what clients said: the connection's number, "tls" or "clear", the line; literals as they are.
//            Lines with "#" are remarks: "# 1 body INBOX 7" - the mail with UID 7 was handed out
// OUT/state  what is in the folders, after each command: name, UIDVALIDITY, UID, flags, SHA-256
import net from 'node:net';
import tls from 'node:tls';
import fs from 'node:fs';
import path from 'node:path';
import crypto from 'node:crypto';

const [spec, from, out, certificate, key] = process.argv.slice(2);
const way = spec.split(':')[0];
const argument = spec.includes(':') ? spec.slice(spec.indexOf(':') + 1) : '';
const secure = certificate ? tls.createSecureContext({ cert: fs.readFileSync(certificate), key: fs.readFileSync(key) }) : null;

const PASSWORD = 'correct-horse';
const TOKEN = 'good-token';
const GIGA = 1 << 30;

const wait = (ms) => new Promise((done) => setTimeout(done, ms));

// Folders, as all connections see them.

const folders = new Map();
const sessions = new Set();
let connections = 0;
let refused = 0;

function folder(name) {
	folders.set(name, { name, uidvalidity: 1000 + folders.size, uidnext: 1, mails: [] });
	return folders.get(name);
}

function arrive(box, bytes) {
	box.mails.push({ uid: box.uidnext, flags: new Set(), bytes });
	box.uidnext += way === 'gaps' ? 100000 : 1;
}

function fill(box, dir) {
	for (const name of fs.readdirSync(dir).sort())
		arrive(box, Buffer.from(fs.readFileSync(path.join(dir, name), 'latin1').replace(/\r?\n/g, '\r\n'), 'latin1'));
}

function remember() {
	const lines = [];

	for (const box of folders.values())
		for (const m of box.mails)
			lines.push([box.name, box.uidvalidity, m.uid, [...m.flags].sort().join(',') || '-',
				crypto.createHash('sha256').update(m.bytes).digest('hex')].join(' '));
	fs.writeFileSync(path.join(out, 'state.new'), lines.map((l) => `${l}\n`).join(''));
	fs.renameSync(path.join(out, 'state.new'), path.join(out, 'state'));
}

const note = (text) => fs.appendFileSync(path.join(out, 'said'), `${text}\n`, 'latin1');

// What each way changes.  Functions get the session; what they return stands in for the usual.

const all = 'IMAP4rev1 SASL-IR AUTH=PLAIN AUTH=LOGIN LITERAL+ UIDPLUS MOVE IDLE NAMESPACE ID ENABLE UNSELECT';
const ways = {
	plain: {},
	gaps: {},
	surprises: { chatter: true },
	literals: { literals: true },
	order: { fetched: inPieces },
	'nil-body': { body: (s, m) => m.uid === 2 ? 'NIL' : undefined },
	'empty-body': { body: (s, m) => m.uid === 2 ? '""' : undefined },
	'quoted-body': { body: (s, m) => m.uid === 2 ? '"no mail"' : undefined },
	'size-small': { size: () => 1 },
	'size-large': { size: (s, m) => m.bytes.length + 1000 },
	'size-huge': { size: (s, m) => m.uid === 2 ? 99 * 1024 * 1024 : m.bytes.length },
	'size-missing': { size: () => null },
	'size-nonsense': { size: (s, m) => m.uid === 2 ? '-1' : m.bytes.length },
	'no-uidnext': { uidnext: false },
	icloud: { rfc822: 'NIL' },
	'high-sequence': { sequence: (n) => n + 100000 },
	cut: { bytes: (s) => s.id === 1 ? Number(argument) : Infinity },
	bye: { command: (s) => s.id === 1 && s.commands === Number(argument) && bye(s) },
	'bye-always': { command: (s, tag, verb) => verb === argument && bye(s) },
	alert: { greeting: '* OK [ALERT] The disk is nearly full.', before: '* OK [ALERT] The disk is nearly full.' },
	throttled: { command: (s, tag, verb) => refuseTwice(s, tag, verb, '[THROTTLED] slow down') },
	limit: { command: (s, tag, verb) => refuseTwice(s, tag, verb, '[LIMIT] Rate limit hit') },
	'throttled-always': { command: (s, tag, verb) => verb === 'UID FETCH' && s.line(`${tag} NO [THROTTLED] slow down`) },
	unavailable: { command: (s, tag, verb) => isLogin(verb) && refused++ < 1 && s.line(`${tag} NO [UNAVAILABLE] back soon`) },
	auth: { command: (s, tag, verb) => isLogin(verb) && s.line(`${tag} NO ${argument ? `[${argument}] ` : ''}The words of the server`) },
	'token-refused': { caps: all.replace('AUTH=PLAIN AUTH=LOGIN', `AUTH=${argument}`), token: () => false },
	token: { caps: all.replace('AUTH=PLAIN AUTH=LOGIN', `AUTH=${argument}`) },
	'login-disabled': { caps: 'IMAP4rev1 LOGINDISABLED' },
	'no-sasl-ir': { caps: 'IMAP4rev1 AUTH=PLAIN UIDPLUS MOVE' },
	'no-literals': { caps: 'IMAP4rev1 AUTH=PLAIN SASL-IR UIDPLUS MOVE' },
	'login-only': { caps: 'IMAP4rev1 UIDPLUS MOVE' },
	'starttls-stripped': { starttls: false },
	'starttls-no': { command: (s, tag, verb) => verb === 'STARTTLS' && s.line(`${tag} NO not now`) },
	'starttls-injected': { command: injected },
	'starttls-then-nothing': { command: (s, tag, verb) => verb === 'STARTTLS' && s.line(`${tag} OK go on`) },
	preauth: { greeting: '* PREAUTH welcome back' },
	'no-imap': { greeting: '220 mail.example ESMTP' },
	'greeting-bye': { greeting: '* BYE too busy', hangUp: true },
	'endless-greeting': { greet: endless },
	'endless-line': { command: (s, tag, verb) => verb === argument && endless(s) },
	'endless-lines': { command: (s, tag, verb) => verb === argument && endlessLines(s) },
	'endless-list': { command: (s, tag, verb) => verb === 'UID FETCH' && endlessList(s) },
	'deep-list': { command: (s, tag, verb) => verb === 'UID FETCH' && s.line(`* 1 FETCH ${'('.repeat(100000)}`) },
	'huge-literal': { body: (s) => hugeLiteral(s, 2 ** 40, 1 << 20) },
	'huge-name': { command: (s, tag, verb) => verb === 'LIST' && s.line('* LIST () "/" {1099511627776}') },
	'overflow-literal': { body: (s) => hugeLiteral(s, '99999999999999999999999', 1 << 20) },
	'negative-literal': { body: (s) => hugeLiteral(s, '-5', 100) },
	large: { size: (s, m) => m.uid === 2 ? 4 * GIGA : m.bytes.length, body: (s, m) => m.uid === 2 ? largeMail(s) : undefined },
	'large-lie': { size: (s, m) => m.bytes.length, body: (s, m) => m.uid === 2 ? largeMail(s) : undefined },
	uidvalidity: { select: (s) => void (s.box.uidvalidity = 5000 + s.id) },
	'uidvalidity-none': { uidvalidity: false },
	'expunge-meanwhile': { fetched: expungeMeanwhile },
	'no-uidplus': { caps: 'IMAP4rev1 AUTH=PLAIN SASL-IR IDLE' },
	'no-move': { caps: 'IMAP4rev1 AUTH=PLAIN SASL-IR IDLE UIDPLUS' },
	noperm: { command: (s, tag, verb) => /^UID (MOVE|COPY)$/.test(verb) && s.line(`${tag} NO [NOPERM] You may not`) },
	'move-broken': { command: (s, tag, verb) => verb === 'UID MOVE' && s.line(`${tag} NO something went wrong`) },
	'read-only': { readonly: true },
	'no-keywords': { permanent: '(\\Answered \\Flagged \\Deleted \\Seen \\Draft)' },
	'no-star': { list: (s, pattern) => pattern.includes('*') ? [] : undefined },
	'star-refused': { command: (s, tag, verb, rest) => verb === 'LIST' && rest.includes('*') && s.line(`${tag} BAD no such wildcard`) },
	flat: { separator: 'NIL' },
	dots: { separator: '"."', prefix: 'INBOX.' },
	'caps-silent': { caps: (s) => s.user ? all : 'IMAP4rev1 AUTH=PLAIN', told: false },
	'caps-less': { caps: (s) => s.user ? 'IMAP4rev1 UIDPLUS' : all },
	silent: { command: (s, tag, verb) => verb === argument },
	'no-idle': { caps: all.replace(' IDLE', '') },
	'idle-deaf': { idle: (s) => s.id === 1 && s.line('+ idling') && (s.deaf = true) },
	'idle-refused': { idle: (s, tag) => s.line(`${tag} NO not today`) },
	'wrong-tag': { command: (s, tag, verb) => verb === 'UID FETCH' && s.line('zz9 OK done') },
	'fetch-nothing': { fetched: () => true },
	'other-uids': { fetched: (s, m, n) => s.line(`* ${n} FETCH (UID ${m.uid + 7000} RFC822.SIZE 10)`) },
	'twice': { fetched: (s, m, n, items) => { fetched(s, m, n, items); fetched(s, m, n, items); return true; } },
	'no-crlf': { eol: '\n' },
	nul: { fetched: (s, m, n, items) => m.uid === 2 && s.line(`* ${n} FETCH (UID 2 FLAGS (\0))`) && false },
};
const it = ways[way];
if (!it) {
	console.error(`no way "${way}": ${Object.keys(ways).join(' ')}`);
	process.exit(1);
}

const isLogin = (verb) => verb === 'LOGIN' || verb === 'AUTHENTICATE';

function bye(s) {
	s.line('* BYE the server goes down');
	s.end();
	return true;
}

function refuseTwice(s, tag, verb, words) {
	return verb === 'UID FETCH' && refused++ < 2 && s.line(`${tag} NO ${words}`);
}

function injected(s, tag, verb) {
	if (verb !== 'STARTTLS')
		return false;
	s.line(`${tag} OK begin\r\n* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n* OK injected`);
	s.startTls();
	return true;
}

// Until the client hangs up, as fast as it takes it.
async function pour(s, chunk, most = Infinity) {
	for (let n = 0; !s.socket.destroyed && n < most; n += chunk.length)
		if (!s.socket.write(chunk.subarray(0, Math.min(chunk.length, most - n))))
			await new Promise((go) => {
				s.socket.once('drain', go);
				s.socket.once('close', go);
			});
	return true;
}

function endless(s) {
	return pour(s, Buffer.alloc(65536, 'x'));
}

function endlessLines(s) {
	return pour(s, Buffer.from('* OK and on and on\r\n'.repeat(3000)));
}

async function endlessList(s) {
	s.socket.write('* 1 FETCH (FLAGS (');
	return pour(s, Buffer.from('\\Odd '.repeat(12000)));
}

function hugeLiteral(s, size, sent) {
	s.socket.write(`{${size}}\r\n`);
	s.socket.write(Buffer.alloc(sent, 'y'));
	return null;
}

async function largeMail(s) {
	note(`# ${s.id} large begins`);
	s.socket.write(`{${4 * GIGA}}\r\n`);
	await pour(s, Buffer.from(`${'z'.repeat(62)}\r\n`.repeat(8192)), 4 * GIGA);
	note(`# ${s.id} large ends`);
	return '';
}

// In any order, in pieces, and with what nobody asked for.
async function inPieces(s, m, n, items) {
	s.line(`* ${n} FETCH (FLAGS (\\Recent))`);
	if (items.size)
		s.line(`* ${n} FETCH (RFC822.SIZE ${m.bytes.length} FLAGS () UID ${m.uid})`);
	if (items.body) {
		s.line(`* ${n} FETCH (UID ${m.uid} MODSEQ (12345))`);
		s.line(`* ${n} FETCH (BODY[] {${m.bytes.length}}`);
		s.send(m.bytes);
		s.line(` X-ODD ("a" (NIL "b\\"c")) INTERNALDATE "01-Nov-2026 00:00:00 +0000" UID ${m.uid})`);
		note(`# ${s.id} body ${s.box.name} ${m.uid}`);
	}
	s.line(`* ${n} FETCH (FLAGS (\\Seen))`);
	return true;
}

// Another client deletes the third mail while the bodies are on their way.
function expungeMeanwhile(s, m, n, items) {
	if (items.body && m.uid === 3 && !s.expunged) {
		s.expunged = true;
		s.box.mails.splice(n - 1, 1);
		s.line(`* ${n} EXPUNGE`);
		return true;
	}
	return false;
}

// Whether a command's result is the way's.
const asks = async (hook, ...args) => typeof it[hook] === 'function' ? it[hook](...args) : it[hook];

class Session {
	constructor(socket, isTls) {
		this.id = ++connections;
		this.commands = 0;
		this.isTls = isTls;
		this.sent = 0;
		this.limit = it.bytes ? it.bytes(this) : Infinity;
		this.user = null;
		this.box = null;
		this.idling = null;
		this.queue = Promise.resolve();
		sessions.add(this);
		this.attach(socket);
	}

	attach(socket) {
		this.socket = socket;
		this.input = Buffer.alloc(0);
		this.need = null;
		socket.on('error', () => {});
		socket.on('close', () => sessions.delete(this));
		socket.on('data', (d) => {
			this.input = Buffer.concat([this.input, d]);
			this.read();
		});
	}

	// Lines, with their literals in them.
	read() {
		for (;;) {
			const text = this.input.toString('latin1');
			let at = this.from ?? 0;
			const nl = text.indexOf('\r\n', at);
			if (nl < 0)
				return;
			const literal = /\{(\d+)(\+?)\}$/.exec(text.slice(at, nl));
			if (literal) {
				if (!literal[2] && this.asked !== nl) {
					this.asked = nl;
					this.line('+ go on');
				}
				at = nl + 2 + Number(literal[1]);
				if (this.input.length < at)
					return;
				this.from = at;
				continue;
			}
			this.input = this.input.subarray(nl + 2);
			this.from = 0;
			this.asked = null;
			const line = text.slice(0, nl);
			note(`${this.id} ${this.isTls ? 'tls' : 'clear'} ${line}`);
			if (this.waiting) {
				const go = this.waiting;
				this.waiting = null;
				go(line);
			} else {
				this.queue = this.queue.then(() => this.command(line)).then(remember).catch((e) => {
					note(`# ${this.id} error ${e.stack}`);
				});
			}
			if (this.switching)
				return;
		}
	}

	// What the client says next, not as a command.
	next() {
		return new Promise((go) => {
			this.waiting = go;
		});
	}

	send(data) {
		const bytes = Buffer.isBuffer(data) ? data : Buffer.from(data, 'latin1');
		const left = this.limit - this.sent;

		if (this.socket.destroyed)
			return true;
		this.sent += bytes.length;
		if (bytes.length < left) {
			this.socket.write(bytes);
		} else if (left > 0) {
			this.socket.write(bytes.subarray(0, left));
			this.end();
		}
		return true;
	}

	line(text) {
		return this.send(`${text}${it.eol ?? '\r\n'}`);
	}

	end() {
		note(`# ${this.id} ends after ${this.sent}`);
		this.socket.end();
		setTimeout(() => this.socket.destroy(), 100);
		return true;
	}

	get caps() {
		const caps = typeof it.caps === 'function' ? it.caps(this) : it.caps ?? all;

		return secure && !this.isTls && it.starttls !== false ? `${caps} STARTTLS LOGINDISABLED` : caps;
	}

	async greet() {
		const told = it.told === false ? '' : `[CAPABILITY ${this.caps}] `;

		if (it.greet)
			return it.greet(this);
		this.line(it.greeting ?? `* OK ${told}ready`);
		return it.hangUp ? this.end() : true;
	}

	chatter() {
		const n = this.box?.mails.length ?? 0;

		this.line('* OK [ALERT] somebody is at the door');
		this.line('* NO the disk is nearly full');
		this.line('* BAD did you say something?');
		this.line('* STATUS "DMARC/Older" (MESSAGES 3 UIDNEXT 99)');
		this.line('* XSTRANGE (NIL "quoted \\" \\\\ ]" {5}\r\nab\r\nc) 12');
		this.line('* SEARCH 9 8 7');
		this.line('* 17 OFFSET ("x")');
		this.line('* OK [UNKNOWN-CODE (a "bc" NIL) d] [text] with {3}');
		this.line('* FLAGS (\\Seen \\Deleted $Ruastat)');
		if (this.box) {
			this.line(`* ${n} EXISTS`);
			this.line('* 0 RECENT');
			if (n > 0)
				this.line(`* ${n} FETCH (FLAGS (\\Seen) MODSEQ (77))`);
		}
	}

	async command(line) {
		const m = /^(\S+) (UID \S+|\S+) ?([^]*)$/i.exec(line);
		const [tag, verb, rest] = m ? [m[1], m[2].toUpperCase(), m[3]] : ['*', '', ''];

		if (this.socket.destroyed)
			return;
		if (this.deaf)
			return;
		this.commands++;
		if (it.chatter)
			this.chatter();
		if (it.before)
			this.line(it.before);
		if (await asks('command', this, tag, verb, rest))
			return;
		const handler = handlers[verb];
		if (!handler || (!this.user && !handlers[verb].early)) {
			this.line(`${tag} BAD ${verb} is unknown here`);
			return;
		}
		const before = this.box;
		const answer = await handler(this, tag, rest);
		if (it.chatter)
			this.chatter();
		// What arrived meanwhile is told with the next answer.
		if (this.box && this.box === before && this.box.mails.length > this.seen)
			this.line(`* ${this.box.mails.length} EXISTS`);
		this.seen = this.box?.mails.length ?? 0;
		if (answer !== null)
			this.line(`${tag} ${answer ?? `OK ${verb} done`}`);
	}

	startTls() {
		this.isTls = true;
		this.switching = true;
		const plain = this.socket;
		plain.removeAllListeners('data');
		const socket = new tls.TLSSocket(plain, { isServer: true, secureContext: secure });
		this.switching = false;
		this.attach(socket);
	}
}

// Words of a command: atoms, quoted strings, literals, lists as one.
function words(text) {
	const list = [];
	const part = /\s*(?:"((?:[^"\\]|\\.)*)"|\{(\d+)\+?\}\r\n|(\([^)]*\))|([^\s"]+))/gy;

	for (let m; (m = part.exec(text));) {
		if (m[2] !== undefined) {
			list.push(text.substr(part.lastIndex, Number(m[2])));
			part.lastIndex += Number(m[2]);
		} else {
			list.push(m[1] !== undefined ? m[1].replace(/\\(.)/g, '$1') : m[3] ?? m[4]);
		}
	}
	return list;
}

// The mails of a set of UIDs, as RFC 3501 6.4.8 has it: 9:* names the last mail whatever its UID.
function inSet(box, set) {
	const last = box.mails.length ? box.mails[box.mails.length - 1].uid : 0;
	const ranges = set.split(',').map((r) => r.split(':').map((n) => n === '*' ? last : Number(n)));

	return box.mails.filter((m) => ranges.some(([a, b = a]) => m.uid >= Math.min(a, b) && m.uid <= Math.max(a, b)));
}

const wire = (name) => name.toUpperCase() === 'INBOX' || !it.prefix ? name : it.prefix + name.replaceAll('/', '.');

function byWire(name) {
	if (name.toUpperCase() === 'INBOX')
		return folders.get('INBOX');
	return [...folders.values()].find((f) => wire(f.name) === name);
}

const fromWire = (name) => it.prefix && name.startsWith(it.prefix)
	? name.slice(it.prefix.length).replaceAll('.', '/') : name;

function quoted(name) {
	if (it.literals)
		return `{${name.length}}\r\n${name}`;
	return `"${name.replace(/["\\]/g, '\\$&')}"`;
}

function tokenIsGood(s, text) {
	return (!it.token || it.token(s)) && text.includes(`\x01auth=Bearer ${TOKEN}\x01`);
}

async function authenticate(s, tag, rest) {
	const [mechanism, initial] = words(rest);
	const decode = (t) => Buffer.from(t === '=' ? '' : t ?? '', 'base64').toString('latin1');
	const kind = mechanism.toUpperCase();

	if (!s.caps.includes(`AUTH=${kind}`))
		return 'NO [CANNOT] no such mechanism';
	const ask = async (prompt) => {
		s.line(`+ ${prompt}`);
		return decode(await s.next());
	};
	if (kind === 'LOGIN') {
		const user = initial ? decode(initial) : await ask('VXNlcm5hbWU6');
		return admit(s, user, await ask('UGFzc3dvcmQ6') === PASSWORD);
	}
	const given = initial && s.caps.includes('SASL-IR') ? decode(initial) : await ask('');
	if (kind === 'PLAIN') {
		const [, user, password] = given.split('\0');
		return admit(s, user, password === PASSWORD);
	}
	if (tokenIsGood(s, given))
		return admit(s, given.match(/(?:user|a)=([^\x01,]*)/)?.[1], true);
	const why = kind === 'XOAUTH2' ? '{"status":"400","schemes":"Bearer","scope":"https://mail.example/"}'
		: '{"status":"invalid_token","scope":"mail","openid-configuration":"https://mail.example/"}';
	s.line(`+ ${Buffer.from(why).toString('base64')}`);
	note(`# ${s.id} answered "${await s.next()}"`);
	return 'NO [AUTHENTICATIONFAILED] The words of the server';
}

function admit(s, user, good) {
	if (!good)
		return 'NO [AUTHENTICATIONFAILED] The words of the server';
	s.user = user;
	return it.told === false ? 'OK welcome' : `OK [CAPABILITY ${s.caps}] welcome`;
}

function select(s, rest, readonly) {
	const box = byWire(words(rest)[0]);

	s.box = null;
	if (!box)
		return 'NO [NONEXISTENT] there is no such folder';
	s.box = box;
	s.readonly = readonly || it.readonly;
	it.select?.(s);
	s.line('* FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft)');
	s.line(`* OK [PERMANENTFLAGS ${s.readonly ? '()' : it.permanent ?? '(\\Answered \\Flagged \\Deleted \\Seen \\Draft \\*)'}] these`);
	s.line(`* ${box.mails.length} EXISTS`);
	s.line('* 0 RECENT');
	if (it.uidvalidity !== false)
		s.line(`* OK [UIDVALIDITY ${box.uidvalidity}] valid`);
	if (it.uidnext !== false)
		s.line(`* OK [UIDNEXT ${box.uidnext}] next`);
	return `OK [READ-${s.readonly ? 'ONLY' : 'WRITE'}] opened`;
}

async function fetched(s, m, n, items) {
	const parts = [`UID ${m.uid}`];
	const size = it.size ? it.size(s, m) : m.bytes.length;

	if (items.flags)
		parts.push(`FLAGS (${[...m.flags].join(' ')})`);
	if (items.size && size !== null)
		parts.push(`RFC822.SIZE ${size}`);
	if (items.date)
		parts.push(`INTERNALDATE ${it.literals ? '{26}\r\n' : '"'}01-Nov-2026 00:00:00 +0000${it.literals ? '' : '"'}`);
	if (items.rfc822)
		parts.push(`RFC822 ${it.rfc822 ?? '""'}`);
	s.send(`* ${it.sequence ? it.sequence(n) : n} FETCH (${parts.join(' ')}`);
	if (items.body) {
		s.send(' BODY[] ');
		const other = it.body ? await it.body(s, m) : undefined;
		if (other === null)
			return true;
		if (other !== undefined) {
			s.send(other);
		} else {
			note(`# ${s.id} body ${s.box.name} ${m.uid}`);
			s.send(`{${m.bytes.length}}\r\n`);
			s.send(m.bytes);
		}
	}
	return s.line(')');
}

async function fetch(s, tag, rest) {
	const [set, ...list] = words(rest);
	const asked = list.join(' ').toUpperCase();
	const items = { body: /BODY(\.PEEK)?\[\]/.test(asked), size: asked.includes('RFC822.SIZE'),
		flags: asked.includes('FLAGS'), date: asked.includes('INTERNALDATE'), rfc822: /\bRFC822(?!\.)/.test(asked) };

	if (!s.box)
		return 'BAD no folder is open';
	for (const m of inSet(s.box, set)) {
		if (/BODY\[\]/.test(asked) && !s.readonly)
			m.flags.add('\\Seen');
		const n = s.box.mails.indexOf(m) + 1;
		if (!await asks('fetched', s, m, n, items))
			await fetched(s, m, n, items);
		if (s.socket.writableLength > 4 << 20)
			await new Promise((go) => {
				s.socket.once('drain', go);
				s.socket.once('close', go);
			});
	}
	return undefined;
}

function expunge(s, mails) {
	for (const m of mails) {
		const n = s.box.mails.indexOf(m);
		if (n < 0)
			continue;
		s.box.mails.splice(n, 1);
		s.line(`* ${n + 1} EXPUNGE`);
	}
}

function copy(s, mails, name) {
	const to = byWire(name);
	const before = to?.uidnext;

	if (!to)
		return null;
	for (const m of mails)
		to.mails.push({ uid: to.uidnext++, flags: new Set(m.flags), bytes: m.bytes });
	return mails.length ? `[COPYUID ${to.uidvalidity} ${mails.map((m) => m.uid).join(',')} ${before}:${to.uidnext - 1}]` : '';
}

const mayNot = (s) => !s.box ? 'BAD no folder is open' : s.readonly ? 'NO [READ-ONLY] this is read-only' : undefined;

const handlers = {
	CAPABILITY: (s) => void s.line(`* CAPABILITY ${s.caps}`),
	NOOP: () => undefined,
	ID: (s) => void s.line('* ID ("name" "odd" "version" NIL)'),
	LOGOUT: (s, tag) => {
		s.line('* BYE until next time');
		s.line(`${tag} OK done`);
		s.end();
		return null;
	},
	STARTTLS: (s, tag) => {
		if (!secure || s.isTls || it.starttls === false)
			return 'BAD not here';
		s.line(`${tag} OK go on`);
		s.startTls();
		return null;
	},
	LOGIN: (s, tag, rest) => {
		const [user, password] = words(rest);
		return s.caps.includes('LOGINDISABLED') ? 'NO [PRIVACYREQUIRED] not here' : admit(s, user, password === PASSWORD);
	},
	AUTHENTICATE: authenticate,
	ENABLE: (s) => void s.line('* ENABLED'),
	NAMESPACE: (s) => s.caps.includes('NAMESPACE') || it.prefix
		? void s.line(`* NAMESPACE ((${quoted(it.prefix ?? '')} ${it.separator ?? '"/"'})) NIL NIL`) : 'BAD what?',
	LIST: (s, tag, rest) => {
		const pattern = words(rest).pop();
		const separator = it.separator ?? '"/"';
		if (pattern === '') {
			s.line(`* LIST (\\Noselect) ${separator} ""`);
			return undefined;
		}
		const match = new RegExp(`^${pattern.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*')
			.replaceAll('%', it.prefix ? '[^.]*' : '[^/]*')}$`, /^inbox$/i.test(pattern) ? 'i' : '');
		const names = it.list?.(s, pattern) ?? [...folders.keys()].map(wire).filter((n) => match.test(n));
		for (const name of names)
			s.line(`* LIST (\\HasNoChildren) ${separator} ${quoted(name)}`);
		// A level above that is no folder itself.
		if (!it.list && /[%]$/.test(pattern) && match.test('DMARC') && folders.size > 1)
			s.line(`* LIST (\\Noselect \\HasChildren) ${separator} ${quoted('DMARC')}`);
		return undefined;
	},
	LSUB: () => undefined,
	STATUS: (s, tag, rest) => {
		const [name, items] = words(rest);
		const box = byWire(name);
		if (!box)
			return 'NO [NONEXISTENT] there is no such folder';
		const value = { MESSAGES: box.mails.length, UIDNEXT: box.uidnext, UIDVALIDITY: box.uidvalidity, UNSEEN: 0, RECENT: 0 };
		s.line(`* STATUS ${quoted(name)} (${items.slice(1, -1).split(' ').map((i) => `${i} ${value[i.toUpperCase()] ?? 0}`).join(' ')})`);
		return undefined;
	},
	CREATE: (s, tag, rest) => {
		folder(fromWire(words(rest)[0]));
		return undefined;
	},
	SELECT: (s, tag, rest) => select(s, rest, false),
	EXAMINE: (s, tag, rest) => select(s, rest, true),
	UNSELECT: (s) => {
		s.box = null;
	},
	CLOSE: (s) => {
		if (s.box && !s.readonly)
			s.box.mails = s.box.mails.filter((m) => !m.flags.has('\\Deleted'));
		s.box = null;
	},
	CHECK: () => undefined,
	'UID FETCH': fetch,
	'UID SEARCH': (s, tag, rest) => {
		const set = /UID ([\d:*,]+)/i.exec(rest)?.[1] ?? '1:*';
		s.line(`* SEARCH ${inSet(s.box, set).map((m) => m.uid).join(' ')}`.trimEnd());
	},
	'UID STORE': (s, tag, rest) => {
		const [set, how, list] = words(rest);
		const no = mayNot(s);
		if (no)
			return no;
		const own = /^\(\\?\w/.test(list) && it.permanent && list.includes('$');
		if (own)
			return 'NO [CANNOT] no such keyword';
		for (const m of inSet(s.box, set)) {
			for (const flag of list.slice(1, -1).split(' '))
				if (how.startsWith('-'))
					m.flags.delete(flag);
				else
					m.flags.add(flag);
			if (!/SILENT/i.test(how))
				s.line(`* ${s.box.mails.indexOf(m) + 1} FETCH (UID ${m.uid} FLAGS (${[...m.flags].join(' ')}))`);
		}
		return undefined;
	},
	'UID COPY': (s, tag, rest) => {
		const [set, name] = words(rest);
		const code = s.box ? copy(s, inSet(s.box, set), name) : 'x';
		return code === null ? 'NO [TRYCREATE] there is no such folder'
			: `OK ${s.caps.includes('UIDPLUS') ? `${code} ` : ''}copied`;
	},
	'UID MOVE': (s, tag, rest) => {
		const [set, name] = words(rest);
		const no = mayNot(s);
		if (no || !s.caps.includes('MOVE'))
			return no ?? 'BAD what?';
		const mails = inSet(s.box, set);
		const code = copy(s, mails, name);
		if (code === null)
			return 'NO [TRYCREATE] there is no such folder';
		if (code)
			s.line(`* OK ${code} moved`);
		expunge(s, mails);
		return undefined;
	},
	'UID EXPUNGE': (s, tag, rest) => {
		const no = mayNot(s);
		if (no || !s.caps.includes('UIDPLUS'))
			return no ?? 'BAD what?';
		expunge(s, inSet(s.box, words(rest)[0]).filter((m) => m.flags.has('\\Deleted')));
		return undefined;
	},
	EXPUNGE: (s) => mayNot(s) ?? void expunge(s, s.box.mails.filter((m) => m.flags.has('\\Deleted'))),
	IDLE: async (s, tag) => {
		if (!s.caps.includes('IDLE'))
			return 'BAD what?';
		if (await asks('idle', s, tag))
			return null;
		s.line('+ idling');
		s.idling = s.box?.mails.length ?? 0;
		await s.next();
		s.idling = null;
		return undefined;
	},
	COMPRESS: () => 'NO [CANNOT] not here',
};
for (const verb of ['CAPABILITY', 'NOOP', 'ID', 'LOGOUT', 'STARTTLS', 'LOGIN', 'AUTHENTICATE'])
	handlers[verb].early = true;

process.on('SIGUSR1', () => {
	fill(folders.get('INBOX'), `${from}.late`);
	remember();
	for (const s of sessions)
		if (s.idling !== null && s.box)
			s.line(`* ${s.box.mails.length} EXISTS`);
});

fill(folder('INBOX'), from);
if (fs.existsSync(`${from}.older`))
	fill(folder('DMARC/Older'), `${from}.older`);
remember();
note('# starts');

function accept(socket, isTls) {
	const s = new Session(socket, isTls);
	s.queue = s.greet();
}

const clear = net.createServer({ noDelay: true, allowHalfOpen: false }, (socket) => accept(socket, false));
clear.listen(0, '127.0.0.1', () => {
	if (!secure) {
		console.log(`${clear.address().port} 0`);
		return;
	}
	const closed = tls.createServer({ secureContext: secure, cert: fs.readFileSync(certificate),
		key: fs.readFileSync(key) }, (socket) => accept(socket, true));
	closed.on('tlsClientError', () => {});
	closed.listen(0, '127.0.0.1', () => console.log(`${clear.address().port} ${closed.address().port}`));
});

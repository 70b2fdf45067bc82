// abuse.mjs - a client that means no good: one way for each name, its figures as JSON to stdout.
//
//   node abuse.mjs WAY PORT [COOKIE]
//
// Loopback only; each way ends by itself.
import net from 'node:net';
import http from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

const [way, portText, cookie] = process.argv.slice(2);
const port = Number(portText);
const begin = performance.now();
const since = (t) => Math.max(1, Math.round(performance.now() - t));

// A connection from an address, with what came and when it ended.
function connect(localAddress, options = {}) {
	return new Promise((resolve) => {
		const t = performance.now();
		const c = { text: '', ended: 0, open: false };
		c.socket = net.connect({ host: '127.0.0.1', port, localAddress, ...options });
		c.gone = new Promise((end) => {
			const done = () => {
				c.ended ||= since(t);
				end(c);
				resolve(c);
			};
			c.socket.on('close', done);
			c.socket.on('end', done);
		});
		c.socket.on('error', () => {});
		c.socket.setMaxListeners(0);
		c.socket.on('data', (d) => {
			if (c.text.length < 1e6)
				c.text += d.toString('latin1');
		});
		c.socket.on('connect', () => {
			c.open = true;
			resolve(c);
		});
	});
}

const within = (promise, ms) => Promise.race([promise, sleep(ms, null, { ref: false })]);
const still = (all) => all.filter((c) => c.ended === 0).length;
const close = (all) => all.forEach((c) => c.socket.destroy());

// One request on a new connection: its status (0: none) and milliseconds.
function ask(localAddress, path, body, headers = {}) {
	return new Promise((resolve) => {
		const t = performance.now();
		const q = http.request({ host: '127.0.0.1', port, localAddress, path, agent: false,
			method: body === undefined ? 'GET' : 'POST', timeout: 5000,
			headers: body === undefined ? headers
				: { 'Content-Type': 'application/json', ...headers } });
		const end = (status) => resolve({ status, ms: since(t) });

		q.on('response', (r) => {
			r.resume();
			r.on('end', () => end(r.statusCode));
			r.on('error', () => end(0));
		});
		q.on('timeout', () => q.destroy());
		q.on('error', () => end(0));
		q.end(body);
	});
}

// Ask every so often until told to stop: how that went.
function keepAsking(localAddress, path, everyMs, headers) {
	const times = [];
	let failed = 0, stop = false;
	const done = (async () => {
		while (!stop) {
			const a = await ask(localAddress, path, undefined, headers);
			if (a.status === 200)
				times.push(a.ms);
			else
				failed++;
			await sleep(everyMs);
		}
		times.sort((a, b) => a - b);
		return { asked: times.length + failed, failed, median: times[times.length >> 1] ?? 0,
			p95: times[Math.floor(times.length * 0.95)] ?? 0, worst: times.at(-1) ?? 0 };
	})();

	return () => {
		stop = true;
		return done;
	};
}

const ways = {
	// A byte a second: of the header, of a body, behind an answer.  Others are done talking, with a
	// request or without a whole one, and still listen.
	async drip() {
		const openings = ['GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ',
			'POST /api/v1/login HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n',
			'', 'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n'];
		const stop = keepAsking('127.0.0.31', '/healthz', 200);
		const all = [];

		for (let i = 0; i < 20; i++) {
			const c = await connect('127.0.0.30');
			c.socket.write(openings[i % 4]);
			all.push(c);
		}
		const half = [];
		for (let i = 0; i < 40; i++) {
			const c = await connect('127.0.0.32', { allowHalfOpen: true });
			c.socket.end(i % 2 ? 'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n' : 'GET /heal');
			half.push(c);
		}
		const timer = setInterval(() => all.forEach((c) => c.socket.write(c.ended ? '' : 'x')), 1000);
		await within(Promise.all([...all, ...half].map((c) => c.gone)), 26000);
		clearInterval(timer);
		const ends = all.filter((c) => c.ended > 0).map((c) => c.ended);
		const figures = { ended: ends.length, first: Math.min(...ends), last: Math.max(...ends),
			half: { ended: 40 - still(half), last: Math.max(...half.map((c) => c.ended)),
				answered: half.filter((c) => c.text.startsWith('HTTP/1.1 200')).length },
			other: await stop() };
		close([...all, ...half]);
		return figures;
	},

	// As many idle connections as there may be; then others come.
	async idle() {
		const all = [];
		for (let i = 0; i < 500; i++)
			all.push(await connect(`127.0.1.${1 + i % 10}`));
		await sleep(500);
		const before = still(all);
		const others = [];
		for (let i = 0; i < 20; i++)
			others.push(await ask(`127.0.2.${1 + i}`, '/healthz'));
		const same = await ask('127.0.1.1', '/healthz');
		const together = await Promise.all([...Array(20).keys()].map((i) =>
			ask(`127.0.2.${101 + i}`, '/healthz')));
		await sleep(300);
		const after = still(all);
		// Those that stayed are no worse for it.
		const alive = all.filter((c) => c.ended === 0);
		alive.slice(0, 50).forEach((c) => c.socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n'));
		await sleep(1000);
		const served = alive.slice(0, 50).filter((c) => c.text.startsWith('HTTP/1.1 200')).length;
		close(all);
		return { before, after, answered: others.filter((a) => a.status === 200).length,
			worst: Math.max(...others.map((a) => a.ms)), same: same.status,
			together: together.filter((a) => a.status === 200).length, served };
	},

	// Of one address not too many.
	async cap() {
		const all = await Promise.all([...Array(150)].map(() => connect('127.0.3.1')));
		await sleep(500);
		const left = still(all);
		const other = await ask('127.0.3.2', '/healthz');
		const own = await ask('127.0.3.1', '/healthz');
		close(all);
		await sleep(500);
		const later = await ask('127.0.3.1', '/healthz');
		return { left, other: other.status, own: own.status, later: later.status };
	},

	// Fifty wrong passwords a second for five seconds, by one client or by fifty.
	async guess(clients = 1) {
		const stop = keepAsking('127.0.4.200', '/api/v1/session', 50, { Cookie: cookie });
		const all = [];

		for (let i = 0; i < 250; i++) {
			const body = JSON.stringify({ name: `nobody${i % 50}`, password: 'wrong wrong wrong' });
			all.push(ask(`127.0.4.${1 + i % clients}`, '/api/v1/login', body));
			await sleep(Math.max(0, 20 * (i + 1) - (performance.now() - begin)));
		}
		const figures = { other: await stop() };
		for (const a of await Promise.all(all))
			figures[a.status] = (figures[a.status] ?? 0) + 1;
		return figures;
	},
	guesses: () => ways.guess(50),

	// What is no HTTP, or more of it than anybody wants.
	async junk() {
		const figures = {};
		const stop = keepAsking('127.0.5.200', '/healthz', 100);

		// A header without an end.
		let c = await connect('127.0.5.1');
		let sent = 0;
		c.socket.write('GET / HTTP/1.1\r\nHost: x\r\n');
		while (c.ended === 0 && sent < 50e6) {
			const line = `X-${sent}: ${'x'.repeat(8000)}\r\n`;
			sent += line.length;
			if (!c.socket.write(line))
				await within(Promise.race([c.gone, new Promise((r) => c.socket.once('drain', r))]), 3000);
			await sleep(0);
		}
		figures.header = { ended: c.ended > 0, status: c.text.slice(9, 12), sent };
		close([c]);

		// A body without an end: read and forgotten, or refused.
		c = await connect('127.0.5.2');
		c.socket.write('POST /api/v1/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n' +
			'Transfer-Encoding: chunked\r\n\r\n');
		sent = 0;
		while (c.ended === 0 && c.text === '' && sent < 50e6) {
			sent += 65536;
			if (!c.socket.write(`10000\r\n${'x'.repeat(65536)}\r\n`))
				await within(Promise.race([c.gone, new Promise((r) => c.socket.once('drain', r))]), 3000);
			await sleep(0);
		}
		if (c.ended === 0 && c.text === '')
			c.socket.write('0\r\n\r\n');
		await within(c.gone, 1000);
		figures.body = { status: c.text.slice(9, 12), sent };
		close([c]);

		// Junk in front of, behind and instead of requests.
		const junk = Buffer.from([...Array(65536).keys()].map((i) => (i * 7919 + (i >> 8)) & 255));
		const all = [];
		for (let i = 0; i < 30; i++) {
			c = await connect('127.0.5.3');
			if (i % 3 === 1)
				c.socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n');
			c.socket.write(i % 3 === 2 ? '\0'.repeat(65536) : junk);
			all.push(c);
		}
		await within(Promise.all(all.map((o) => o.gone)), 3000);
		figures.junk = { ended: 30 - still(all),
			answered: all.filter((o) => o.text.startsWith('HTTP/1.1 200')).length };
		close(all);

		// A hundred requests at once, one behind the other.
		c = await connect('127.0.5.4');
		c.socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(100));
		for (let i = 0; i < 30 && c.text.split('\nok\n').length <= 100; i++)
			await sleep(100);
		figures.pipelined = c.text.split('\r\n\r\nok\n').length - 1;
		close([c]);

		// Who asks for much and takes none of it.
		const deaf = [];
		for (let i = 0; i < 40; i++) {
			c = await connect('127.0.5.6');
			c.socket.pause();
			c.socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(20000));
			deaf.push(c);
		}
		await sleep(2000);
		close(deaf);
		figures.other = await stop();
		return figures;
	},
};

console.log(JSON.stringify(await ways[way]()));
process.exit(0);

// delay-proxy.mjs - a line between client and server: long, thin, or one that breaks.
//
//   node delay-proxy.mjs PORT [KEY=NUMBER...]
//
//   delay=MS       each way, for every byte alike, in order; bandwidth is not limited
//   up=N, down=N   the first connection ends after so many bytes from (to) the client
//   every=1        not only the first, each
//   stall=N        nothing more comes from the server after N bytes, and nothing ends
//   rate=N         bytes a second each way
//
// To 127.0.0.1:PORT.  Prints its own port; then for each connection that ended "ended N up U down D".
// SIGUSR1 breaks all connections.
import net from 'node:net';

const HELD = 16 << 20; // in one direction; then the sender waits as it would for a full window

const [target, ...rest] = process.argv.slice(2);
const set = Object.fromEntries(rest.map((s) => s.split('=')).map(([k, v]) => [k, Number(v)]));
const open = new Set();
let count = 0;

// Carry bytes one way; ${limit} of them, then ${over} is called.
function carry(from, to, delay, limit, over) {
	const line = { bytes: 0 };
	const queue = [];
	let held = 0, timer = null, ended = false, free = 0;

	function pump() {
		const now = performance.now();

		timer = null;
		while (queue.length && queue[0].due <= now) {
			const { bytes } = queue.shift();
			held -= bytes.length;
			if (!to.destroyed)
				to.write(bytes);
		}
		if (queue.length)
			timer = setTimeout(pump, Math.max(0, queue[0].due - now));
		else if (ended && !to.destroyed)
			to.end();
		if (held + to.writableLength < HELD)
			from.resume();
	}

	function put(bytes) {
		const now = performance.now();
		let due = now + delay;

		if (set.rate) {
			free = Math.max(free, now) + bytes.length / set.rate * 1000;
			due = Math.max(due, free + delay);
		}
		held += bytes.length;
		queue.push({ due, bytes });
		timer ??= setTimeout(pump, due - now);
		if (held + to.writableLength >= HELD)
			from.pause();
	}

	to.on('drain', () => {
		if (held + to.writableLength < HELD)
			from.resume();
	});
	from.on('data', (bytes) => {
		if (line.bytes >= limit)
			return;
		const part = bytes.subarray(0, limit - line.bytes);
		line.bytes += part.length;
		if (delay > 0 || set.rate) {
			put(part);
		} else if (!to.destroyed && !to.write(part)) {
			from.pause();
		}
		if (line.bytes >= limit)
			over();
	});
	from.on('end', () => {
		ended = true;
		if (queue.length === 0 && !to.destroyed)
			to.end();
	});
	return line;
}

const server = net.createServer({ noDelay: true, allowHalfOpen: true }, (client) => {
	const n = ++count;
	const far = net.connect({ host: '127.0.0.1', port: Number(target), noDelay: true, allowHalfOpen: true });
	const here = n === 1 || set.every;
	const limit = (key) => here && key in set ? set[key] : Infinity;
	const end = () => setTimeout(() => {
		client.destroy();
		far.destroy();
	}, set.delay ?? 0);
	const stall = limit('stall');
	const up = carry(client, far, set.delay ?? 0, limit('up'), end);
	const down = carry(far, client, set.delay ?? 0, Math.min(limit('down'), stall),
		stall === Infinity ? end : () => {});
	let gone = 0;

	open.add(client);
	for (const [one, other] of [[client, far], [far, client]]) {
		one.on('error', () => other.destroy());
		one.on('close', () => {
			setTimeout(() => other.destroy(), (set.delay ?? 0) + 50).unref();
			if (++gone === 2)
				console.log(`ended ${n} up ${up.bytes} down ${down.bytes}`);
		});
	}
	client.on('close', () => open.delete(client));
});

process.on('SIGUSR1', () => open.forEach((socket) => socket.destroy()));
server.listen(0, '127.0.0.1', () => console.log(server.address().port));

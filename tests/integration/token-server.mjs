// token-server.mjs - an OAuth 2.0 server on loopback, good and bad, for the tests of logging in.
//
//   node token-server.mjs CERT KEY PORTFILE LOGFILE
//
// The last part of the path of the token endpoint says how it behaves; the log has a line for each
// request: what was asked, without secrets.
import { createHash, randomBytes } from 'node:crypto';
import { appendFileSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';

const [cert, key, portFile, logFile] = process.argv.slice(2);
const secret = 'client sécret & more+';
const codes = new Map(); // authorization codes: what they were given for
const devices = new Map();
const refreshable = new Map(); // refresh tokens that are good: how often rotated
let serial = 0;

function log(what) {
	appendFileSync(logFile, `${what}\n`);
}

function send(response, status, body, headers = {}) {
	response.writeHead(status, { 'Content-Type': 'application/json', ...headers });
	response.end(typeof body === 'string' ? body : JSON.stringify(body));
}

function refuse(response, error, description) {
	send(response, 400, { error, error_description: description });
}

// Client ids that end in "-short" get access tokens that are over at once.
function give(response, form, chain) {
	const rotated = form.get('client_id').startsWith('keeps') && form.get('grant_type') === 'refresh_token';
	const answer = {
		access_token: `access-${++serial}`,
		token_type: 'Bearer',
		expires_in: form.get('client_id').endsWith('-short') ? 30 : '3600',
	};

	if (chain !== undefined && !rotated) {
		answer.refresh_token = `refresh-${chain}-${serial}`;
		refreshable.set(answer.refresh_token, chain);
	}
	send(response, 200, answer);
}

const grants = {
	client_credentials(response, form) {
		if (form.get('client_secret') !== secret)
			return refuse(response, 'invalid_client', 'AADSTS7000215: Invalid client secret provided.\r\nTrace ID: 1');
		give(response, form);
	},
	refresh_token(response, form) {
		const old = form.get('refresh_token');

		if (!refreshable.has(old))
			return refuse(response, 'invalid_grant', 'AADSTS70008: The provided grant has expired.');
		const chain = refreshable.get(old);
		if (!form.get('client_id').startsWith('keeps'))
			refreshable.delete(old);
		setTimeout(() => give(response, form, chain), 500);
	},
	'urn:ietf:params:oauth:grant-type:device_code'(response, form) {
		const device = devices.get(form.get('device_code'));

		if (device === undefined)
			return refuse(response, 'invalid_grant', 'no such code');
		const waited = Date.now() - device.asked;
		device.asked = Date.now();
		if (waited < device.interval * 1000 - 50)
			log(`too early: ${waited} ms of ${device.interval} s`);
		const step = device.steps.shift();
		if (step === 'slow_down')
			device.interval += 5;
		if (step === 'token')
			return give(response, form, form.get('client_id'));
		if (step === '503')
			return send(response, 503, 'busy');
		refuse(response, step, 'as the test wants it');
	},
	authorization_code(response, form) {
		const code = codes.get(form.get('code'));
		const challenge = createHash('sha256').update(form.get('code_verifier') ?? '').digest('base64url');

		codes.delete(form.get('code'));
		if (code === undefined || code.challenge !== challenge || code.redirect !== form.get('redirect_uri') ||
			!/^[A-Za-z0-9._~-]{43,128}$/.test(form.get('code_verifier')))
			return refuse(response, 'invalid_grant', 'code, verifier or redirect_uri is not right');
		give(response, form, form.get('client_id'));
	},
};

const deviceSteps = {
	typed: ['authorization_pending', 'slow_down', 'token'],
	busy: ['503', 'token'],
	denied: ['authorization_pending', 'access_denied'],
	expired: ['expired_token'],
	late: Array(9).fill('authorization_pending'),
};

const pages = {
	device(response, form) {
		const id = form.get('client_id');
		const code = randomBytes(16).toString('hex');

		devices.set(code, { steps: [...deviceSteps[id]], interval: 1, asked: Date.now() });
		send(response, 200, {
			device_code: code, user_code: 'WDJB-MJHT', verification_uri: 'https://login.example/device\u001b[2J',
			expires_in: id === 'late' ? 3 : 900, interval: 1,
		});
	},
	token(response, form) {
		(grants[form.get('grant_type')] ?? ((r) => refuse(r, 'unsupported_grant_type', 'no')))(response, form);
	},
	authorize(response, form) {
		const back = new URL(form.get('redirect_uri'));

		if (form.get('response_type') !== 'code' || form.get('code_challenge_method') !== 'S256' ||
			back.hostname !== '127.0.0.1' || form.get('scope') !== 'mail offline' || form.get('extra') !== '1')
			return send(response, 400, 'bad question');
		back.searchParams.set('state', form.get('state'));
		if (form.get('client_id') === 'denied') {
			back.searchParams.set('error', 'access_denied');
			back.searchParams.set('error_description', 'the person said no & left');
		} else {
			const code = `${randomBytes(16).toString('hex')}/+=`;

			codes.set(code, { challenge: form.get('code_challenge'), redirect: form.get('redirect_uri') });
			back.searchParams.set('code', code);
		}
		send(response, 302, '', { Location: back.href });
	},
	busy: (response) => send(response, 503, 'busy'),
	missing: (response) => send(response, 404, 'nothing here'),
	elsewhere: (response) => send(response, 307, '', { Location: '/token' }),
	garbage: (response) => send(response, 200, '{"access_token": "half'),
	list: (response) => send(response, 200, '[1, 2]'),
	evil: (response) => send(response, 200, { access_token: 'a\u0001b', expires_in: 3600 }),
	empty: (response) => send(response, 200, { token_type: 'Bearer' }),
	echo: (response, form) => refuse(response, 'odd', `I do not know ${form.get('client_secret')}`),
	aadsts: (response) => refuse(response, 'invalid_request', 'AADSTS700016: Application was not found. Trace ID: 2'),
	tenant: (response) => refuse(response, 'interaction_required', 'AADSTS53003: Access has been blocked.\r\nmore'),
	huge(response) {
		response.writeHead(200, { 'Content-Type': 'application/json' });
		response.end(`{"access_token": "${'a'.repeat(10 << 20)}"}`);
	},
	headers(response) {
		response.writeHead(200, Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`X-${i}`, 'y'.repeat(1000)])));
		response.end('{}');
	},
	hang() {},
};

async function answer(request, response) {
	const url = new URL(request.url, 'https://127.0.0.1');
	const page = url.pathname.slice(1);
	let body = '';

	for await (const piece of request)
		body += piece;
	const form = request.method === 'POST' ? new URLSearchParams(body) : url.searchParams;

	log([request.method, page, form.get('client_id'), (form.get('grant_type') ?? '').split(':').at(-1)].join(' ').trim());
	(pages[page] ?? pages.missing)(response, form);
}

const server = createServer({ cert: readFileSync(cert), key: readFileSync(key), maxHeaderSize: 65536 }, answer);

server.listen(0, '127.0.0.1', () => {
	writeFileSync(`${portFile}.new`, `${server.address().port}\n`);
	renameSync(`${portFile}.new`, portFile);
});

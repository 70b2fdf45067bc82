// hostile.mjs - what strangers send to hurt: node hostile.mjs DIR [full]
//
// Writes mails and files into DIR and says of each, as a line of tab-separated columns: its name, the
// outcome it must have and a regular expression its reason must match.  Without "full" sizes that do
// not matter are smaller.
import { closeSync, ftruncateSync, openSync, writeFileSync, writeSync } from 'node:fs'
import { crc32 as crc, deflateRawSync, gzipSync } from 'node:zlib'

const [dir, size] = process.argv.slice(2)
const full = size === 'full'
const many = full ? 1000000 : 100000

const table = Array.from({ length: 256 }, (_, n) => {
	for (let k = 0; k < 8; k++)
		n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1
	return n >>> 0
})

function crc32(bytes)
{
	let c = 0xffffffff

	if (crc)
		return crc(bytes)
	for (const b of bytes)
		c = table[(c ^ b) & 0xff] ^ (c >>> 8)
	return (c ^ 0xffffffff) >>> 0
}

function write(name, outcome, reason, ...pieces)
{
	const fd = openSync(`${dir}/${name}`, 'w', 0o644)

	for (const p of pieces)
		writeSync(fd, p)
	closeSync(fd)
	console.log([name, outcome, reason].join('\t'))
}

// A mail with attachments [name, bytes].
function mail(name, outcome, reason, ...attachments)
{
	write(name, outcome, reason, head(), ...attachments.flatMap(([file, bytes]) => [part(file),
		Buffer.from(bytes).toString('base64').replace(/(.{76})/g, '$1\n'), '\n']), '--=_b--\n')
}

function head(fields = '')
{
	return `From: reports@reporter.example
To: dmarc@example.org
Subject: Report Domain: example.org
Message-ID: <${Math.random()}@reporter.example>
MIME-Version: 1.0
${fields}Content-Type: multipart/mixed; boundary="=_b"

`
}

function part(file)
{
	return `--=_b
Content-Type: application/octet-stream
Content-Disposition: attachment; filename="${file}"
Content-Transfer-Encoding: base64

`
}

const record = (count, ip = '192.0.2.1') => `<record><row><source_ip>${ip}</source_ip><count>${count}</count>
<policy_evaluated><disposition>none</disposition><dkim>pass</dkim><spf>pass</spf></policy_evaluated></row>
<identifiers><header_from>example.org</header_from></identifiers></record>`

function report(id, records = record(1), { begin = 1700006400, end = 1700092799, extra = '', open = '' } = {})
{
	return `<?xml version="1.0" encoding="UTF-8"?>${open}
<feedback><report_metadata><org_name>hostile.example</org_name><email>a@hostile.example</email>${extra}
<report_id>${id}</report_id><date_range><begin>${begin}</begin><end>${end}</end></date_range></report_metadata>
<policy_published><domain>example.org</domain><p>none</p></policy_published>
${records}</feedback>`
}

// Zip archives by hand, since no tool would make these.
function local({ name, raw, crc: sum, length })
{
	const h = Buffer.alloc(30)

	h.writeUInt32LE(0x04034b50, 0)
	h.writeUInt16LE(20, 4)
	h.writeUInt16LE(8, 8)
	h.writeUInt32LE(sum, 14)
	h.writeUInt32LE(raw.length, 18)
	h.writeUInt32LE(length, 22)
	h.writeUInt16LE(name.length, 26)
	return Buffer.concat([h, Buffer.from(name)])
}

function central({ name, raw, crc: sum, length }, at)
{
	const h = Buffer.alloc(46)

	h.writeUInt32LE(0x02014b50, 0)
	h.writeUInt16LE(20, 4)
	h.writeUInt16LE(20, 6)
	h.writeUInt16LE(8, 10)
	h.writeUInt32LE(sum, 16)
	h.writeUInt32LE(raw.length, 20)
	h.writeUInt32LE(length, 24)
	h.writeUInt16LE(name.length, 28)
	h.writeUInt32LE(at, 42)
	return Buffer.concat([h, Buffer.from(name)])
}

function finish(pieces, directory)
{
	const at = pieces.reduce((n, p) => n + p.length, 0)
	const entries = Buffer.concat(directory)
	const h = Buffer.alloc(22)

	h.writeUInt32LE(0x06054b50, 0)
	h.writeUInt16LE(directory.length, 8)
	h.writeUInt16LE(directory.length, 10)
	h.writeUInt32LE(entries.length, 12)
	h.writeUInt32LE(at, 16)
	return Buffer.concat([...pieces, entries, h])
}

function member(name, bytes)
{
	return { name, raw: deflateRawSync(bytes), crc: crc32(bytes), length: bytes.length }
}

function zip(members)
{
	const pieces = []
	const directory = []
	let at = 0

	for (const m of members) {
		directory.push(central(m, at))
		pieces.push(local(m), m.raw)
		at += local(m).length + m.raw.length
	}
	return finish(pieces, directory)
}

// All members share one kernel: each local header is quoted by a stored block of the one before.
function overlapping(n, kernel)
{
	const inner = deflateRawSync(kernel)
	const files = [{ name: 'r0.xml', raw: inner, crc: crc32(kernel), length: kernel.length }]
	let bytes = kernel
	let body = Buffer.concat([local(files[0]), inner])
	const starts = [body.length]

	for (let i = 1; i < n; i++) {
		const quoted = local(files[i - 1])
		const block = Buffer.alloc(5)

		block.writeUInt16LE(quoted.length, 1)
		block.writeUInt16LE(~quoted.length & 0xffff, 3)
		bytes = Buffer.concat([quoted, bytes])
		const f = { name: `r${i}.xml`, raw: Buffer.concat([block, quoted, files[i - 1].raw]),
			crc: crc32(bytes), length: bytes.length }

		files.push(f)
		body = Buffer.concat([local(f), block, body])
		starts.push(body.length)
	}
	return finish([body], files.map((f, i) => central(f, body.length - starts[i])).reverse())
}

const spaces = Buffer.alloc(full ? 100000000 : 10000000, ' ')
const opening = Buffer.from('<?xml version="1.0"?><feedback><report_metadata><org_name>')

// A member repeated a hundred times, 10 GB with "full": gzip takes one after the other.
const piece = gzipSync(spaces, { level: 9 })
const bomb = Buffer.concat([gzipSync(Buffer.concat([opening, spaces])), ...Array(100).fill(piece)])
mail('gzip-bomb', 'too_big', 'unpacks to more than (1 GB|100 MB); max_unpacked_size raises it', ['r.xml.gz', bomb])
mail('gzip-in-gzip-bomb', 'too_big', 'more than (1 GB|100 MB); max_unpacked_size raises it|larger? than 64 MB|more than 64 MB', ['r.xml.gz', gzipSync(bomb)])
mail('gzip-5-deep', 'too_big', 'nested more than 3 deep; this limit is fixed',
	['r.xml.gz', [1, 2, 3, 4, 5].reduce(b => gzipSync(b), Buffer.from(report('deep')))])
mail('gzip-bomb-beside-report', 'too_big', 'max_unpacked_size raises it', ['r.xml.gz', bomb], ['good.xml', Buffer.from(report('beside'))])
mail('gzip-zeros', 'not_a_report|too_big', '', ['r.bin.gz', Buffer.concat(Array(100).fill(gzipSync(Buffer.alloc(spaces.length))))])
const big = Buffer.concat([opening, spaces])
const packed = member('r.xml', big)
mail('zip-bomb', 'too_big|corrupt', 'more than (1 GB|100 MB); max_unpacked_size raises it|CPU time', ['r.zip',
	zip(Array.from({ length: full ? 100 : 12 }, (_, i) => ({ ...packed, name: `r${i}.xml` })))])
mail('zip-overlapping', 'too_big|corrupt', '.', ['r.zip',
	overlapping(full ? 250 : 120, Buffer.concat([opening, spaces.subarray(0, full ? 90000000 : 5000000)]))])
mail('zip-5-deep', 'too_big', 'nested more than 3 deep', ['r.zip',
	[1, 2, 3, 4].reduce((b, i) => zip([member(`r${i}.zip`, b)]), zip([member('r.xml', Buffer.from(report('z')))]))])
mail('zip-of-zips', 'too_big|corrupt', 'more than 1000 members; max_members raises it', ['r.zip',
	zip(Array.from({ length: 20 }, (_, i) => member(`r${i}.zip`,
		zip(Array(100).fill(member('r.xml', Buffer.from('<feedback/>')))))))])
mail('zip-directory', 'corrupt', '.', ['r.zip', finish([Buffer.from('PK\x03\x04')],
	Array.from({ length: full ? 65535 : 20000 }, (_, i) => central({ name: 'r.xml', raw: '', crc: 0, length: 5 }, i)))])
mail('gzip-members', 'corrupt|not_a_report', '', ['r.xml.gz', Buffer.concat(Array(many).fill(gzipSync('')))])
mail('zip-members', 'too_big|corrupt', 'more than 1000 members', ['r.zip',
	zip(Array(5000).fill(member('r.xml', Buffer.from('<feedback/>'))))])

// XML.
const laughs = Array.from({ length: 10 }, (_, i) =>
	`<!ENTITY l${i + 1} "${`&l${i};`.repeat(10)}">`).join('')
mail('billion-laughs', 'corrupt', 'DOCTYPE', ['r.xml', report('laughs', record(1),
	{ open: `<!DOCTYPE feedback [<!ENTITY l0 "ha">${laughs}]>`, extra: '<extra_contact_info>&l10;</extra_contact_info>' })])
for (const [name, id] of [['file', 'file:///etc/passwd'], ['http', 'http://127.0.0.1:1/x']]) {
	mail(`xxe-${name}`, 'corrupt', 'DOCTYPE', ['r.xml', report(`xxe-${name}`, record(1),
		{ open: `<!DOCTYPE feedback [<!ENTITY x SYSTEM "${id}">]>`, extra: '<extra_contact_info>&x;</extra_contact_info>' })])
	mail(`xxe-parameter-${name}`, 'corrupt', 'DOCTYPE', ['r.xml', report(`xxe-p-${name}`, record(1),
		{ open: `<!DOCTYPE feedback [<!ENTITY % x SYSTEM "${id}">%x;]>` })])
	mail(`xxe-dtd-${name}`, 'corrupt', 'DOCTYPE', ['r.xml', report(`xxe-d-${name}`, record(1),
		{ open: `<!DOCTYPE feedback SYSTEM "${id}">` })])
}
mail('doctype', 'corrupt', 'DOCTYPE', ['r.xml', report('doctype', record(1), { open: '<!DOCTYPE feedback>' })])
mail('xml-deep', 'corrupt', 'nested more than 64 deep; this limit is fixed',
	['r.xml.gz', gzipSync(report('deep-xml', '<a>'.repeat(many)))])
mail('xml-attributes', 'corrupt', 'a tag is longer than 64 KB; this limit is fixed', ['r.xml.gz',
	gzipSync(report('attributes', `<record ${Array.from({ length: many }, (_, i) => `a${i}="1"`).join(' ')}/>`))])
mail('xml-names', 'corrupt', 'more than 10000 different names; this limit is fixed', ['r.xml.gz',
	gzipSync(report('names', Array.from({ length: many }, (_, i) => `<n${i}/>`).join('')))])
const text = 'x'.repeat((full ? 64 : 8) << 20)
mail('xml-text', 'imported', '', ['r.xml.gz', gzipSync(report('text', record(1), { extra: `<extra_contact_info>${text}</extra_contact_info>` }))])
mail('xml-text-identity', 'corrupt', 'org_name|report_id', ['r.xml.gz', gzipSync(report(text))])
mail('xml-comments', 'imported', '', ['r.xml.gz', gzipSync(report('comments', '<!-- -->'.repeat(many) + record(1)))])
mail('xml-open-tags', 'corrupt|imported', '', ['r.xml.gz', gzipSync(report('opens', '<'.repeat(many) + record(1)))])
mail('xml-ampersands', 'corrupt|imported', '', ['r.xml.gz', gzipSync(report('amps', '&'.repeat(many) + record(1)))])
mail('xml-cdata', 'corrupt|imported', '', ['r.xml.gz', gzipSync(report('cdata', '<![CDATA['.repeat(many) + record(1)))])
mail('xml-comment-starts', 'corrupt|imported', '', ['r.xml.gz', gzipSync(report('starts', '<!--'.repeat(many) + record(1)))])
mail('xml-end-tags', 'corrupt|imported', '', ['r.xml.gz', gzipSync(report('ends', '</record>'.repeat(many) + record(1)))])
mail('xml-feedbacks', 'corrupt|imported|null_report', '', ['r.xml.gz', gzipSync('<feedback>'.repeat(many))])
mail('xml-entities', 'corrupt|imported', '', ['r.xml.gz', gzipSync(report('refs', record(1), { extra: '<error>' + '&nbsp;'.repeat(many) + '</error>' }))])
mail('xml-results', 'imported', '', ['r.xml.gz', gzipSync(report('results', record(1).replace('</record>',
	'<auth_results>' + '<dkim><domain>a.example</domain><result>pass</result></dkim>'.repeat(many) + '</auth_results></record>')))])

// Numbers.
for (const n of ['0', '-1', '2147483647', '2147483648', '4294967296', '1099511627776'])
	mail(`count-${n}`, n === '-1' ? 'imported|corrupt' : 'imported', '', ['r.xml', report(`count-${n}`, record(n))])
for (const n of ['1000000000000000000', '9223372036854775807', '9223372036854775808', '18446744073709551616', '1' + '0'.repeat(300)])
	mail(`count-${n.length > 20 ? '10^300' : n}`, 'imported|corrupt', '', ['r.xml', report(`count-${n}`.slice(0, 100), record(n))])
mail('count-sum', 'corrupt', 'more than 1099511627776 messages; this limit is fixed',
	['r.xml', report('count-sum', record('1099511627776') + record('1099511627776', '192.0.2.2'))])
mail('dates-0', 'imported|corrupt', '', ['r.xml', report('dates-0', record(1), { begin: 0, end: 0 })])
mail('dates-2^31', 'imported', '', ['r.xml', report('dates-2-31', record(1), { begin: 2147483647, end: 2147483648 })])
mail('dates-2^63', 'imported|corrupt', '', ['r.xml', report('dates-2-63', record(1), { begin: '9223372036854775807', end: '9223372036854775808' })])
mail('dates-all', 'imported', '', ['r.xml', report('dates-all', record(1), { begin: 0, end: 2147483648 })])
mail('claims-2^31-records', 'imported|corrupt', '', ['r.xml', report('claims', record(1), { extra: '<records>2147483648</records><record_count>2147483648</record_count>' })])

// JSON.
mail('json-deep', 'corrupt|too_big', '.', ['r.json.gz', gzipSync('{"organization-name":"a","date-range":{},"report-id":"1","policies":' + '['.repeat(many))])
mail('json-objects-deep', 'corrupt|too_big', '.', ['r.json.gz', gzipSync('{"organization-name":"a","date-range":{},"report-id":"1","policies":' + '{"a":'.repeat(many))])
mail('json-values', 'too_big', 'more than 300000 values|2 MB|fixed', ['r.json.gz', gzipSync('{"organization-name":"a","date-range":{},"report-id":"1","policies":[' + '1,'.repeat(1000000) + '1]}')])

// MIME.
const empty = '--=_b\n\nx\n'
write('mime-parts', 'too_big', 'may begin a part; this limit is fixed', head(), empty.repeat(300000), '--=_b--\n')
write('mime-parts-250', 'too_big', 'more than 200 parts; max_parts raises it', head(), empty.repeat(250), '--=_b--\n')
write('mime-deep', 'too_big', 'nested more than 10 deep; this limit is fixed|fixed', head(),
	...Array.from({ length: 20000 }, (_, i) =>
		`--${i === 0 ? '=_b' : `b${i - 1}`}\nContent-Type: multipart/mixed; boundary="b${i}"\n\n`), 'x\n')
write('mime-deep-same', 'too_big', 'nested more than 10 deep; this limit is fixed', head(),
	'--=_b\nContent-Type: multipart/mixed; boundary="=_b"\n\n'.repeat(19000), 'x\n')
write('mime-deep-100', 'too_big', 'nested more than 10 deep; this limit is fixed', head(),
	...Array.from({ length: 100 }, (_, i) =>
		`--${i === 0 ? '=_b' : `b${i - 1}`}\nContent-Type: multipart/mixed; boundary="b${i}"\n\n`), 'x\n')
write('mime-messages-deep', 'too_big', 'fixed', head(), '--=_b\n',
	'Content-Type: message/rfc822\n\n'.repeat(20000), 'Subject: x\n\nx\n')
const hundred = full ? 60 << 20 : 8 << 20
write('header', 'too_big', "header is longer than 256 KB; this limit is fixed", `X-Long: ${'y'.repeat(hundred)}\n`, head(), empty, '--=_b--\n')
write('header-folded', 'too_big', 'header is longer than 256 KB', 'X-Folded: a\n', ' b\n'.repeat(many), head(), empty, '--=_b--\n')
write('header-fields', 'too_big', 'header is longer than 256 KB|fields', 'X: y\n'.repeat(many), head(), empty, '--=_b--\n')
write('header-words', 'imported', '', head(`X-Words: ${'=?utf-8?q?a?=\n '.repeat(15000)}x\n`), part('r.xml'), Buffer.from(report('words')).toString('base64'), '\n--=_b--\n')
write('subject-words', 'imported', '', head().replace('Subject: ', `Subject: ${'=?utf-8?q?a?=\n '.repeat(15000)}`), part('r.xml'), Buffer.from(report('subject')).toString('base64'), '\n--=_b--\n')
write('header-brackets', 'imported', '', head().replace('From: ', `From: ${'<('.repeat(50000)}`), part('r.xml'), Buffer.from(report('brackets')).toString('base64'), '\n--=_b--\n')
write('continuations', 'imported', '', head(), part('r.xml').replace('filename="r.xml"',
	Array.from({ length: 12000 }, (_, i) => `filename*${i}=a`).join(';\n ')), Buffer.from(report('continuations')).toString('base64'), '\n--=_b--\n')
write('parameters', 'imported', '', head(), part('r.xml').replace('filename="r.xml"',
	Array.from({ length: 60000 }, (_, i) => `f${i}*0=a`).join(';\n ')), Buffer.from(report('parameters')).toString('base64'), '\n--=_b--\n')
write('boundary-long', 'imported|not_a_report|corrupt|too_big', '', head().replace('=_b"', `${'b'.repeat(200000)}"`), `--${'b'.repeat(200000)}\n`.repeat(full ? 100 : 10))
write('boundary-prefixes', 'imported|not_a_report|too_big', '', head().replace('=_b"', `${'-'.repeat(60)}"`), '-'.repeat(61).concat('\n').repeat(15000),
	`${'-'.repeat(hundred)}\n`)
write('base64-padding', 'corrupt|imported', '', head(), part('r.xml'), '='.repeat(many), '\n', Buffer.from(report('padding')).toString('base64'), '\n--=_b--\n')
write('base64-lines', 'imported', '', head(), part('r.xml'), Buffer.from(report('lines', record(1) + ' '.repeat(many))).toString('base64').replace(/(.)/g, '$1\n'), '\n--=_b--\n')
write('mbox-lines', 'not_a_report|too_big', '', 'From a@b.example Tue Nov 14 00:00:00 2023\n'.repeat(many))
write('mbox-mails', 'not_a_report|too_big', '', 'From a@b.example Tue Nov 14 00:00:00 2023\nSubject: x\n\nx\n\n'.repeat(many))
write('uuencoded', 'not_a_report|too_big', '', 'Subject: x\nFrom: a@b.example\n\n', 'begin 644 r.xml\n#86)C\n'.repeat(many))
write('uuencoded-prefixes', 'not_a_report|too_big', '', 'Subject: x\nFrom: a@b.example\n\n', 'begin 6\n'.repeat(many))
write('nothing', 'too_big', 'header is longer than 256 KB', Buffer.alloc(hundred))
write('line', 'not_a_report', '', 'Subject: x\n\n', 'x'.repeat(hundred))

// Refused by its size: nothing of it is on the disk.
const fd = openSync(`${dir}/sparse-1-gb`, 'w', 0o644)
ftruncateSync(fd, 1 << 30)
closeSync(fd)
console.log(['sparse-1-gb', 'too_big', 'more than 64 MB; max_mail_size raises it .a mail longer than 10 MB is not kept; max_kept_size'].join('\t'))

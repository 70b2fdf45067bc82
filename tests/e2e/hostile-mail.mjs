// hostile-mail.mjs DIR - mails whose every text is hostile: to pages, to terminals, to spreadsheets, to layouts.
import { writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const dir = process.argv[2];
const long = 'x'.repeat(10240);

/* What would run, be fetched or be computed, what turns writing round, what cannot be seen, what has no end. */
const TEXTS = ['<script>self.__hit=1</script>', '<img src=x onerror="self.__hit=2">', '"><svg onload=self.__hit=3>', '\'><svg/onload=self.__hit=4>',
	'javascript:self.__hit=5', '<a href="javascript:self.__hit=6">click</a>', '${self.__hit=7}${7*7}', '{{7*7}}{{constructor.constructor("self.__hit=8")()}}',
	'</textarea></title></style></script><iframe src=https://evil.example/>', '<link rel=stylesheet href=//evil.example/x.css><style>*{display:none}</style>',
	'left\u202etxet desrever\u202c \u2066isolated\u2069 \u200f\u061c', 'bell\u0085next\u0080pad\u007fdel', 'zero\u200bwidth\u200cjoin\u200ded\ufeff\u2060',
	'=cmd|\' /C calc\'!A0', '+1+1', '-2+3', '@SUM(1)', '\t=1+1', '\r=1+1', '"quoted", comma; semicolon\nnew line', `word${long}`, 'مرحبا بالعالم שלום עולם',
	'👩‍👩‍👧‍👦🏴‍☠️🇩🇪 e\u0301\u0302\u0303\u0304\u0305\u0306\u0307\u0308 Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢L̠ͨͧͩ͘G̴̻͈͍͔̹̑͗̎̅͛́Ǫ̵̹̻̝̳͂̌̌͘', '%3Cscript%3E../../../etc/passwd?a=b&c=d#e', 'http://evil.example/', '\\u{202e} &lt;b&gt; &amp;'];

const escape = text => text.replace(/[&<>"'\u0000-\u001f\u007f-\u009f]/g, character => `&#${character.codePointAt(0)};`);
const encoded = text => `=?UTF-8?B?${Buffer.from(text.slice(0, 300)).toString('base64')}?=`;

function xml(text, i) {
	const t = escape(text);
	const id = t.slice(0, 1000);     /* a longer one is refused: it is what tells reports apart */
	const begin = Date.UTC(2026, 10, 1 + i % 20) / 1000;
	return `<?xml version="1.0" encoding="UTF-8"?>
<feedback xmlns="urn:${t}"><version>${t}</version>
<report_metadata><org_name>${id}</org_name><email>${t}</email><extra_contact_info>${t}</extra_contact_info>
<report_id>${id}</report_id><date_range><begin>${begin}</begin><end>${begin + 86399}</end></date_range><error>${t}</error>
<generator>${t}</generator></report_metadata>
<policy_published><domain>hostile.example</domain><p>${i % 3 ? 'none' : t}</p><sp>${t}</sp><adkim>${t}</adkim><aspf>r</aspf>
<pct>${t}</pct><fo>${t}</fo><testing>${t}</testing><discovery_method>${t}</discovery_method></policy_published>
${['192.0.2.', '2001:db8::', ''].map((net, k) => `<record><row><source_ip>${net ? net + (i + 1) : t}</source_ip><count>${k + 1}</count><policy_evaluated>
<disposition>${k ? t : 'none'}</disposition><dkim>${k === 2 ? t : 'fail'}</dkim><spf>fail</spf>
<reason><type>${k ? t : 'other'}</type><comment>${t}</comment></reason></policy_evaluated></row>
<identifiers><header_from>${t}</header_from><envelope_from>${t}</envelope_from><envelope_to>${t}</envelope_to></identifiers>
<auth_results><dkim><domain>${t}</domain><selector>${t}</selector><result>${k ? t : 'fail'}</result><human_result>${t}</human_result></dkim>
<spf><domain>${t}</domain><scope>${t}</scope><result>${k ? t : 'fail'}</result><human_result>${t}</human_result></spf></auth_results></record>`).join('\n')}
<unheard>${t}</unheard></feedback>
`;
}

function mail(text, i) {
	const line = text.replace(/[\r\n\0]/g, ' ');
	return Buffer.from(`From: ${encoded(text)} <reports@reporter.example>
To: dmarc@hostile.example
Subject: ${encoded(`Report Domain: hostile.example Submitter: ${text}`)}
Message-ID: <${line.slice(0, 700)}.${i}@reporter.example>
MIME-Version: 1.0
Content-Type: application/gzip; name="${encoded(text)}"
Content-Disposition: attachment; filename="${line.slice(0, 200).replaceAll('"', '\\"')}.xml.gz"
Content-Transfer-Encoding: base64

${gzipSync(xml(text, i)).toString('base64').replace(/.{76}/g, '$&\n')}
`);
}

TEXTS.forEach((text, i) => {
	const name = `${i}-${text.replace(/[/\0]/g, '_').slice(0, 60)}.eml`;
	writeFileSync(`${dir}/${name}`, mail(text, i));
	/* The policy's domain is a domain's name or nothing: tried all the same. */
	writeFileSync(`${dir}/domain-${i}.xml`, xml(text, i).replace('<domain>hostile.example</domain>', `<domain>${escape(text).slice(0, 200)}</domain>`));
});

/*
 * limits.h - every ceiling of the program, each with its reason.
 * Bytes unless said otherwise.  What the configuration can change says so.
 */
#ifndef CORE_LIMITS_H
#define CORE_LIMITS_H

/* What names it: a path below its source. */
#define LIMIT_PATH_BYTES 8192

/*
 * What a mail may be.  Of these and of those below the configuration changes LIMIT_MAIL_BYTES,
 * LIMIT_MIME_PARTS, LIMIT_XML_BYTES, LIMIT_UNPACK_MEMBERS, LIMIT_KEPT_BYTES, LIMIT_KEPT_TOTAL,
 * LIMIT_WORKER_MEMORY, LIMIT_CPU_SECONDS and LIMIT_WALL_SECONDS: core/ceilings.h.
 */
#define LIMIT_MAIL_BYTES (64ull << 20)  /* base64 of 40 MB of gzip; refused by size, unread */
#define LIMIT_HEADER_BYTES (256u << 10) /* the header block kept; formats say 256 KiB is ample */
#define LIMIT_MIME_DEPTH 10             /* a journalled forward of a forward is 4 deep */
#define LIMIT_MIME_PARTS 200            /* a bulk forward; 300,000 parts cost GMime 416 MB */
#define LIMIT_MAILS 1000                /* in one file: an mbox or a zip of a year of reports */

/* What is on its way from an IMAP server. */
#define LIMIT_FETCH_BYTES (4u << 20)     /* asked for and not here: 80 MB/s over 50 ms */
#define LIMIT_FETCH_COMMAND (512u << 10) /* asked for in one command: a lost one costs little */
#define LIMIT_FETCH_COMMANDS 16          /* at once */
#define LIMIT_HELD_BYTES (32ull << 20)   /* here and not stored: four batches and what is parsed */
#define LIMIT_HELD_MAILS 1000            /* likewise; a descriptor each */
#define LIMIT_HELD_MEMORY (1u << 20)     /* a larger mail lies in a temporary file */
#define LIMIT_PIPED_BYTES (16ull << 30)  /* an mbox on standard input, in a file meanwhile */

/* What an attachment may unpack to. */
#define LIMIT_UNPACK_DEPTH 3         /* xml in gzip in zip is real */
#define LIMIT_UNPACK_MEMBERS 1000    /* a year of reports zipped by hand */
#define LIMIT_XML_BYTES (1ull << 30) /* 450,000 records are 300 MB and real; per message */
#define LIMIT_JSON_BYTES (16u << 20) /* a TLS report is read as a whole */

/* What of an attachment is held as a whole. */
#define LIMIT_CMS_BYTES (4u << 20)       /* OpenSSL takes ten bytes for one of a hostile one */
#define LIMIT_GATHERED_BYTES (32u << 20) /* mails in an archive: 1000 of 30 KB; per message */

#define LIMIT_MESSAGE_REPORTS 2000 /* all parts of a mail together, for the same reason */
#define LIMIT_REVISIONS 100        /* of one report: a reporter corrects itself once or twice */

/* What a document may hold. */
#define LIMIT_XML_DEPTH 64         /* the schema needs 6 */
#define LIMIT_XML_TEXT (64u << 10) /* one element's text; comments are unbounded by the RFC */
#define LIMIT_RECORDS 4000000      /* what LIMIT_XML_BYTES could hold at 250 bytes each */
#define LIMIT_RESULTS 128          /* dkim, spf or reasons of one record; RFC 9990 3.1.3: 100 */
#define LIMIT_QUIRKS 64            /* per report; what repeats is counted once */
#define LIMIT_COUNT (1ull << 40)   /* messages of a record, and of a report: sums fit 63 bits */

/* What an SMTP TLS report may hold; of a failed message what is looked at. */
#define LIMIT_TLS_POLICIES 1000    /* one for each domain that shares an address for reports */
#define LIMIT_TLS_STRINGS 64       /* lines of a policy, and its MX hosts */
#define LIMIT_TLS_FAILURES 10000   /* of one policy */
#define LIMIT_TLS_BYTES (2u << 20) /* its texts together: a report must fit a frame */
#define LIMIT_JSON_VALUES 300000   /* of the JSON: jansson takes up to 60 MB for so many */
#define LIMIT_SAMPLE_HEADER (64u << 10)
#define LIMIT_SAMPLE_BODY (256u << 10)

/* What is kept of a text: beyond it the text is cut (or, in an identity, refused). */
#define LIMIT_DOMAIN_BYTES 255   /* RFC 1035 3.1 */
#define LIMIT_NAME_BYTES 1024    /* org_name, report_id, contact */
#define LIMIT_COMMENT_BYTES 4096 /* reason comments, human_result, error */
#define LIMIT_REASON_BYTES 500   /* why a message gave nothing */

/* What a frame between worker and parent may be. */
#define LIMIT_FRAME_BYTES (3u << 20) /* a record full of LIMIT_RESULTS is 2.4 MB */

/* What a worker may use for one message. */
#define LIMIT_WORKER_BASE (256ull << 20) /* address space: libraries, a TLS report, an arena */
#define LIMIT_WORKER_MAILS 4             /* and so many mails: base64 in base64 takes 3.4 */
#define LIMIT_WORKER_MEMORY (LIMIT_WORKER_BASE + LIMIT_WORKER_MAILS * LIMIT_MAIL_BYTES)
#define LIMIT_WORKER_ARENA (64u << 20) /* what one message's structures may take */
#define LIMIT_CPU_SECONDS 15 /* and one more for each 20 MB of mail; 300 MB of XML take 2 */
#define LIMIT_CPU_BYTES (20u << 20)
#define LIMIT_WALL_SECONDS 15           /* without any CPU time used, the parent listening */
#define LIMIT_WORKER_MESSAGES 10000     /* then it is replaced: leaks cannot add up */
#define LIMIT_WORKER_BYTES (1ull << 30) /* likewise */
#define LIMIT_WORKER_RETRIES 3          /* a worker killed from outside costs no message */
#define LIMIT_WORKERS 16

/* What a row of ruastat_data.record_block may hold. */
#define LIMIT_BLOCK_RECORDS 1000
#define LIMIT_BLOCK_BYTES (256u << 10) /* strangers' long texts end a block earlier */

/* What a batch may hold before it is written. */
#define LIMIT_BATCH_MESSAGES 200
#define LIMIT_BATCH_REPORTS 1000 /* an advisory lock each; PostgreSQL has 6400 by default */
#define LIMIT_BATCH_RECORDS 5000 /* a larger report has a transaction of its own */
#define LIMIT_BATCH_BYTES (4u << 20)
#define LIMIT_REPARSE_ORIGINALS 1000     /* read at a time to be parsed again */
#define LIMIT_REPARSE_BYTES (8ull << 20) /* likewise, and whatever the last of them has */
#define LIMIT_RETRY_MAILS 500            /* kept ones, read at a time to be tried again */
#define LIMIT_RETRY_BYTES (8ull << 20)   /* likewise, and whatever the last of them has */
#define LIMIT_SPOOL_BYTES (2ull << 30)   /* of one message, in the file */
#define LIMIT_SPOOL_MEMORY (1u << 20)    /* of one message; beyond it goes to a file */

/* What is kept of mails that gave nothing. */
#define LIMIT_KEPT_BYTES (10u << 20)  /* one mail */
#define LIMIT_KEPT_TOTAL (1ull << 30) /* all of them, oldest dropped first */

/* For how many days failure reports may be kept: a century.  The configuration says how many. */
#define LIMIT_FAILURE_DAYS 36500

/* How long the database may be away before a run gives up with exit status 75. */
#define LIMIT_DATABASE_SECONDS 60

/* What the dashboard gives to whoever connects. */
#define LIMIT_HTTP_CONNECTIONS 500     /* then whoever waited longest must go */
#define LIMIT_HTTP_PER_ADDRESS 64      /* ten browsers; of IPv6 a /64 */
#define LIMIT_HTTP_WAIT_SECONDS 20     /* for a whole request, counted from the answer before it */
#define LIMIT_HTTP_ANSWER_SECONDS 120  /* for taking the answer: 40 MB at 3 Mbit/s */
#define LIMIT_HTTP_MEMORY (32u << 10)  /* a connection's headers; longer ones are answered 431 */
#define LIMIT_HTTP_BODY (8u << 10)     /* a name and two passwords */
#define LIMIT_HTTP_THREADS 16          /* more than may ask the database at once */
#define LIMIT_HTTP_HELD (128ull << 20) /* of answers that are on their way */
#define LIMIT_HTTP_ARENA (256u << 10)  /* what one request's parameters may take */
#define LIMIT_HTTP_PARAMETERS 32       /* no path knows more than 12 */
#define LIMIT_PARAMETER_BYTES 1024     /* a report id; it is searched for by a part of it */
#define LIMIT_PROXIES 16

/* What one answer of the dashboard may cost. */
#define LIMIT_QUERY_SECONDS 10
#define LIMIT_READERS 8               /* connections to the database, 10 MB each */
#define LIMIT_ASKER_RUNNING 5         /* of them for one session: a page asks 6 things */
#define LIMIT_ASKER_WAITING 10        /* questions of one session, those included */
#define LIMIT_ASK_SECONDS 4           /* until one of them is free */
#define LIMIT_ANSWER_BYTES (4u << 20) /* rows of a page; a larger answer also ends its connection */
#define LIMIT_PAGE_ROWS 1000
#define LIMIT_CSV_ROWS 100000  /* some 30 MB; who wants more has psql */
#define LIMIT_PERIOD_DAYS 1100 /* three years in one chart */

/* Logging in. */
#define LIMIT_PASSWORD_LEAST 12
#define LIMIT_PASSWORD_BYTES 1024
#define LIMIT_USER_BYTES 64
#define LIMIT_LINK_SECONDS (15 * 60)
#define LIMIT_SESSION_SECONDS (7 * 86400)
#define LIMIT_SESSION_IDLE_SECONDS (12 * 3600)

#endif

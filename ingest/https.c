#include "ingest/https.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

/* What comes in, and why it was refused. */
struct intake {
	const struct https_request *r;
	struct buf *out;
	size_t header;
	bool too_much;
};

static bool
is_loopback(const char *host)
{
	struct in6_addr six;
	struct in_addr four;
	char bare[INET6_ADDRSTRLEN + 2];
	size_t n = strlen(host);

	if (inet_pton(AF_INET, host, &four) == 1)
		return (ntohl(four.s_addr) >> 24) == 127;
	if (n < 3 || n > sizeof(bare) || host[0] != '[' || host[n - 1] != ']')
		return false;
	memcpy(bare, host + 1, n - 2);
	bare[n - 2] = '\0';
	return inet_pton(AF_INET6, bare, &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six);
}

/* A part of the URL, to be given back by curl_free; NULL where there is none. */
static char *
part(CURLU *u, CURLUPart what)
{
	char *value = NULL;

	return curl_url_get(u, what, &value, 0) == CURLUE_OK ? value : NULL;
}

/* Read by what connects later: nobody can see another host in it. */
int
https_check(const char *url, struct err *e)
{
	CURLU *u = curl_url();
	char *scheme = NULL, *host = NULL, *user = NULL, *password = NULL, *fragment = NULL;
	int rc = 0;

	if (u == NULL)
		abort();
	if (curl_url_set(u, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME) == CURLUE_OK) {
		scheme = part(u, CURLUPART_SCHEME);
		host = part(u, CURLUPART_HOST);
		user = part(u, CURLUPART_USER);
		password = part(u, CURLUPART_PASSWORD);
		fragment = part(u, CURLUPART_FRAGMENT);
	}
	if (scheme == NULL || host == NULL)
		rc = err_set(e, ERR_CONFIG, "\"%.200s\" is no URL", url);
	else if (user != NULL || password != NULL || fragment != NULL)
		rc = err_set(
		    e, ERR_CONFIG, "a URL with a user, a password or a # cannot be used here");
	else if (strcmp(scheme, "https") != 0 &&
	    (strcmp(scheme, "http") != 0 || !is_loopback(host)))
		rc = err_set(e, ERR_CONFIG, "\"%.200s\" must begin with https://", url);
	curl_free(scheme);
	curl_free(host);
	curl_free(user);
	curl_free(password);
	curl_free(fragment);
	curl_url_cleanup(u);
	return rc;
}

static size_t
on_body(char *p, size_t size, size_t n, void *arg)
{
	struct intake *in = arg;

	buf_put(in->out, p, size * n);
	in->too_much |= in->out->over;
	return in->too_much ? 0 : size * n;
}

static size_t
on_header(char *p, size_t size, size_t n, void *arg)
{
	struct intake *in = arg;

	(void)p;
	in->header += size * n;
	in->too_much |= in->header > HTTPS_HEADER_BYTES;
	return in->too_much ? 0 : size * n;
}

static int
on_progress(void *arg, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	const struct intake *in = arg;

	(void)a;
	(void)b;
	(void)c;
	(void)d;
	return in->r->stop != NULL && *in->r->stop != 0;
}

static void
set_up(CURL *curl, struct intake *in, char *why)
{
	const struct https_request *r = in->r;
	bool secure = strncasecmp(r->url, "https:", 6) == 0;

	curl_easy_setopt(curl, CURLOPT_URL, r->url);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, secure ? "https" : "http");
	curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L);
	if (r->ca_file != NULL) { /* it alone: the system's directory is a default of its own */
		curl_easy_setopt(curl, CURLOPT_CAINFO, r->ca_file);
		curl_easy_setopt(curl, CURLOPT_CAPATH, NULL);
	}
	if (!secure) /* a proxy would be the one who reads it */
		curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
	if (r->form.p != NULL) {
		curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->form.n);
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, r->form.p);
	}
	curl_easy_setopt(curl, CURLOPT_USERAGENT, "ruastat/" RUASTAT_VERSION);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)HTTPS_CONNECT_SECONDS);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)HTTPS_SECONDS);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, in);
	curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(curl, CURLOPT_HEADERDATA, in);
	curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
	curl_easy_setopt(curl, CURLOPT_XFERINFODATA, in);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, why);
}

static int
complain(const struct intake *in, CURLcode code, const char *why, struct err *e)
{
	const char *reason = why[0] != '\0' ? why : curl_easy_strerror(code);

	if (in->too_much)
		return err_set(
		    e, ERR_SOURCE, "the answer of %.200s is longer than any real one", in->r->url);
	switch (code) {
	case CURLE_ABORTED_BY_CALLBACK:
		return err_set(e, ERR_SOURCE, "interrupted");
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_URL_MALFORMAT:
	case CURLE_UNSUPPORTED_PROTOCOL:
		return err_set(
		    e, ERR_CONFIG, "cannot trust or reach %.200s: %.200s", in->r->url, reason);
	default:
		return err_set(e, ERR_SOURCE, "could not reach %.200s: %.200s", in->r->url, reason);
	}
}

int
https_ask(const struct https_request *r, long *status, struct buf *out, struct err *e)
{
	struct intake in = { .r = r, .out = out };
	char why[CURL_ERROR_SIZE] = "";
	CURLcode code;
	CURL *curl;

	if (https_check(r->url, e) < 0)
		return -1;
	curl = curl_easy_init();
	if (curl == NULL)
		abort();
	/* Secrets come in: what grows leaves copies behind. */
	if (buf_room(out, HTTPS_BYTES) == NULL)
		abort();
	set_up(curl, &in, why);
	code = curl_easy_perform(curl);
	if (code == CURLE_OK)
		curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, status);
	curl_easy_cleanup(curl);
	return code == CURLE_OK ? 0 : complain(&in, code, why, e);
}

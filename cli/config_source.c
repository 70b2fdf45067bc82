#include "cli/config_source.h"

#include "cli/config.h"
#include "cli/config_imap.h"
#include "core/arena.h"
#include "ingest/after.h"
#include "ingest/imapurl.h"

static int
after_of(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	enum after after;

	if (after_find(value, &after) < 0) {
		cfg_error(cfg, "%s is \"%s\"; it can be keep, seen, move or delete",
		    cfg_opt_name(opt), value);
		return -1;
	}
	*(long *)result = (long)after;
	return 0;
}

#define TEXT(name) CFG_STR(name, NULL, CFGF_NODEFAULT)
#define NUMBER(name) CFG_INT(name, 0, CFGF_NODEFAULT)

/* Those from "user" on are for IMAP alone. */
static cfg_opt_t options[] = { TEXT("path"), CFG_BOOL("subfolders", cfg_false, CFGF_NODEFAULT),
	CFG_INT_CB("after", AFTER_KEEP, CFGF_NONE, after_of), TEXT("move_to"), TEXT("failures"),
	TEXT("user"), CFG_BOOL("tls", cfg_true, CFGF_NODEFAULT), TEXT("ca_file"),
	TEXT("fingerprint"), TEXT("certificate"), TEXT("key"), TEXT("auth"), TEXT("password_file"),
	TEXT("password_command"), TEXT("credential"), TEXT("token_command"), TEXT("oauth2"),
	TEXT("grant"), TEXT("client_id"), TEXT("client_secret_file"), TEXT("client_secret_command"),
	TEXT("client_secret_credential"), TEXT("tenant"), TEXT("token_endpoint"),
	TEXT("device_endpoint"), TEXT("authorization_endpoint"), TEXT("scope"),
	TEXT("oauth2_ca_file"), CFG_STR_LIST("folders", NULL, CFGF_NODEFAULT),
	CFG_BOOL("compress", cfg_false, CFGF_NODEFAULT), NUMBER("idle_seconds"),
	NUMBER("poll_seconds"), NUMBER("timeout"), NUMBER("connect_timeout"), CFG_END() };

#define SHARED 5 /* options before "user" */

cfg_opt_t *
config_source_options(void)
{
	return options;
}

/* What is for mailboxes behind IMAP means nothing elsewhere. */
static int
check_local(cfg_t *cfg, struct err *e)
{
	for (const cfg_opt_t *o = options + SHARED; o->name != NULL; o++)
		if (cfg_size(cfg, o->name) > 0)
			return err_set(e, ERR_CONFIG,
			    "%s is for IMAP, and the path \"%.200s\" is no imap:// or imaps:// URL",
			    o->name, cfg_getstr(cfg, "path"));
	return 0;
}

static int
take(struct arena *arena, cfg_t *cfg, const char *name, struct config_source *out, struct err *e)
{
	const char *path = cfg_getstr(cfg, "path");

	out->name = name;
	out->conf = (struct source_conf){ .path = path,
		.subfolders = cfg_getbool(cfg, "subfolders") == cfg_true,
		.after = (enum after)cfg_getint(cfg, "after"),
		.move_to = cfg_getstr(cfg, "move_to"),
		.failures = cfg_getstr(cfg, "failures") };
	if (path == NULL)
		return err_set(e, ERR_CONFIG, "it has no path");
	if (!imapurl_is(path))
		return check_local(cfg, e);
	if (cfg_size(cfg, "subfolders") > 0)
		return err_set(e, ERR_CONFIG,
		    "subfolders is for maildirs: folders = { \"INBOX\", \"DMARC/*\" } names those of IMAP");
	out->imap = config_imap_take(arena, cfg, name, e);
	out->conf.imap = out->imap;
	return out->imap != NULL ? 0 : -1;
}

int
config_source_take(
    struct arena *arena, cfg_t *cfg, const char *name, struct config_source *out, struct err *e)
{
	if (take(arena, cfg, name, out, e) == 0)
		return 0;
	return name != NULL ? err_wrap(e, "source \"%s\"", name) : -1;
}

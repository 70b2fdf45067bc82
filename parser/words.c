#include "parser/words.h"

#include "core/vocabulary.h"

/* Each means what the other word says, or all that is left of it in the words of the RFCs. */
static const struct synonym {
	enum words which;
	const char *said;
	unsigned means;
} synonyms[] = {
	/* Of rspamd: nothing was done with the message. */
	{ WORDS_DISPOSITION, "softfail", DISPOSITION_NONE },
	{ WORDS_VERDICT, "hardfail", VERDICT_FAIL },

	{ WORDS_DKIM, "softfail", RESULT_FAIL }, /* RFC 8601 section 2.7.1 has none */
	{ WORDS_DKIM, "hardfail", RESULT_FAIL },
	{ WORDS_DKIM, "permfail", RESULT_PERMERROR },
	{ WORDS_DKIM, "tempfail", RESULT_TEMPERROR },
	{ WORDS_DKIM, "invalid", RESULT_PERMERROR },
	{ WORDS_DKIM, "nxdomain", RESULT_PERMERROR },
	{ WORDS_DKIM, "signed", RESULT_NEUTRAL },
	{ WORDS_DKIM, "discard", RESULT_NEUTRAL },
	{ WORDS_DKIM, "unknown", RESULT_NEUTRAL },

	{ WORDS_SPF, "hardfail", RESULT_FAIL },
	{ WORDS_SPF, "unknown", RESULT_TEMPERROR }, /* RFC 7489 appendix C says so */
	{ WORDS_SPF, "error", RESULT_PERMERROR },   /* likewise */
	{ WORDS_SPF, "permfail", RESULT_PERMERROR },
	{ WORDS_SPF, "tempfail", RESULT_TEMPERROR },
	{ WORDS_SPF, "invalid", RESULT_PERMERROR },
	{ WORDS_SPF, "nxdomain", RESULT_PERMERROR },
	{ WORDS_SPF, "signed", RESULT_NEUTRAL },
	{ WORDS_SPF, "discard", RESULT_NEUTRAL },

	{ WORDS_SCOPE, "mailfrom", SCOPE_MFROM },
	{ WORDS_SCOPE, "ehlo", SCOPE_HELO },
};

/* A word of the RFCs, in any case. */
static unsigned
known(enum words which, struct str s)
{
	enum auth_result result;

	switch (which) {
	case WORDS_ACTION:
		return action_find(s);
	case WORDS_ALIGNMENT:
		return alignment_find(s);
	case WORDS_DISCOVERY:
		return discovery_find(s);
	case WORDS_DISPOSITION:
		return disposition_find(s);
	case WORDS_VERDICT:
		return verdict_find(s);
	case WORDS_REASON:
		return reason_find(s);
	case WORDS_SCOPE:
		return scope_find(s);
	case WORDS_SPF:
		return result_find(s);
	case WORDS_DKIM:
		result = result_find(s);
		return result != RESULT_SOFTFAIL ? result : RESULT_UNKNOWN;
	}
	return 0;
}

/* The words of the RFCs have no upper case, and were compared without regard to it. */
static bool
has_upper(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] >= 'A' && s.p[i] <= 'Z')
			return true;
	return false;
}

unsigned
words_find(enum words which, struct str s, enum word_is *is)
{
	unsigned v = known(which, s);

	*is = v == 0 ? WORD_UNKNOWN : has_upper(s) ? WORD_OF_OTHER_CASE : WORD_PLAIN;
	for (size_t i = 0; v == 0 && i < sizeof(synonyms) / sizeof(synonyms[0]); i++)
		if (synonyms[i].which == which && str_caseeq(s, str_of(synonyms[i].said))) {
			v = synonyms[i].means;
			*is = WORD_SYNONYM;
		}
	return v;
}

/*
 * words.h - the words reporters write for the values of core/report.h: those of the RFCs, and the
 * others that are known to mean one of them.
 */
#ifndef PARSER_WORDS_H
#define PARSER_WORDS_H

#include "core/str.h"

enum words {
	WORDS_ACTION,
	WORDS_ALIGNMENT,
	WORDS_DISCOVERY,
	WORDS_DISPOSITION,
	WORDS_VERDICT,
	WORDS_REASON,
	WORDS_DKIM,
	WORDS_SPF,
	WORDS_SCOPE
};

enum word_is { WORD_PLAIN, WORD_OF_OTHER_CASE, WORD_SYNONYM, WORD_UNKNOWN };

/* What ${s}, a ${which}, means: a value of its enum, 0 when unknown; ${is} says how it was found. */
unsigned words_find(enum words which, struct str s, enum word_is *is);

#endif

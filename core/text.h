/* text.h - strangers' text, made safe for the place that shows it. */
#ifndef CORE_TEXT_H
#define CORE_TEXT_H

#include "core/buf.h"
#include "core/str.h"

/*
 * Append ${s} for a terminal or a log: control characters (C0, DEL, C1), Unicode's bidirectional
 * controls and bytes that are not UTF-8 are shown as \xNN or \u{NNNN}.
 */
void text_terminal(struct buf *out, struct str s);

/*
 * Append ${s} as a JSON string with its quotes (RFC 8259); bytes that are not UTF-8 become U+FFFD,
 * what moves a cursor is written as \uNNNN.
 */
void text_json(struct buf *out, struct str s);

/* As text_json, or null when ${s} is empty. */
void text_json_or_null(struct buf *out, struct str s);

/*
 * Append ${s} as one CSV field (RFC 4180).  A field that a spreadsheet would take for a formula
 * (it opens with = + - @, also in their wide forms, TAB, CR or LF, and is no plain number) gets a ' in front.
 * What moves a cursor is shown as text_terminal shows it, but for TAB and line ends.
 */
void text_csv(struct buf *out, struct str s);

/* Append ${s} with every byte that is not UTF-8, and NUL, replaced by U+FFFD. */
void text_utf8(struct buf *out, struct str s);

#endif

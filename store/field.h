/* field.h - columns of a binary answer (PQexecParams with result format 1).  For store/ alone. */
#ifndef STORE_FIELD_H
#define STORE_FIELD_H

#include <libpq-fe.h>
#include <stdint.h>

#include "core/str.h"

/* An integer of up to 64 bits, or a boolean, as the unsigned number its bytes are; 0 for NULL. */
uint64_t field_number(const PGresult *r, int row, int column);

/* The bytes, borrowed from ${r}; empty for NULL. */
struct str field_bytes(const PGresult *r, int row, int column);

#endif

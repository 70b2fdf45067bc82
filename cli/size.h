/* size.h - bytes as people write and read them: "64 MB". */
#ifndef CLI_SIZE_H
#define CLI_SIZE_H

#include <stdint.h>

/*
 * Read ${text}: a whole number, then nothing, B, KB, MB or GB in any case, blanks between or not;
 * KB is 1024 bytes, and so on.  0, or -1 where it is none, or beyond 63 bits.
 */
int size_parse(const char *text, uint64_t *bytes);

#define SIZE_TEXT_BYTES 24

/* ${bytes} to one decimal, in KB to TB as above ("1.5 GB"), in ${room}: what is exact says ceilings_size. */
const char *size_text(uint64_t bytes, char room[SIZE_TEXT_BYTES]);

#endif

/*
 * frame.h - the pipe between the parent and its jailed workers: a length, a type, a payload.
 *
 *   parent → worker   FRAME_JOB with the message's file descriptor
 *   worker → parent   FRAME_BEGIN ticket
 *                     per part: FRAME_RECORD …, FRAME_ORIGINAL …, FRAME_PART
 *                     (FRAME_RETRACT drops the records since the last part: a second pass starts)
 *                     FRAME_END message
 *
 * So a report of any size needs bounded memory on both sides.  The parent trusts no frame: lengths
 * are checked here, contents by core/wire.h.
 */
#ifndef CORE_FRAME_H
#define CORE_FRAME_H

#include <sys/types.h>

#include "core/buf.h"
#include "core/err.h"
#include "core/str.h"

enum frame_type {
	FRAME_JOB = 1,
	FRAME_BEGIN,
	FRAME_RECORD,
	FRAME_RETRACT,
	FRAME_ORIGINAL,
	FRAME_PART,
	FRAME_END,
	FRAME_TYPES
};

#define FRAME_HEAD 5 /* bytes: payload length (32 bits, network order), type */

/* Open a frame at the end of ${b}; returns its place for frame_close. */
size_t frame_open(struct buf *b, enum frame_type type);

/* Write the length of the frame that began at ${at}. */
void frame_close(struct buf *b, size_t at);

/*
 * Take the first frame off ${in}: 1 with ${type} and ${payload} (borrowed from ${in}) and ${used},
 * the bytes it took; 0 when it is not complete; -1 when it cannot be a frame.
 */
int frame_next(struct str in, enum frame_type *type, struct str *payload, size_t *used);

/*
 * Send ${job} (one whole FRAME_JOB) with descriptor ${fd} over the socket.  0, or -1 with errno:
 * EAGAIN when the socket is full.
 */
int frame_send_fd(int socket, struct str job, int fd);

/* Receive at most ${n} bytes and, where one came, a descriptor (else -1).  As recvmsg(2). */
ssize_t frame_recv_fd(int socket, void *p, size_t n, int *fd);

/* Write all of ${s}, waiting as needed; 0 or -1 with errno. */
int frame_write(int socket, struct str s);

#endif

#include "core/ceilings.h"

#include <stddef.h>
#include <stdio.h>

#include "core/limits.h"

const struct ceilings ceilings_default = {
	.mail = LIMIT_MAIL_BYTES,
	.unpacked = LIMIT_XML_BYTES,
	.parts = LIMIT_MIME_PARTS,
	.members = LIMIT_UNPACK_MEMBERS,
	.kept = LIMIT_KEPT_BYTES,
	.kept_total = LIMIT_KEPT_TOTAL,
	.worker_memory = LIMIT_WORKER_MEMORY,
	.cpu_seconds = LIMIT_CPU_SECONDS,
	.wait_seconds = LIMIT_WALL_SECONDS,
};

uint64_t
ceilings_memory(uint64_t mail)
{
	return LIMIT_WORKER_BASE + LIMIT_WORKER_MAILS * mail;
}

const char *
ceilings_size(uint64_t bytes, char room[CEILING_SIZE])
{
	static const char *const units[] = { "bytes", "KB", "MB", "GB" };
	size_t unit = 0;

	while (unit < 3 && bytes > 0 && bytes % 1024 == 0) {
		bytes /= 1024;
		unit++;
	}
	snprintf(room, CEILING_SIZE, "%llu %s", (unsigned long long)bytes, units[unit]);
	return room;
}

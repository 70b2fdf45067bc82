#include "parser/tnef.h"

#define HEAD 6      /* signature and key */
#define ATTRIBUTE 9 /* level, id, length; a checksum of 2 follows the data */
#define LEVEL_ATTACHMENT 2

enum attribute_id {
	ATTACH_TITLE = 0x00018010,
	ATTACH_DATA = 0x0006800F,
	ATTACH_RENDDATA = 0x00069002, /* opens each attachment */
};

struct attribute {
	unsigned char level;
	uint32_t id;
	struct str data;
};

static uint32_t
little(const char *p, size_t n)
{
	uint32_t v = 0;

	while (n-- > 0)
		v = v << 8 | (unsigned char)p[n];
	return v;
}

static void
advance(struct str *s, size_t n)
{
	n = n < s->n ? n : s->n;
	*s = (struct str){ s->p + n, s->n - n };
}

/* MS-OXTNEF 2.1.3.2: the sum of the data's bytes, modulo 65536. */
static bool
is_checksum(struct str data, struct str rest)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < data.n; i++)
		sum += (unsigned char)data.p[i];
	return rest.n >= 2 && little(rest.p, 2) == (sum & 0xFFFF);
}

static bool
next_attribute(struct tnef *t, struct attribute *a)
{
	size_t n;

	if (t->rest.n < ATTRIBUTE) {
		t->cut |= t->rest.n > 0;
		return false;
	}
	a->level = (unsigned char)t->rest.p[0];
	a->id = little(t->rest.p + 1, 4);
	n = little(t->rest.p + 5, 4);
	advance(&t->rest, ATTRIBUTE);
	if (n > t->rest.n) {
		t->cut = true;
		n = t->rest.n;
	}
	a->data = (struct str){ t->rest.p, n };
	advance(&t->rest, n);
	if (!is_checksum(a->data, t->rest))
		t->checksum_bad++;
	advance(&t->rest, 2);
	return true;
}

void
tnef_start(struct tnef *t, struct str in)
{
	*t = (struct tnef){ .rest = in, .cut = in.n < HEAD };
	advance(&t->rest, HEAD);
}

bool
tnef_next(struct tnef *t, struct tnef_attachment *out)
{
	struct tnef_attachment now = { 0 };
	struct str before = t->rest;
	struct attribute a;
	bool found = false;

	while (next_attribute(t, &a)) {
		bool opens = a.id == ATTACH_RENDDATA || a.id == ATTACH_DATA;

		if (a.level != LEVEL_ATTACHMENT) {
			before = t->rest;
			continue;
		}
		if (found && opens) {
			t->rest = before;
			break;
		}
		if (a.id == ATTACH_RENDDATA) {
			now = (struct tnef_attachment){ 0 };
		} else if (a.id == ATTACH_DATA) {
			now.bytes = a.data;
			found = true;
		} else if (a.id == ATTACH_TITLE) {
			now.name = (struct str){ a.data.p, strnlen(a.data.p, a.data.n) };
		}
		before = t->rest;
	}
	if (found)
		*out = now;
	return found;
}

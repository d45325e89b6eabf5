/*
 * fuzz_diff.c: two texts out of any bytes, cut at the first zero byte. Applying the diff to the first
 * one must give the second one.
 */
#include <stdlib.h>
#include <string.h>

#include "diff.h"

extern int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct Text
{
	char *bytes;
	size_t len;
	size_t capacity;
} Text;

static void
append(void *context, const char *bytes, size_t len)
{
	Text *text = context;

	if (text->len + len > text->capacity)
	{
		text->capacity = 2 * (text->len + len);
		text->bytes = realloc(text->bytes, text->capacity);
	}
	if (len > 0)
		memcpy(text->bytes + text->len, bytes, len);
	text->len += len;
}

/* The line at *p with its newline, if it has one; *p goes behind it. */
static size_t
take_line(const char **p, const char *end, const char **line)
{
	const char *newline = memchr(*p, '\n', (size_t) (end - *p));

	*line = *p;
	*p = newline != NULL ? newline + 1 : end;
	return (size_t) (*p - *line);
}

/* The line of a hunk at which it begins in the old text: "@@ -12,3 ...". */
static long
first_line(const char *line, size_t len)
{
	long n = 0;

	for (size_t i = 4; i < len && line[i] >= '0' && line[i] <= '9'; i++)
		n = n * 10 + (line[i] - '0');
	return n;
}

static void
apply(const Text *diff, const char *a, const char *a_end, Text *out)
{
	static const char mark[] = "\\ No newline at end of file\n";
	const char *p = diff->len > 0 ? diff->bytes : "";
	const char *end = p + diff->len;
	const char *line;
	const char *old;
	long at = 1;

	if (diff->len > 0)
	{
		take_line(&p, end, &line);
		take_line(&p, end, &line);
	}
	while (p < end)
	{
		size_t len = take_line(&p, end, &line);

		if (line[0] == '@')
		{
			for (long hunk = first_line(line, len); at < hunk; at++)
			{
				size_t old_len = take_line(&a, a_end, &old);

				append(out, old, old_len);
			}
			continue;
		}
		if ((size_t) (end - p) >= sizeof(mark) - 1 && memcmp(p, mark, sizeof(mark) - 1) == 0)
		{
			p += sizeof(mark) - 1;
			len--;
		}
		if (line[0] != '+' &&
			(take_line(&a, a_end, &old) != len - 1 || memcmp(old, line + 1, len - 1) != 0))
			abort();
		at += line[0] != '+';
		if (line[0] != '-')
			append(out, line + 1, len - 1);
	}
	append(out, a, (size_t) (a_end - a));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *a = (const char *) data;
	const char *zero = size > 0 ? memchr(a, '\0', size) : NULL;
	size_t len_a = zero != NULL ? (size_t) (zero - a) : size;
	const char *b = zero != NULL ? zero + 1 : a + size;
	size_t len_b = (size_t) (a + size - b);
	Text diff = {0};
	Text applied = {0};
	ShDiffHost host = {malloc, free, append, &diff, size};

	if (!sh_diff_unified(&host, "a", a, len_a, "b", b, len_b))
		abort();
	apply(&diff, a, a + len_a, &applied);
	if (applied.len != len_b || (len_b > 0 && memcmp(applied.bytes, b, len_b) != 0))
		abort();
	free(diff.bytes);
	free(applied.bytes);
	return 0;
}

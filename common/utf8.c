/*
 * utf8.c: what of a text can stand in a JSON string, and how the rest is escaped.
 */
#include "utf8.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

static bool
is_continuation(const char *p)
{
	return ((unsigned char) *p & 0xc0) == 0x80;
}

size_t
shc_utf8_len(const char *p, const char *end)
{
	/* By length: the bits of the first byte that belong to the character, and the least character. */
	static const uint32_t mask[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	unsigned char first;
	uint32_t character;
	size_t len;

	if (p >= end)
		return 0;
	first = (unsigned char) *p;
	if (first < 0x80)
		return 1;
	if (first < 0xc0 || first > 0xf4)
		return 0;
	len = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
	if (len > (size_t) (end - p))
		return 0;
	character = first & mask[len];
	for (size_t i = 1; i < len; i++)
	{
		if (!is_continuation(p + i))
			return 0;
		character = character << 6 | ((unsigned char) p[i] & 0x3f);
	}
	if (character < least[len] || character > 0x10ffff ||
		(character >= 0xd800 && character <= 0xdfff))
		return 0;
	return len;
}

size_t
shc_json_plain(const char *p, const char *end)
{
	const char *start = p;

	while (p < end)
	{
		unsigned char c = (unsigned char) *p;
		size_t len = 1;

		if (c < ' ' || c == '"' || c == '\\' || c == 0x7f)
			break;
		if (c >= 0x80 && (len = shc_utf8_len(p, end)) == 0)
			break;
		p += len;
	}
	return (size_t) (p - start);
}

size_t
shc_json_escape_byte(char c, char out[SHC_JSON_ESCAPE_MAX])
{
	static const char digits[] = "0123456789abcdef";
	/* Each control character that has a short escape, followed by its letter. */
	static const char letters[] = "\bb\ff\nn\rr\tt\"\"\\\\";
	unsigned char byte = (unsigned char) c;

	if (byte >= 0x80)
	{
		memcpy(out, "\xef\xbf\xbd", 3);
		return 3;
	}
	for (size_t i = 0; i < sizeof(letters) - 1; i += 2)
	{
		if (letters[i] == c)
		{
			out[0] = '\\';
			out[1] = letters[i + 1];
			return 2;
		}
	}
	memcpy(out, "\\u00", 4);
	out[4] = digits[byte >> 4];
	out[5] = digits[byte & 15];
	return 6;
}

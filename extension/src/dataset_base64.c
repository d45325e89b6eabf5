/*
 * dataset_base64.c: base64 as RFC 4648 has it, more strictly than PostgreSQL's decode(): nothing after
 * the padding, and no white space but line ends.
 */
#include "sh_ext.h"

#define NO_DIGIT 0xFF

SH_FUNCTION(sh_decode_base64);

static uint8
digit_of(unsigned char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : NO_DIGIT;
}

/* Decodes into out, which has room for 3 bytes for each 4 characters; -1 when it is not base64. */
static int
decode(const char *p, const char *end, uint8 *out)
{
	uint8 *start = out;
	uint32 group = 0;
	int digits = 0;
	int padding = 0;

	for (; p < end; p++)
	{
		uint8 digit = digit_of((unsigned char) *p);

		if (*p == '\r' || *p == '\n')
			continue;
		if (*p == '=')
		{
			padding++;
			continue;
		}
		if (digit == NO_DIGIT || padding > 0)
			return -1;
		group = group << 6 | digit;
		if (++digits < 4)
			continue;
		*out++ = group >> 16;
		*out++ = group >> 8;
		*out++ = group;
		group = digits = 0;
	}
	if (padding != (4 - digits) % 4 || digits == 1)
		return -1;
	if (digits > 1)
		*out++ = digits == 3 ? group >> 10 : group >> 4;
	if (digits == 3)
		*out++ = group >> 2;
	return (int) (out - start);
}

/* _decode_base64(text) -> bytea; NULL when it is not base64 */
Datum
sh_decode_base64(PG_FUNCTION_ARGS)
{
	text *base64 = PG_GETARG_TEXT_PP(0);
	const char *p = VARDATA_ANY(base64);
	Size len = VARSIZE_ANY_EXHDR(base64);
	bytea *bytes = palloc(VARHDRSZ + len / 4 * 3 + 3);
	int n = decode(p, p + len, (uint8 *) VARDATA(bytes));

	if (n < 0)
		PG_RETURN_NULL();
	SET_VARSIZE(bytes, VARHDRSZ + n);
	PG_RETURN_BYTEA_P(bytes);
}

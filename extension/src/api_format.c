/*
 * api_format.c: small functions that the operations in PL/pgSQL are built of: values of JSON bodies
 * into SQL and back, names of resources, and the check of one row of a list.
 *
 * Nothing here runs SQL, hence neither SECURITY DEFINER nor SET.
 */
#include "sh_ext.h"

#include "access.h"
#include "decimal.h"
#include "rfc3339.h"

/* 0001-01-01T00:00:00Z and 9999-12-31T23:59:59.999999Z. */
#define FIRST_INSTANT INT64CONST(-63082281600000000)
#define LAST_INSTANT  INT64CONST(252455615999999999)

SH_FUNCTION(sh_rfc3339);
SH_FUNCTION(sh_parse_rfc3339);
SH_FUNCTION(sh_double_json);
SH_FUNCTION(sh_parse_double);
SH_FUNCTION(sh_resource);
SH_FUNCTION(sh_can_read);

/* _rfc3339(timestamptz) -> text, in UTC. NULL where RFC 3339 cannot tell the instant (infinity). */
Datum
sh_rfc3339(PG_FUNCTION_ARGS)
{
	TimestampTz ts = PG_GETARG_TIMESTAMPTZ(0);
	char text[SH_RFC3339_MAX];
	ShDayCache cache = {0};

	if (ts < FIRST_INSTANT || ts > LAST_INSTANT)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(
		cstring_to_text_with_len(text, (int) (sh_rfc3339_print(text, ts, 0, &cache) - text)));
}

/* _parse_rfc3339(text) -> timestamptz; NULL where it is anything else. */
Datum
sh_parse_rfc3339(PG_FUNCTION_ARGS)
{
	text *in = PG_GETARG_TEXT_PP(0);
	ShDayCache cache = {0};
	int64_t ts;

	if (!sh_rfc3339_parse(VARDATA_ANY(in), VARSIZE_ANY_EXHDR(in), &cache, &ts))
		PG_RETURN_NULL();
	PG_RETURN_TIMESTAMPTZ(ts);
}

/*
 * _double_json(double precision) -> json: the shortest decimal that reads back as the same number,
 * whatever extra_float_digits says. NULL stays NULL, and so becomes null.
 */
Datum
sh_double_json(PG_FUNCTION_ARGS)
{
	char text[SH_DECIMAL_MAX];

	PG_RETURN_TEXT_P(
		cstring_to_text_with_len(text, (int) (sh_decimal_print(text, PG_GETARG_FLOAT8(0)) - text)));
}

/* _parse_double(text) -> double precision, of a JSON number; NULL beyond the range of doubles. */
Datum
sh_parse_double(PG_FUNCTION_ARGS)
{
	text *in = PG_GETARG_TEXT_PP(0);
	const char *p = VARDATA_ANY(in);
	const char *end = p + VARSIZE_ANY_EXHDR(in);
	double value;

	if (!sh_decimal_parse(&p, end, &value) || p != end)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(value);
}

/*
 * _resource(collection, uuid, suffix) -> text, "<collection>/<uuid><suffix>". An operation without
 * a uuid ends here: 22004.
 */
Datum
sh_resource(PG_FUNCTION_ARGS)
{
	text *collection = PG_GETARG_TEXT_PP(0);
	text *suffix = PG_GETARG_TEXT_PP(2);
	Size collection_len = VARSIZE_ANY_EXHDR(collection);
	Size suffix_len = VARSIZE_ANY_EXHDR(suffix);
	char uuid[SH_UUID_TEXT_SIZE];
	text *out;
	char *p;

	if (PG_ARGISNULL(1))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("uuid: must be given"),
						sh_refusal()));
	sh_uuid_print(PG_GETARG_UUID_P(1), uuid);

	out = palloc(VARHDRSZ + collection_len + SH_UUID_TEXT_SIZE + suffix_len);
	p = VARDATA(out);
	memcpy(p, VARDATA_ANY(collection), collection_len);
	p += collection_len;
	*p++ = '/';
	memcpy(p, uuid, SH_UUID_TEXT_SIZE - 1);
	p += SH_UUID_TEXT_SIZE - 1;
	memcpy(p, VARDATA_ANY(suffix), suffix_len);
	p += suffix_len;
	SET_VARSIZE(out, p - (char *) out);
	PG_RETURN_TEXT_P(out);
}

/*
 * can_read(collection, uuid, owner) -> boolean: has the acting user the right to read
 * "<collection>/<uuid>"? For the rows of lists, and for row-level security.
 */
Datum
sh_can_read(PG_FUNCTION_ARGS)
{
	const pg_uuid_t *owner = PG_ARGISNULL(2) ? NULL : PG_GETARG_UUID_P(2);

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_BOOL(false);
	PG_RETURN_BOOL(sh_access_allowed_object(SH_READ, text_to_cstring(PG_GETARG_TEXT_PP(0)),
											PG_GETARG_UUID_P(1), "", owner));
}

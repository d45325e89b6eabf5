/*
 * api_list.c: the answer of a list: its rows as a JSON array, a Link header that leads to the next
 * page, and X-Total-Count.
 *
 * Nothing here runs SQL, hence neither SECURITY DEFINER nor SET.
 */
#include "sh_ext.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "utils/array.h"

/* Longer Link headers are left out: clients and proxies would not take them. */
#define LINK_MAX 8000

enum
{
	RESPONSE_STATUS,
	RESPONSE_CONTENT_TYPE,
	RESPONSE_HEADERS,
	RESPONSE_BODY,
	RESPONSE_COLUMNS
};

SH_FUNCTION(sh_query);
SH_FUNCTION(sh_list_answer);

/* ---- the query of a link ---- */

/* Only what RFC 3986 calls unreserved stays as it is. */
static void
append_encoded(StringInfo out, const char *p, Size len)
{
	static const char hex[] = "0123456789ABCDEF";

	for (const char *end = p + len; p < end; p++)
	{
		unsigned char c = (unsigned char) *p;

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
			c == '-' || c == '.' || c == '_' || c == '~')
			appendStringInfoCharMacro(out, (char) c);
		else
		{
			appendStringInfoCharMacro(out, '%');
			appendStringInfoCharMacro(out, hex[c >> 4]);
			appendStringInfoCharMacro(out, hex[c & 15]);
		}
	}
}

/*
 * _query(name, values) -> text: "&name=value" for each value that is not NULL, percent-encoded; an
 * empty text without one. The name is taken as it is.
 */
Datum
sh_query(PG_FUNCTION_ARGS)
{
	StringInfoData out;
	Datum *value;
	bool *isnull;
	int n;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_TEXT_P(cstring_to_text_with_len("", 0));
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(1), TEXTOID, -1, false, TYPALIGN_INT, &value, &isnull,
					  &n);
	initStringInfo(&out);
	for (int i = 0; i < n; i++)
	{
		text *name = PG_GETARG_TEXT_PP(0);
		text *one;

		if (isnull[i])
			continue;
		one = DatumGetTextPP(value[i]);
		appendStringInfoChar(&out, '&');
		appendBinaryStringInfo(&out, VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name));
		appendStringInfoChar(&out, '=');
		append_encoded(&out, VARDATA_ANY(one), VARSIZE_ANY_EXHDR(one));
	}
	PG_RETURN_TEXT_P(cstring_to_text_with_len(out.data, out.len));
}

/* ---- the answer ---- */

/* The rows, between brackets, and a line end. */
static bytea *
json_array(Datum *row, int n)
{
	Size size = VARHDRSZ + sizeof("[]\n");
	bytea *out;
	char *p;

	for (int i = 0; i < n; i++)
		size += VARSIZE_ANY_EXHDR(DatumGetPointer(row[i])) + 1;
	out = palloc(size);
	p = VARDATA(out);
	*p++ = '[';
	for (int i = 0; i < n; i++)
	{
		Size len = VARSIZE_ANY_EXHDR(DatumGetPointer(row[i]));

		if (i > 0)
			*p++ = ',';
		memcpy(p, VARDATA_ANY(DatumGetPointer(row[i])), len);
		p += len;
	}
	*p++ = ']';
	*p++ = '\n';
	SET_VARSIZE(out, p - (char *) out);
	return out;
}

/* NULL: it would be too long. */
static text *
link_header(const text *resource, const text *query, int limit, int64 next, bool counted)
{
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfoString(&out, "Link: </v2/");
	appendBinaryStringInfo(&out, VARDATA_ANY(resource), VARSIZE_ANY_EXHDR(resource));
	appendStringInfo(&out, "?limit=%d&offset=" INT64_FORMAT, limit, next);
	appendBinaryStringInfo(&out, VARDATA_ANY(query), VARSIZE_ANY_EXHDR(query));
	if (counted)
		appendStringInfoString(&out, "&count=true");
	appendStringInfoString(&out, ">; rel=\"next\"");
	return out.len > LINK_MAX ? NULL : cstring_to_text_with_len(out.data, out.len);
}

/*
 * _list_answer(resource, query, limit, offset, total, rows) -> http_response. rows: of the page, and
 * one more where there are more; limit NULL: all. total NULL: nobody has asked for it.
 */
Datum
sh_list_answer(PG_FUNCTION_ARGS)
{
	int limit = PG_ARGISNULL(2) ? PG_INT32_MAX : PG_GETARG_INT32(2);
	int64 offset = PG_ARGISNULL(3) ? 0 : PG_GETARG_INT32(3);
	bool counted = !PG_ARGISNULL(4);
	TupleDesc descriptor;
	Datum values[RESPONSE_COLUMNS] = {0};
	bool isnull[RESPONSE_COLUMNS] = {0};
	Datum header[2];
	int nheaders = 0;
	Datum *row;
	int n;

	if (limit < 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_ROW_COUNT_IN_LIMIT_CLAUSE),
						errmsg("limit: must not be negative"), sh_refusal()));
	if (get_call_result_type(fcinfo, NULL, &descriptor) != TYPEFUNC_COMPOSITE ||
		descriptor->natts != RESPONSE_COLUMNS)
		elog(ERROR, "return type must be selfhost.http_response");
	/* None is NULL: each is made by row_to_json(). */
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(5), JSONOID, -1, false, TYPALIGN_INT, &row, NULL, &n);
	if (n > limit)
	{
		/* Nothing comes next on pages without rows. */
		text *link = limit == 0 ? NULL
								: link_header(PG_GETARG_TEXT_PP(0), PG_GETARG_TEXT_PP(1), limit,
											  offset + limit, counted);

		if (link != NULL)
			header[nheaders++] = PointerGetDatum(link);
		n = limit;
	}
	if (counted)
		header[nheaders++] = PointerGetDatum(
			cstring_to_text(psprintf("X-Total-Count: " INT64_FORMAT, PG_GETARG_INT64(4))));

	values[RESPONSE_STATUS] = Int32GetDatum(200);
	values[RESPONSE_CONTENT_TYPE] = PointerGetDatum(cstring_to_text("application/json"));
	values[RESPONSE_HEADERS] =
		PointerGetDatum(construct_array(header, nheaders, TEXTOID, -1, false, TYPALIGN_INT));
	values[RESPONSE_BODY] = PointerGetDatum(json_array(row, n));
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(descriptor), values, isnull));
}

/*
 * dataset_read.c: the operation that reads a dataset's content: get_dataset_raw().
 *
 * It returns its answer in pieces, one row each (value-per-call, in the target list). Everything is
 * decided at the first call, by SQL: rights, and which content under which headers; later calls read
 * rows of the content by access routines (dataset_content.c). All of it uses the statement's snapshot,
 * so that a change of the dataset meanwhile does not show. What is open is closed by a callback of the
 * executor's when the statement stops early, and by the resource owner on an error.
 */
#include "sh_ext.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/snapmgr.h"

#include "dataset_content.h"
#include "dataset_http.h"

/* Most bytes of one piece of an answer. */
#define PIECE_SIZE (64 * 1024)

/* Columns of selfhost.http_response. */
enum
{
	RESPONSE_STATUS,
	RESPONSE_CONTENT_TYPE,
	RESPONSE_HEADERS,
	RESPONSE_BODY,
	RESPONSE_COLUMNS
};

/* Arguments. */
enum
{
	ARGUMENT_UUID,
	ARGUMENT_IF_NONE_MATCH,
	ARGUMENT_RANGE,
	ARGUMENT_IF_RANGE
};

typedef struct Dataset
{
	int64 content;
	uint64 size;
	char *checksum; /* hexadecimal: the entity tag without its quotes */
	const char *content_type;
} Dataset;

/* One call of the operation, over all its rows. */
typedef struct Answer
{
	Dataset dataset;
	int status;
	uint64 first; /* bytes first .. last of the content, inclusive; of 200 and 206 */
	uint64 last;
	bool has_begun;
	uint64 left;		/* bytes to come */
	ShContent *content; /* NULL: there is nothing to read */
	bytea *piece;
} Answer;

SH_FUNCTION(sh_get_dataset_raw);

/* ---- what SQL answers ---- */

/* Runs a query that returns one row, with the statement's snapshot; the plan is kept. */
static void
query(SPIPlanPtr *plan, const char *sql, int nargs, Oid *types, Datum *values)
{
	if (*plan == NULL)
	{
		SPIPlanPtr prepared = SPI_prepare(sql, nargs, types);

		if (prepared == NULL || SPI_keepplan(prepared) != 0)
			elog(ERROR, "could not prepare: %s", sql);
		*plan = prepared;
	}
	if (SPI_execute_plan(*plan, values, NULL, true, 1) != SPI_OK_SELECT || SPI_processed != 1)
		elog(ERROR, "unexpected result of: %s", sql);
}

static Datum
result_column(int column, bool *isnull)
{
	return SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, column, isnull);
}

static const char *
content_type_of(const char *format)
{
	static const struct
	{
		const char *format;
		const char *type;
	} types[] = {{"csv", "text/csv"},		   {"ini", "text/plain; charset=utf-8"},
				 {"json", "application/json"}, {"toml", "application/toml"},
				 {"xml", "application/xml"},   {"yaml", "application/yaml"}};

	for (int i = 0; i < lengthof(types); i++)
	{
		if (strcmp(types[i].format, format) == 0)
			return types[i].type;
	}
	return "application/octet-stream";
}

/* Errors: 42501, P0002. */
static void
find_dataset(Datum uuid, Dataset *dataset)
{
	static SPIPlanPtr plan = NULL;
	Oid type = UUIDOID;
	MemoryContext context = CurrentMemoryContext;
	bool isnull;

	SPI_connect();
	query(&plan, "SELECT content, size, checksum, format FROM selfhost._dataset_to_read($1)", 1,
		  &type, &uuid);
	dataset->content = DatumGetInt64(result_column(1, &isnull));
	dataset->size = (uint64) DatumGetInt64(result_column(2, &isnull));
	dataset->checksum =
		MemoryContextStrdup(context, TextDatumGetCString(result_column(3, &isnull)));
	dataset->content_type = content_type_of(TextDatumGetCString(result_column(4, &isnull)));
	SPI_finish();
}

/* Goes to a byte of the content. */
static void
seek(const Dataset *dataset, ShContent *content, uint64 offset)
{
	static SPIPlanPtr plan = NULL;
	Oid types[] = {INT8OID, INT8OID};
	Datum values[] = {Int64GetDatum(dataset->content), Int64GetDatum((int64) offset)};
	int32 part;
	int64 part_offset;
	bool isnull;

	SPI_connect();
	query(&plan, "SELECT part, part_offset FROM selfhost._part_at($1, $2)", 2, types, values);
	part = DatumGetInt32(result_column(1, &isnull));
	if (isnull)
		sh_content_report_corrupted(dataset->content);
	part_offset = DatumGetInt64(result_column(2, &isnull));
	SPI_finish();
	sh_content_seek(content, part, (int64) offset - part_offset);
}

/* ---- the answer ---- */

static const char *
text_argument(FunctionCallInfo fcinfo, int i)
{
	return PG_ARGISNULL(i) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(i));
}

/* Chooses the status and the range. */
static void
decide(FunctionCallInfo fcinfo, Answer *answer)
{
	const Dataset *dataset = &answer->dataset;
	const char *if_range = text_argument(fcinfo, ARGUMENT_IF_RANGE);
	const char *range = text_argument(fcinfo, ARGUMENT_RANGE);

	if (sh_etag_listed(text_argument(fcinfo, ARGUMENT_IF_NONE_MATCH), dataset->checksum))
	{
		answer->status = 304;
		return;
	}
	if (dataset->size == 0)
	{
		answer->status = 204;
		return;
	}
	/* A range of what has changed since is of no use: then all of it. */
	if (if_range != NULL && !sh_etag_is(if_range, dataset->checksum))
		range = NULL;
	switch (sh_range_parse(range, dataset->size, &answer->first, &answer->last))
	{
		case SH_RANGE_GOOD:
			answer->status = 206;
			break;
		case SH_RANGE_UNSATISFIABLE:
			answer->status = 416;
			break;
		case SH_RANGE_NONE:
			answer->status = 200;
			answer->first = 0;
			answer->last = dataset->size - 1;
			break;
	}
}

static void
end_answer(Datum argument)
{
	sh_content_close(((Answer *) DatumGetPointer(argument))->content);
}

static void
begin_answer(FunctionCallInfo fcinfo, FuncCallContext *context, Answer *answer)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	TupleDesc descriptor;

	if (get_call_result_type(fcinfo, NULL, &descriptor) != TYPEFUNC_COMPOSITE ||
		descriptor->natts != RESPONSE_COLUMNS)
		elog(ERROR, "return type must be selfhost.http_response");
	context->tuple_desc = BlessTupleDesc(descriptor);
	context->user_fctx = answer;
	if (answer->status != 200 && answer->status != 206)
		return;
	answer->left = answer->last - answer->first + 1;
	answer->piece = palloc(VARHDRSZ + PIECE_SIZE);
	answer->content = sh_content_open(answer->dataset.content, GetActiveSnapshot());
	RegisterExprContextCallback(result->econtext, end_answer, PointerGetDatum(answer));
	if (answer->first > 0)
		seek(&answer->dataset, answer->content, answer->first);
}

/* Everything of the first row but its body. */
static void
set_head(const Answer *answer, Datum *values, bool *isnull)
{
	const Dataset *dataset = &answer->dataset;
	Datum header[4];
	int n = 0;

	header[n++] = CStringGetTextDatum(psprintf("ETag: \"%s\"", dataset->checksum));
	header[n++] = CStringGetTextDatum("Accept-Ranges: bytes");
	if (answer->status == 200 || answer->status == 206)
		header[n++] = CStringGetTextDatum(
			psprintf("Content-Length: " UINT64_FORMAT, answer->last - answer->first + 1));
	if (answer->status == 206)
		header[n++] = CStringGetTextDatum(psprintf("Content-Range: bytes " UINT64_FORMAT
												   "-" UINT64_FORMAT "/" UINT64_FORMAT,
												   answer->first, answer->last, dataset->size));
	if (answer->status == 416)
		header[n++] =
			CStringGetTextDatum(psprintf("Content-Range: bytes */" UINT64_FORMAT, dataset->size));
	values[RESPONSE_STATUS] = Int32GetDatum(answer->status);
	values[RESPONSE_HEADERS] =
		PointerGetDatum(construct_array(header, n, TEXTOID, -1, false, TYPALIGN_INT));
	isnull[RESPONSE_STATUS] = isnull[RESPONSE_HEADERS] = false;
	if (answer->status == 304)
		return;
	values[RESPONSE_CONTENT_TYPE] = CStringGetTextDatum(
		answer->status == 416 ? "text/plain; charset=utf-8" : dataset->content_type);
	isnull[RESPONSE_CONTENT_TYPE] = false;
}

/* Reads the next piece; the number of bytes that the rest has is known. */
static void
fill_piece(Answer *answer)
{
	Size wanted = Min(answer->left, PIECE_SIZE);

	if (sh_content_read(answer->content, VARDATA(answer->piece), wanted) != wanted)
		sh_content_report_corrupted(answer->dataset.content);
	SET_VARSIZE(answer->piece, VARHDRSZ + wanted);
	answer->left -= wanted;
}

/* The next row of an answer that has begun; or its end. */
static Datum
next_row(FunctionCallInfo fcinfo)
{
	FuncCallContext *context = SRF_PERCALL_SETUP();
	Answer *answer = context->user_fctx;
	Datum values[RESPONSE_COLUMNS] = {0};
	bool isnull[RESPONSE_COLUMNS] = {true, true, true, true};

	if (answer->has_begun && answer->left == 0)
	{
		ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;

		if (answer->content != NULL)
		{
			UnregisterExprContextCallback(result->econtext, end_answer, PointerGetDatum(answer));
			sh_content_close(answer->content);
		}
		SRF_RETURN_DONE(context);
	}
	if (!answer->has_begun)
		set_head(answer, values, isnull);
	if (answer->status == 416)
	{
		values[RESPONSE_BODY] =
			CStringGetTextDatum("Range: begins beyond the end of the dataset\n");
		isnull[RESPONSE_BODY] = false;
	}
	if (answer->left > 0)
	{
		fill_piece(answer);
		values[RESPONSE_BODY] = PointerGetDatum(answer->piece);
		isnull[RESPONSE_BODY] = false;
	}
	answer->has_begun = true;
	SRF_RETURN_NEXT(context,
					HeapTupleGetDatum(heap_form_tuple(context->tuple_desc, values, isnull)));
}

/* get_dataset_raw(uuid, if_none_match, range, if_range) -> setof http_response */
Datum
sh_get_dataset_raw(PG_FUNCTION_ARGS)
{
	if (SRF_IS_FIRSTCALL())
	{
		FuncCallContext *context = SRF_FIRSTCALL_INIT();
		MemoryContext caller = MemoryContextSwitchTo(context->multi_call_memory_ctx);
		Answer *answer = palloc0(sizeof(Answer));

		if (PG_ARGISNULL(ARGUMENT_UUID))
			ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("uuid: must be given"),
							sh_refusal()));
		find_dataset(PG_GETARG_DATUM(ARGUMENT_UUID), &answer->dataset);
		decide(fcinfo, answer);
		begin_answer(fcinfo, context, answer);
		MemoryContextSwitchTo(caller);
	}
	return next_row(fcinfo);
}

/*
 * api_series.c: get_timeseries(), the description of one time series as JSON.
 *
 * The most frequent short read. One index look-up and hand-written JSON instead of SQL, which would
 * cost ten times as much; nothing here runs SQL, hence neither SECURITY DEFINER nor SET.
 */
#include "sh_ext.h"

#include "access/genam.h"
#include "access/table.h"
#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "utils/array.h"
#include "utils/fmgroids.h"
#include "utils/json.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "access.h"
#include "decimal.h"
#include "series.h"

SH_FUNCTION(sh_get_timeseries);

static const pg_uuid_t nobody = {{0}};

static void
append_uuid(StringInfo json, const pg_uuid_t *uuid)
{
	char text[SH_UUID_TEXT_SIZE];

	sh_uuid_print(uuid, text);
	appendStringInfoChar(json, '"');
	appendBinaryStringInfo(json, text, SH_UUID_TEXT_SIZE - 1);
	appendStringInfoChar(json, '"');
}

/* A uuid column; `absent` stands for NULL, or JSON's null where it is NULL itself. */
static void
append_uuid_column(StringInfo json, TupleTableSlot *slot, AttrNumber column,
				   const pg_uuid_t *absent)
{
	bool isnull;
	Datum datum = slot_getattr(slot, column, &isnull);
	const pg_uuid_t *uuid = isnull ? absent : DatumGetUUIDP(datum);

	if (uuid == NULL)
		appendBinaryStringInfo(json, "null", 4);
	else
		append_uuid(json, uuid);
}

static void
append_number_column(StringInfo json, TupleTableSlot *slot, AttrNumber column)
{
	char text[SH_DECIMAL_MAX];
	bool isnull;
	Datum datum = slot_getattr(slot, column, &isnull);

	if (isnull)
		appendBinaryStringInfo(json, "null", 4);
	else
		appendBinaryStringInfo(json, text,
							   (int) (sh_decimal_print(text, DatumGetFloat8(datum)) - text));
}

static void
append_text_column(StringInfo json, TupleTableSlot *slot, AttrNumber column)
{
	bool isnull;
	Datum datum = slot_getattr(slot, column, &isnull);

	escape_json(json, TextDatumGetCString(datum));
}

static void
append_tags(StringInfo json, TupleTableSlot *slot)
{
	bool isnull;
	Datum *tags;
	bool *absent;
	int n;

	deconstruct_array(DatumGetArrayTypeP(slot_getattr(slot, SH_SERIES_TAGS, &isnull)), TEXTOID, -1,
					  false, TYPALIGN_INT, &tags, &absent, &n);
	appendStringInfoChar(json, '[');
	for (int i = 0; i < n; i++)
	{
		if (i > 0)
			appendStringInfoChar(json, ',');
		if (absent[i])
			appendBinaryStringInfo(json, "null", 4);
		else
			escape_json(json, TextDatumGetCString(tags[i]));
	}
	appendStringInfoChar(json, ']');
}

static void
append_series(StringInfo json, TupleTableSlot *slot)
{
	appendStringInfoString(json, "{\"created_by\":");
	append_uuid_column(json, slot, SH_SERIES_CREATED_BY, &nobody);
	appendStringInfoString(json, ",\"lower_bound\":");
	append_number_column(json, slot, SH_SERIES_LOWER_BOUND);
	appendStringInfoString(json, ",\"name\":");
	append_text_column(json, slot, SH_SERIES_NAME);
	appendStringInfoString(json, ",\"si_unit\":");
	append_text_column(json, slot, SH_SERIES_SI_UNIT);
	appendStringInfoString(json, ",\"tags\":");
	append_tags(json, slot);
	appendStringInfoString(json, ",\"thing_uuid\":");
	append_uuid_column(json, slot, SH_SERIES_THING_UUID, NULL);
	appendStringInfoString(json, ",\"upper_bound\":");
	append_number_column(json, slot, SH_SERIES_UPPER_BOUND);
	appendStringInfoString(json, ",\"uuid\":");
	append_uuid_column(json, slot, SH_SERIES_UUID, NULL);
	appendStringInfoChar(json, '}');
}

/* Appends the series that the statement's snapshot has; false when there is none. */
static bool
read_series(const pg_uuid_t *uuid, StringInfo json)
{
	Oid table;
	Oid primary_key;
	ShSeriesRow row;
	bool found;

	sh_series_oids(&table, &primary_key);
	found =
		sh_series_row_open(&row, primary_key, F_UUID_EQ, UUIDPGetDatum(uuid), GetActiveSnapshot());
	if (found)
		append_series(json, row.slot);
	sh_series_row_close(&row);
	return found;
}

/*
 * get_timeseries(uuid uuid) -> json. Keys in alphabetical order. Errors: 42501, P0002, and 22004
 * without a uuid.
 */
Datum
sh_get_timeseries(PG_FUNCTION_ARGS)
{
	const pg_uuid_t *uuid;
	StringInfoData json;
	ShSeries series;
	bool found;

	if (PG_ARGISNULL(0))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("uuid: must be given"),
						sh_refusal()));
	uuid = PG_GETARG_UUID_P(0);
	found = sh_series_find(uuid, &series);
	sh_access_require_object(SH_READ, "timeseries", uuid, "",
							 found ? sh_series_owner(&series) : NULL);

	initStringInfo(&json);
	appendStringInfoSpaces(&json, VARHDRSZ);
	if (!found || !read_series(uuid, &json))
	{
		char text[SH_UUID_TEXT_SIZE];

		sh_uuid_print(uuid, text);
		ereport(ERROR, (errcode(ERRCODE_NO_DATA_FOUND),
						errmsg("time series %s does not exist", text), sh_refusal()));
	}
	SET_VARSIZE(json.data, json.len);
	PG_RETURN_TEXT_P((text *) json.data);
}

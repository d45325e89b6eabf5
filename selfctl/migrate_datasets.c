/*
 * migrate_datasets.c: datasets, each in a transaction of its own, their content in pieces.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "migrate.h"

/* A part of a content, as clients upload large ones. */
#define PIECE (8 * 1024 * 1024)

typedef struct Dataset
{
	Migration *migration;
	const char *uuid;
	char *row;	   /* JSON */
	char *content; /* its number in the domain */
	int64_t size;
	int piece; /* the number of the one that is being written */
	bool is_written;
} Dataset;

/* clang-format off */

static const char row_query[] =
	"SELECT row_to_json(r) FROM ("
	" SELECT d.uuid, d.name, d.format, octet_length(d.content) AS size, d.size AS said,"
	"  encode(d.checksum, 'hex') AS checksum, encode(sha256(d.content), 'hex') AS digest,"
	"  d.belongs_to, d.created::text, d.updated::text, d.created_by, d.updated_by,"
	"  ARRAY(SELECT e FROM unnest(d.tags) WITH ORDINALITY AS u (e, o) WHERE e IS NOT NULL ORDER BY o) AS tags,"
	"  cardinality(d.tags) = cardinality(ARRAY(SELECT e FROM unnest(d.tags) AS e WHERE e IS NOT NULL))"
	"   AND coalesce(array_ndims(d.tags), 1) = 1 AS whole"
	" FROM datasets AS d WHERE d.uuid = $1::uuid) AS r";

/*
 * $1: the row, $2: the content. Returns the name, whether its bytes are those of the source, and what has
 * changed.
 */
static const char insert_query[] =
	"WITH r AS MATERIALIZED (SELECT * FROM json_to_record($1::json) AS r ("
	" uuid uuid, name text, format text, size bigint, said bigint, checksum text, digest text,"
	" belongs_to uuid, created timestamptz, updated timestamptz, created_by uuid, updated_by uuid,"
	" tags text[], whole boolean)),"
	" judged AS MATERIALIZED ("
	" SELECT r.*, r.format = ANY (enum_range(NULL::selfhost.dataset_format)::text[]) AS has_format,"
	"  (SELECT u.uuid FROM selfhost.user_account AS u WHERE u.uuid = r.created_by) AS creator,"
	"  (SELECT u.uuid FROM selfhost.user_account AS u WHERE u.uuid = r.updated_by) AS updater"
	" FROM r),"
	" moved AS ("
	" INSERT INTO selfhost.dataset (uuid, name, format, content, size, checksum, thing_uuid, created,"
	"  created_by, updated, updated_by, tags)"
	" SELECT r.uuid, r.name, CASE WHEN r.has_format THEN r.format ELSE 'misc' END::selfhost.dataset_format,"
	"  $2::bigint, r.size, selfhost._content_digest($2::bigint, r.size),"
	"  (SELECT t.uuid FROM selfhost.thing AS t WHERE t.uuid = r.belongs_to),"
	"  CASE WHEN isfinite(r.created) THEN r.created ELSE now() END, r.creator,"
	"  CASE WHEN isfinite(r.updated) THEN r.updated ELSE now() END, r.updater, r.tags"
	" FROM judged AS r RETURNING checksum)"
	" SELECT r.name, encode(m.checksum, 'hex') = r.digest, nullif(concat_ws('; ',"
	"  CASE WHEN NOT r.has_format THEN format('its format was %s: it is misc now', r.format) END,"
	"  CASE WHEN r.said <> r.size THEN format('its size was said to be %s: it is %s', r.said, r.size) END,"
	"  CASE WHEN r.checksum <> r.digest THEN 'its checksum was wrong' END,"
	"  CASE WHEN NOT isfinite(r.created) OR NOT isfinite(r.updated)"
	"   THEN 'was created or updated at no finite time: now it is that of the move' END,"
	"  CASE WHEN NOT r.whole THEN 'NULLs and dimensions among its tags were taken out' END,"
	"  CASE WHEN r.created_by IS NOT NULL AND r.creator IS NULL"
	"    OR r.updated_by IS NOT NULL AND r.updater IS NULL"
	"   THEN 'who created or updated it was left behind' END), '')"
	" FROM judged AS r, moved AS m";

/* clang-format on */

/* ---- content ---- */

static void
put_integer(unsigned char *out, size_t len, uint64_t value)
{
	for (size_t i = len; i-- > 0; value >>= 8)
		out[i] = (unsigned char) value;
}

/* A piece that has come from the source goes into the domain. */
static bool
store_piece(void *context, int n, const ShcPgBytes *value)
{
	static const char query[] =
		"SELECT selfhost._store_part($1::bigint, $2::integer, $3::bytea, NULL::bytea)";
	Dataset *dataset = context;
	ShcPg *target = dataset->migration->target;
	unsigned char content[8];
	unsigned char part[4];
	const ShcPgBytes parameter[] = {{content, sizeof(content)}, {part, sizeof(part)}, value[0]};

	(void) n;
	put_integer(content, sizeof(content), strtoull(dataset->content, NULL, 10));
	put_integer(part, sizeof(part), (uint64_t) dataset->piece);
	return shc_pg_send(target, query, 3, parameter) && shc_pg_receive(target, NULL, NULL);
}

static bool
move_content(Dataset *dataset)
{
	static const char query[] = "SELECT substring(d.content FROM $2::integer FOR $3::integer)"
								" FROM datasets AS d WHERE d.uuid = $1::text::uuid";
	ShcPg *source = dataset->migration->source;
	unsigned char from[4];
	unsigned char len[4];
	const ShcPgBytes parameter[] = {
		{dataset->uuid, strlen(dataset->uuid)}, {from, sizeof(from)}, {len, sizeof(len)}};
	bool good = true;

	put_integer(len, sizeof(len), PIECE);
	for (int64_t done = 0; good && done < dataset->size; done += PIECE)
	{
		put_integer(from, sizeof(from), (uint64_t) done + 1);
		dataset->piece++;
		good = !migrate_is_interrupted() && shc_pg_send(source, query, 3, parameter) &&
			   shc_pg_receive(source, store_piece, dataset);
	}
	return good;
}

/* ---- one dataset ---- */

static bool
take_written(void *context, int n, const char *const *value)
{
	Dataset *dataset = context;
	MigrateReport *report = &dataset->migration->report;

	(void) n;
	if (value[1] == NULL || value[1][0] != 't')
	{
		shc_error("dataset %s: its bytes are not those of the source", dataset->uuid);
		return false;
	}
	dataset->is_written = true;
	if (value[2] == NULL)
		return true;
	report->counts[MIGRATE_DATASET].changed++;
	migrate_report_row(report, MIGRATE_DATASET, "changed", dataset->uuid, value[0], value[2]);
	return true;
}

static bool
write_dataset(Dataset *dataset)
{
	ShcPg *target = dataset->migration->target;
	const char *parameter[] = {dataset->row, NULL};
	bool good = shc_pg_script(target, "BEGIN") &&
				shc_pg_value(target, "SELECT nextval('selfhost.dataset_content_seq')", 0, NULL,
							 &dataset->content) &&
				move_content(dataset);

	parameter[1] = dataset->content;
	good = good && shc_pg_exec(target, insert_query, 2, parameter, take_written, dataset) &&
		   dataset->is_written;
	return shc_pg_script(target, good ? "COMMIT" : "ROLLBACK") && good;
}

/* Whether the dataset is in the domain; what it has there may be newer. */
static bool
find_present(Dataset *dataset, bool *is_present)
{
	static const char query[] =
		"SELECT encode(d.checksum, 'hex') = ($2::json ->> 'digest') FROM selfhost.dataset AS d"
		" WHERE d.uuid = $1::uuid";
	const char *parameter[] = {dataset->uuid, dataset->row};
	char *same = NULL;
	bool good = shc_pg_value(dataset->migration->target, query, 2, parameter, &same);

	*is_present = same != NULL;
	if (same != NULL && same[0] != 't')
		migrate_report_row(&dataset->migration->report, MIGRATE_DATASET, "differs", dataset->uuid,
						   NULL, "it has another content in the domain, and keeps that");
	free(same);
	return good;
}

static bool
read_size(Dataset *dataset)
{
	const char *parameter[] = {dataset->uuid};
	char *size = NULL;
	bool good = shc_pg_value(dataset->migration->source, row_query, 1, parameter, &dataset->row) &&
				shc_pg_value(dataset->migration->source,
							 "SELECT octet_length(content) FROM datasets WHERE uuid = $1::uuid", 1,
							 parameter, &size);

	dataset->size = size != NULL ? strtoll(size, NULL, 10) : 0;
	free(size);
	return good && dataset->row != NULL;
}

static bool
move_dataset(Migration *migration, const char *uuid)
{
	Dataset dataset = {.migration = migration, .uuid = uuid};
	bool is_present = false;
	bool good = read_size(&dataset) && find_present(&dataset, &is_present) &&
				(is_present || migration->dry_run || write_dataset(&dataset));

	if (good)
		migrate_report_count(&migration->report, MIGRATE_DATASET,
							 is_present ? MIGRATE_PRESENT : MIGRATE_MOVED, 1);
	free(dataset.row);
	free(dataset.content);
	return good;
}

bool
migrate_datasets(Migration *migration)
{
	return migrate_each(migration, "datasets", move_dataset);
}

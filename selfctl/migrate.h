/*
 * migrate.h: everything out of a database of the server before this one (schema version 12) into a domain.
 *
 * The source is read in one transaction, REPEATABLE READ and READ ONLY. Accounts, objects, programs and
 * alerts go into the domain in one transaction, each dataset in one of its own, points in batches. Whatever is
 * in the domain already stays as it is, so that a migration that was broken off is simply begun again.
 */
#ifndef SH_SELFCTL_MIGRATE_H
#define SH_SELFCTL_MIGRATE_H

#include <stdbool.h>
#include <stdint.h>

#include "pgx.h"
#include "progress.h"

#define MIGRATE_UUID_SIZE 37

typedef enum MigrateKind
{
	MIGRATE_USER,
	MIGRATE_GROUP,
	MIGRATE_MEMBERSHIP,
	MIGRATE_POLICY,
	MIGRATE_TOKEN,
	MIGRATE_THING,
	MIGRATE_DEPENDENCY,
	MIGRATE_TIMESERIES,
	MIGRATE_PROGRAM,
	MIGRATE_REVISION,
	MIGRATE_ALERT,
	MIGRATE_DATASET,
	MIGRATE_POINT,
	MIGRATE_KINDS
} MigrateKind;

typedef enum MigrateOutcome
{
	MIGRATE_MOVED,
	MIGRATE_PRESENT, /* it was in the domain */
	MIGRATE_LEFT	 /* it stays behind */
} MigrateOutcome;

typedef struct MigrateCounts
{
	uint64_t source;
	uint64_t outcome[MIGRATE_LEFT + 1];
	uint64_t needless; /* of those left behind: nothing is lost with them */
	uint64_t changed;  /* of those moved: not quite as they were */
} MigrateCounts;

typedef struct MigrateReport
{
	bool json;
	bool has_rows; /* JSON: one was printed */
	MigrateCounts counts[MIGRATE_KINDS];
	uint64_t series;		  /* whose points were looked at, */
	uint64_t series_verified; /* and are in the domain as they should be */
	bool was_written;		  /* somebody wrote to the source meanwhile */
	Progress *progress;		  /* what may stand on the terminal; NULL: nothing */
} MigrateReport;

typedef struct Migration
{
	ShcPg *source;
	ShcPg *target;
	bool dry_run;
	bool keep_policies; /* needless ones, too */
	bool inactive;		/* programs come as inactive ones */
	MigrateReport report;
} Migration;

/* ---- migrate_source.c ---- */

/* Connects, begins the transaction, and checks what kind of database it is. False when logged. */
extern bool migrate_open_source(Migration *migration, const char *conninfo);

/* Whether anything was written to the source's tables since it was opened; false: not known, or nothing. */
extern bool migrate_source_was_written(Migration *migration);

/* Calls `visit` for each row of a table of the source, by uuid. */
typedef bool (*MigrateVisit)(Migration *migration, const char *uuid);
extern bool migrate_each(Migration *migration, const char *table, MigrateVisit visit);

/* ---- migrate_report.c ---- */

extern void migrate_report_begin(MigrateReport *report, bool json);
extern void
migrate_report_count(MigrateReport *report, MigrateKind kind, MigrateOutcome outcome, uint64_t n);

/* Tells about one row, which was counted. `what`: "left behind", "changed" or "differs". */
extern void migrate_report_row(MigrateReport *report, MigrateKind kind, const char *what,
							   const char *id, const char *name, const char *text);

/* What is not about a row of the source. */
extern void migrate_report_note(MigrateReport *report, const char *text);

/* The table, or the end of the JSON. */
extern void migrate_report_end(MigrateReport *report, bool is_complete, bool dry_run);

/* Rows that were left behind and that are missed. */
extern uint64_t migrate_report_lost(const MigrateReport *report);

/* ---- migrate_rows.c ---- */

/*
 * How rows of one kind go over. source: a query of rows of one column, JSON objects. target: takes an array of
 * them as $1 and returns for each its id, its name or NULL, what became of it (moved, present, left,
 * needless) and a text or NULL: why it was left behind, or how it was changed.
 */
typedef struct MigrateRows
{
	MigrateKind kind;
	const char *source;
	const char *target;
} MigrateRows;

extern bool migrate_rows(Migration *migration, const MigrateRows *rows);

/* migrate_accounts.c, migrate_objects.c: within the domain's transaction. */
extern bool migrate_accounts(Migration *migration);
extern bool migrate_objects(Migration *migration);

/* migrate_datasets.c, migrate_points.c: each in transactions of its own. */
extern bool migrate_datasets(Migration *migration);
extern bool migrate_points(Migration *migration);

/* ---- cmd_migrate.c ---- */

/* Somebody wants it to stop; logged. */
extern bool migrate_is_interrupted(void);

#endif

/*
 * migrate_report.c: what became of the rows: as text, one line for each that did not go over as it was, and
 * a table at the end; or as one JSON object, written while it comes, so that no list grows in memory.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "listing.h"
#include "migrate.h"

static const struct
{
	const char *one;
	const char *many;
} kinds[MIGRATE_KINDS] = {
	[MIGRATE_USER] = {"user", "users"},
	[MIGRATE_GROUP] = {"group", "groups"},
	[MIGRATE_MEMBERSHIP] = {"membership", "memberships"},
	[MIGRATE_POLICY] = {"policy", "policies"},
	[MIGRATE_TOKEN] = {"token", "tokens"},
	[MIGRATE_THING] = {"thing", "things"},
	[MIGRATE_DEPENDENCY] = {"dependency", "dependencies"},
	[MIGRATE_TIMESERIES] = {"timeseries", "timeseries"},
	[MIGRATE_PROGRAM] = {"program", "programs"},
	[MIGRATE_REVISION] = {"revision", "revisions"},
	[MIGRATE_ALERT] = {"alert", "alerts"},
	[MIGRATE_DATASET] = {"dataset", "datasets"},
	[MIGRATE_POINT] = {"point", "points"},
};

void
migrate_report_begin(MigrateReport *report, bool json)
{
	*report = (MigrateReport){.json = json};
	if (json)
		printf("{\"rows\":[");
}

void
migrate_report_count(MigrateReport *report, MigrateKind kind, MigrateOutcome outcome, uint64_t n)
{
	report->counts[kind].source += n;
	report->counts[kind].outcome[outcome] += n;
}

static void
put_member(ShcBuf *buf, const char *name, const char *text)
{
	shc_buf_printf(buf, "%s\"%s\":", buf->len > 1 ? "," : "", name);
	if (text != NULL)
		shc_buf_json_string(buf, text, strlen(text));
	else
		shc_buf_puts(buf, "null");
}

static void
print_json_row(MigrateReport *report, const char *kind, const char *what, const char *id,
			   const char *name, const char *text)
{
	ShcBuf buf;

	shc_buf_init(&buf, (size_t) 16 * 1024 * 1024);
	shc_buf_puts(&buf, "{");
	put_member(&buf, "kind", kind);
	put_member(&buf, "id", id);
	put_member(&buf, "name", name);
	put_member(&buf, "what", what);
	put_member(&buf, "reason", text);
	printf("%s\n  %s}", report->has_rows ? "," : "", buf.failed ? "{" : buf.data);
	report->has_rows = true;
	shc_buf_free(&buf);
}

static void
print_text_row(const MigrateReport *report, const char *kind, const char *what, const char *id,
			   const char *name, const char *text)
{
	ShcBuf buf;

	if (report->progress != NULL)
		progress_end(report->progress);
	shc_buf_init(&buf, (size_t) 16 * 1024 * 1024);
	shc_buf_printf(&buf, "%s: %s %s", what, kind, id);
	if (name != NULL)
	{
		shc_buf_puts(&buf, " ");
		shc_buf_json_string(&buf, name, strlen(name));
	}
	shc_buf_printf(&buf, ": %s", text);
	if (!buf.failed)
		listing_print_text(buf.data);
	shc_buf_free(&buf);
}

void
migrate_report_row(MigrateReport *report, MigrateKind kind, const char *what, const char *id,
				   const char *name, const char *text)
{
	if (report->json)
		print_json_row(report, kinds[kind].one, what, id, name, text);
	else
		print_text_row(report, kinds[kind].one, what, id, name, text);
}

void
migrate_report_note(MigrateReport *report, const char *text)
{
	if (report->json)
		print_json_row(report, NULL, "note", NULL, NULL, text);
	else
		printf("note: %s\n", text);
}

uint64_t
migrate_report_lost(const MigrateReport *report)
{
	uint64_t lost = 0;

	for (int i = 0; i < MIGRATE_KINDS; i++)
		lost += report->counts[i].outcome[MIGRATE_LEFT] - report->counts[i].needless;
	return lost;
}

static void
end_json(const MigrateReport *report, bool is_complete, bool dry_run)
{
	printf("%s],\n \"kinds\":[", report->has_rows ? "\n " : "");
	for (int i = 0; i < MIGRATE_KINDS; i++)
	{
		const MigrateCounts *counts = &report->counts[i];

		printf("%s\n  {\"kind\":\"%s\",\"source\":%" PRIu64 ",\"moved\":%" PRIu64
			   ",\"present\":%" PRIu64 ",\"left\":%" PRIu64 ",\"needless\":%" PRIu64
			   ",\"changed\":%" PRIu64 "}",
			   i > 0 ? "," : "", kinds[i].one, counts->source, counts->outcome[MIGRATE_MOVED],
			   counts->outcome[MIGRATE_PRESENT], counts->outcome[MIGRATE_LEFT], counts->needless,
			   counts->changed);
	}
	printf("],\n \"series\":%" PRIu64 ",\"series_verified\":%" PRIu64
		   ",\"source_was_written\":%s,\"dry_run\":%s,\"complete\":%s}\n",
		   report->series, report->series_verified, report->was_written ? "true" : "false",
		   dry_run ? "true" : "false", is_complete ? "true" : "false");
}

static void
end_table(const MigrateReport *report, bool dry_run)
{
	printf("%-14s %12s %12s %14s %12s %12s\n", "", "SOURCE", dry_run ? "WOULD MOVE" : "MOVED",
		   "THERE ALREADY", "LEFT BEHIND", "CHANGED");
	for (int i = 0; i < MIGRATE_KINDS; i++)
	{
		const MigrateCounts *counts = &report->counts[i];

		printf("%-14s %12" PRIu64 " %12" PRIu64 " %14" PRIu64 " %12" PRIu64 " %12" PRIu64 "\n",
			   kinds[i].many, counts->source, counts->outcome[MIGRATE_MOVED],
			   counts->outcome[MIGRATE_PRESENT], counts->outcome[MIGRATE_LEFT], counts->changed);
	}
}

void
migrate_report_end(MigrateReport *report, bool is_complete, bool dry_run)
{
	if (report->json)
		end_json(report, is_complete, dry_run);
	else
		end_table(report, dry_run);
	if (report->json || !is_complete)
		return;
	if (!dry_run)
		printf("The points of %" PRIu64 " of %" PRIu64
			   " time series agree with the source in number, sum and order.\n",
			   report->series_verified, report->series);
}

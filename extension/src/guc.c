/*
 * guc.c: the settings of the extension, in tables; docs/sql-api.md describes them. The state of a
 * login (identity.c) is kept in one, too, but nobody can set that.
 *
 * They are set for a database: ALTER DATABASE ... SET selfhost.four_eyes = on.
 */
#include "sh_ext.h"

#include "utils/guc.h"

#include "bucket.h"
#include "guc.h"

char *sh_guc_schedule_timezone;
bool sh_guc_four_eyes;
int sh_guc_min_part_size;
bool sh_guc_manager;
int sh_guc_manager_concurrency;

/* Read by SQL only (ddl/49_*.sql). */
static int max_failures;
static int run_retention;
static int runs_kept;
static int webhook_queue_limit;

static bool
check_timezone(char **value, void **extra, GucSource source)
{
	ShZone zone;

	if ((*value)[0] == '\0' || sh_zone_find(&zone, *value))
		return true;
	GUC_check_errdetail("There is no time zone \"%s\".", *value);
	return false;
}

static const struct
{
	const char *name;
	const char *description;
	bool *value;
	bool boot;
	GucContext context;
} booleans[] = {
	{"selfhost.four_eyes", "The author of a revision of a program cannot sign it.",
	 &sh_guc_four_eyes, false, PGC_SUSET},
	{"selfhost.manager", "The program manager looks after the databases of this server.",
	 &sh_guc_manager, true, PGC_SIGHUP},
};

static const struct
{
	const char *name;
	const char *description;
	int *value;
	int boot;
	int min;
	int max;
	GucContext context;
	int flags;
} integers[] = {
	{"selfhost.min_part_size", "Fewest bytes of each part of an upload but the last.",
	 &sh_guc_min_part_size, 5 * 1024 * 1024, 1, 1024 * 1024 * 1024, PGC_SUSET, GUC_UNIT_BYTE},
	{"selfhost.manager_concurrency", "Databases that the program manager works in at a time.",
	 &sh_guc_manager_concurrency, 2, 1, 64, PGC_SIGHUP, 0},
	{"selfhost.max_failures",
	 "Failed runs, one after the other, that make a program failed; 0: any number.", &max_failures,
	 5, 0, 1000000, PGC_SUSET, 0},
	{"selfhost.run_retention", "How long runs of programs are kept.", &run_retention,
	 30 * SECS_PER_DAY, 60, INT_MAX, PGC_SUSET, GUC_UNIT_S},
	{"selfhost.runs_kept", "Runs that are kept of each program.", &runs_kept, 1000, 1, 1000000,
	 PGC_SUSET, 0},
	{"selfhost.webhook_queue_limit", "How long a webhook or a check of code may wait for a worker.",
	 &webhook_queue_limit, 10000, 100, 600000, PGC_SUSET, GUC_UNIT_MS},
};

static const struct
{
	const char *name;
	const char *description;
	char **value;
	const char *boot;
	GucStringCheckHook check;
} texts[] = {
	{"selfhost.schedule_timezone",
	 "Time zone of schedules that name none; empty: that of the database.",
	 &sh_guc_schedule_timezone, "", check_timezone},
};

void
sh_guc_init(void)
{
	for (int i = 0; i < lengthof(booleans); i++)
		DefineCustomBoolVariable(booleans[i].name, booleans[i].description, NULL, booleans[i].value,
								 booleans[i].boot, booleans[i].context, 0, NULL, NULL, NULL);
	for (int i = 0; i < lengthof(integers); i++)
		DefineCustomIntVariable(integers[i].name, integers[i].description, NULL, integers[i].value,
								integers[i].boot, integers[i].min, integers[i].max,
								integers[i].context, integers[i].flags, NULL, NULL, NULL);
	for (int i = 0; i < lengthof(texts); i++)
		DefineCustomStringVariable(texts[i].name, texts[i].description, NULL, texts[i].value,
								   texts[i].boot, PGC_SUSET, 0, texts[i].check, NULL, NULL);
	sh_reserve_guc_prefix(SH_SCHEMA);
}

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
} booleans[] = {
	{"selfhost.four_eyes", "The author of a revision of a program cannot sign it.",
	 &sh_guc_four_eyes, false},
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
								 booleans[i].boot, PGC_SUSET, 0, NULL, NULL, NULL);
	for (int i = 0; i < lengthof(texts); i++)
		DefineCustomStringVariable(texts[i].name, texts[i].description, NULL, texts[i].value,
								   texts[i].boot, PGC_SUSET, 0, texts[i].check, NULL, NULL);
	sh_reserve_guc_prefix(SH_SCHEMA);
}

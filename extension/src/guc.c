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

static const struct
{
	const char *name;
	const char *description;
	int *value;
	int boot;
	int min;
	int max;
	int flags;
} integers[] = {
	{"selfhost.min_part_size", "Fewest bytes of each part of an upload but the last.",
	 &sh_guc_min_part_size, 5 * 1024 * 1024, 1, 1024 * 1024 * 1024, GUC_UNIT_BYTE},
};

void
sh_guc_init(void)
{
	for (int i = 0; i < lengthof(booleans); i++)
		DefineCustomBoolVariable(booleans[i].name, booleans[i].description, NULL, booleans[i].value,
								 booleans[i].boot, PGC_SUSET, 0, NULL, NULL, NULL);
	for (int i = 0; i < lengthof(integers); i++)
		DefineCustomIntVariable(integers[i].name, integers[i].description, NULL, integers[i].value,
								integers[i].boot, integers[i].min, integers[i].max, PGC_SUSET,
								integers[i].flags, NULL, NULL, NULL);
	for (int i = 0; i < lengthof(texts); i++)
		DefineCustomStringVariable(texts[i].name, texts[i].description, NULL, texts[i].value,
								   texts[i].boot, PGC_SUSET, 0, texts[i].check, NULL, NULL);
	sh_reserve_guc_prefix(SH_SCHEMA);
}

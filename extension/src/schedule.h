/*
 * schedule.h: the cron dialect of programs: parsing, and when a schedule is due next.
 *
 * Plain C: the time zone comes in through a function, so that the unit test can bring its own.
 * Instants are seconds since 1970-01-01T00:00:00Z.
 */
#ifndef SH_SCHEDULE_H
#define SH_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SH_SCHEDULE_ZONE_MAX 64 /* with the terminating zero */

/* Sets of values are bits: bit n is the value n. */
typedef struct ShSchedule
{
	int64_t every; /* @every: seconds; 0: the fields below count */
	uint64_t seconds;
	uint64_t minutes;
	uint32_t hours;
	uint32_t days; /* of the month, 1 to 31 */
	uint32_t months;
	uint32_t weekdays;				 /* 0: Sunday */
	bool any_day;					 /* days is a star */
	bool any_weekday;				 /* weekdays is a star */
	char zone[SH_SCHEDULE_ZONE_MAX]; /* of TZ= or CRON_TZ=; empty: none was given */
} ShSchedule;

/*
 * Parses a schedule. False: it is refused, and *reason is one short line, a constant. The name of a
 * zone is not looked up.
 */
extern bool
sh_schedule_parse(const char *text, size_t len, ShSchedule *schedule, const char **reason);

/*
 * A time zone: the seconds east of UTC that are in force at an instant, and the instant, later than
 * that one, up to which (exclusive) they stay; INT64_MAX: for ever.
 */
typedef struct ShScheduleZone
{
	int32_t (*offset)(void *context, int64_t instant, int64_t *until);
	void *context;
} ShScheduleZone;

/*
 * The first instant after `after` at which the schedule is due: every showing of a matching second on
 * the zone's clock counts, so what the clock skips is skipped, and what it shows twice comes twice.
 * @every counts from `after`. False: the schedule is not due within the next twelve years, which hold
 * every day that the calendar has.
 */
extern bool sh_schedule_next(const ShSchedule *schedule, const ShScheduleZone *zone, int64_t after,
							 int64_t *next);

#endif

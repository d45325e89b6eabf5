/*
 * cmd_timeseries.h: what the commands about time series share.
 */
#ifndef SH_SELFCTL_CMD_TIMESERIES_H
#define SH_SELFCTL_CMD_TIMESERIES_H

#include "cli.h"

/* Whether JSON lines are meant, by --format or else the name of the file; false, and said: neither. */
extern bool timeseries_format(const char *format, const char *file, bool *is_json);

/* cmd_timeseries_export.c */
extern const CliCommand cmd_timeseries_export;

/* cmd_timeseries_retention.c */
extern const CliCommand cmd_timeseries_retention;

#endif

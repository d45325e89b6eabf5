/*
 * host_zone_rule.h: rules of time zones as POSIX has them in TZ: CET-1CEST,M3.5.0,M10.5.0/3
 */
#ifndef SH_WORKER_HOST_ZONE_RULE_H
#define SH_WORKER_HOST_ZONE_RULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What holds at a time. False: it is no rule. */
extern bool
wk_zone_rule(const char *text, size_t len, int64_t seconds, int32_t *offset, char abbreviation[14]);

#endif

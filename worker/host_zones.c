/*
 * host_zones.c: time zones.
 */
#include "host_zones.h"

bool
wk_zones_load(const char *folder)
{
	return folder[0] != '\0';
}

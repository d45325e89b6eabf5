/*
 * host_times.h: the times module.
 */
#ifndef SH_WORKER_HOST_TIMES_H
#define SH_WORKER_HOST_TIMES_H

#include "host_value.h"

extern const WkMember wk_times_members[];

#endif

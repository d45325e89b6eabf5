/*
 * host_math.h: the math and rand modules.
 */
#ifndef SH_WORKER_HOST_MATH_H
#define SH_WORKER_HOST_MATH_H

#include "host_value.h"

extern const WkMember wk_math_members[];
extern const WkMember wk_rand_members[];

#endif

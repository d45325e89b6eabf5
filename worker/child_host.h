/*
 * child_host.h: the WkHost of a child: each call becomes a question to the worker.
 */
#ifndef SH_WORKER_CHILD_HOST_H
#define SH_WORKER_CHILD_HOST_H

#include "buf.h"
#include "language.h"

typedef struct WkChildHost
{
	WkHost host; /* context is this */
	ShcBuf in;
	ShcBuf out;
} WkChildHost;

extern void wk_child_host_init(WkChildHost *host);

#endif

/*
 * shared.h: what the domains of a worker have in common. Loop thread only.
 */
#ifndef SH_WORKER_SHARED_H
#define SH_WORKER_SHARED_H

#include "config.h"
#include "connector.h"
#include "modules.h"
#include "spawner.h"

typedef struct WkShared
{
	ShcLoop loop;
	const WkConfig *config;
	WkSpawner spawner;
	WkConnector *connector;
	WkModules modules;
	char worker[37]; /* its UUID, new at each start */
	char name[128];
	char languages[256]; /* an array of PostgreSQL */
	int slots;			 /* runs at once */
	int slots_per_domain;
	int busy; /* of them taken, by children and by claims under way */
	bool stopping;
} WkShared;

#endif

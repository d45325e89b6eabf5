/*
 * token_use.h: which tokens were used, reported to the domain once a minute in one call, so that the
 * list of tokens can show it and no request pays for it. Loop thread only.
 */
#ifndef SH_GATEWAY_TOKEN_USE_H
#define SH_GATEWAY_TOKEN_USE_H

#include "job.h"

/* Most different tokens of one report; of more, some are left for the next use. */
#define GW_TOKEN_USE_MAX 1024

/* How often. */
#define GW_TOKEN_USE_INTERVAL INT64_C(60000000)

typedef struct GwTokenUse
{
	int n;
	int64_t last_report;
	bool is_reporting;
	ShcArena *arena; /* of the report under way */
	GwJob job;
	const char *value[1];
	uint8_t slot[2 * GW_TOKEN_USE_MAX][GW_UUID_SIZE]; /* a hash table; all zero: empty */
} GwTokenUse;

/* The operation that takes the report; its index is that behind the last one of the routes. */
extern GwOperation gw_token_use_operation(int index);

/* Notes the token of a job that has succeeded. */
extern void gw_token_use_note(GwTokenUse *use, const GwJob *job);

/*
 * Makes the job of a report when one is due, NULL otherwise. The caller submits it; it is done when
 * job.changed() of ours has been called.
 */
extern GwJob *gw_token_use_report(GwTokenUse *use, const GwOperation *operation, int64_t now);
extern void gw_token_use_free(GwTokenUse *use);

#endif

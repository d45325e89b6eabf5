/*
 * service.h: selfpwrk as a service: all domains, and how they share what runs at once.
 */
#ifndef SH_WORKER_SERVICE_H
#define SH_WORKER_SERVICE_H

#include "config.h"
#include "domain_source.h"

typedef struct WkServiceEvents
{
	/* SIGHUP: reads the configuration again, as far as it can change while the service runs. */
	void (*reload)(void *context);
	void *context;
} WkServiceEvents;

/*
 * Serves the domains of the source until a signal to stop. The zygote is executed, so that nothing of
 * the domains is in it. Returns the exit code: 0 stopped as asked, 1 could not start.
 */
extern int
wk_service_main(const WkConfig *config, ShcDomainSource *source, const WkServiceEvents *events);

#endif

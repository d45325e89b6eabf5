/*
 * service.h: selfpwrk as a service: all domains, and how they share what runs at once.
 */
#ifndef SH_WORKER_SERVICE_H
#define SH_WORKER_SERVICE_H

#include "config.h"
#include "domain_file.h"

typedef struct WkServiceEvents
{
	/* SIGHUP: reads the configuration again, as far as it can change while the service runs. */
	void (*reload)(void *context);
	void *context;
} WkServiceEvents;

/*
 * Serves the domains of the file until a signal to stop. The zygote is started before the file is
 * read. Returns the exit code: 0 stopped as asked, 1 could not start.
 */
extern int
wk_service_main(const WkConfig *config, ShcDomainFile *file, const WkServiceEvents *events);

#endif

/*
 * pgx_primus.h: the domains that Primus has, and word of their changes: a thread of its own with one connection
 * that listens. It ends by itself never: a connection that is lost comes again, and the domains are read
 * again then. Until then those that were read last stay.
 *
 * One thread starts, takes and stops.
 */
#ifndef SHC_PGX_PRIMUS_H
#define SHC_PGX_PRIMUS_H

#include "conf.h"
#include "primus_conf.h"

typedef struct ShcPrimus ShcPrimus;

/*
 * Begins to follow. application: as which the connection is seen in PostgreSQL; timeout: for each step of
 * connecting and asking, in microseconds. Borrows all until shc_primus_stop(). NULL: logged.
 */
extern ShcPrimus *
shc_primus_start(const ShcPrimusConf *conf, const char *application, int64_t timeout);

/* A descriptor that can be read from when there is something to take. */
extern int shc_primus_fd(const ShcPrimus *primus);

/* The newest domains, which the caller frees. False: nothing new. */
extern bool shc_primus_take(ShcPrimus *primus, ShcDomains *out);

extern void shc_primus_stop(ShcPrimus *primus);

/* Reads the domains once. False: logged. */
extern bool shc_primus_read(const ShcPrimusConf *conf, const char *application, int64_t timeout,
							ShcDomains *out);

#endif

/*
 * domain_source.h: where the domains come from: the domain file, or Primus. One thread.
 */
#ifndef SHC_DOMAIN_SOURCE_H
#define SHC_DOMAIN_SOURCE_H

#include "domain_file.h"
#include "pgx_primus.h"

typedef struct ShcDomainSource
{
	ShcDomainFile file; /* path NULL: none */
	ShcPrimus *primus;	/* NULL: none */
	int fd;				/* can be read from when something may have changed; -1: never */
	bool is_known;		/* the domains have been read at least once, or there is no source */
} ShcDomainSource;

/* What a configuration says of it. */
typedef struct ShcDomainSourceConf
{
	const char *file; /* as configured, searched for; "": none */
	const ShcPrimusConf *primus;
	const char *application; /* as Primus sees the program */
	int64_t timeout;		 /* for each step towards Primus, in microseconds */
} ShcDomainSourceConf;

/*
 * Opens the source; a file must be there, Primus need not be. Both at once are refused; neither is a warning.
 * Borrows what conf points to. False: logged. In each case the caller closes it.
 */
extern bool shc_domain_source_open(ShcDomainSource *source, const ShcDomainSourceConf *conf);
extern void shc_domain_source_close(ShcDomainSource *source);

/* The domains, when they have changed. False: what was told before stays in force; *out is untouched. */
extern bool shc_domain_source_poll(ShcDomainSource *source, ShcDomains *out);

/* Waits for the first domains of Primus, this long at most. */
extern void shc_domain_source_wait(const ShcDomainSource *source, int64_t limit);

/* Reads the domains once, without following anything, as --check-config does. False: logged. */
extern bool shc_domain_source_read(const ShcDomainSourceConf *conf, ShcDomains *out);

#endif

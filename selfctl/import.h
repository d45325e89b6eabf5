/*
 * import.h: points out of a file into a domain: batch by batch, each in a transaction of its own, so that
 * memory stays bounded and an import that is broken off goes on where it stopped.
 *
 * The server's own parser judges the lines. A batch that it refuses is halved until the lines that are at
 * fault stand alone; those go to the reject file with their numbers and the reason.
 */
#ifndef SH_SELFCTL_IMPORT_H
#define SH_SELFCTL_IMPORT_H

#include <stdint.h>
#include <stdio.h>

#include "progress.h"
#include "session.h"

typedef enum ImportFormat
{
	IMPORT_CSV,		  /* ts,v or uuid,ts,v in each line, with or without that header */
	IMPORT_JSON_LINES /* {"ts": ..., "v": ...}, or with "uuid", in each line */
} ImportFormat;

typedef struct ImportOptions
{
	const char *file; /* "-": standard input */
	const char *uuid; /* of the series; NULL: each line names its own */
	ImportFormat format;
	const char *conflict; /* what becomes of timestamps that have a point: error, skip, replace */
	const char *unit;	  /* of the values; NULL: the series' own */
	const char *reject;	  /* the file for bad lines */
	bool resume;
	bool restart;
	int batch; /* lines */
} ImportOptions;

typedef struct ImportCounts
{
	uint64_t lines; /* that held something */
	uint64_t inserted;
	uint64_t replaced;
	uint64_t skipped;
	uint64_t out_of_bounds;
	uint64_t rejected;
} ImportCounts;

/* False when it did not come to the end; it is logged why, and how to go on. */
extern bool import_run(Session *session, const ImportOptions *options, ImportCounts *counts);

#endif

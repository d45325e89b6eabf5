/*
 * pgx_conninfo.h: the parts of connection strings.
 */
#ifndef SHC_PGX_CONNINFO_H
#define SHC_PGX_CONNINFO_H

#include <stdbool.h>

typedef enum ShcPgKeep
{
	SHC_PG_KEEP_ALL,
	SHC_PG_KEEP_SHOWN, /* what may be shown: no secrets, and nothing that is not known to be harmless */
	SHC_PG_KEEP_PLACE /* what leads to the server, and not who logs in */
} ShcPgKeep;

/* What becomes of a connection string; NULL: that part stays as it is. */
typedef struct ShcPgEdit
{
	ShcPgKeep keep;
	const char *dbname;
	const char *user;
	const char *host; /* only where it names none */
	const char *port; /* the same */
} ShcPgEdit;

/* The edited string, as keyword=value pairs. malloc'd; NULL, and logged: it is not valid, or out of memory. */
extern char *shc_pg_conninfo_edit(const char *conninfo, const ShcPgEdit *edit);

/* One part of a string that is valid. malloc'd; NULL: it has none. */
extern char *shc_pg_conninfo_part(const char *conninfo, const char *keyword);

#endif

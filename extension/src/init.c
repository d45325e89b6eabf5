/*
 * init.c: loading of the library. Nothing else.
 */
#include "sh_ext.h"

#include "access.h"
#include "guc.h"
#include "manager.h"
#include "series.h"

PG_MODULE_MAGIC;

PGDLLEXPORT void _PG_init(void);

void
_PG_init(void)
{
	sh_access_init();
	sh_series_init();
	sh_manager_init();
	sh_guc_init(); /* last: it closes the prefix to unknown settings */
}

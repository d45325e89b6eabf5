/*
 * etag.c: conditional requests, for operations in PL/pgSQL.
 */
#include "sh_ext.h"

#include "utils/builtins.h"

#include "dataset_http.h"

SH_FUNCTION(sh_etag_matches);

/*
 * _etag_matches(if_none_match text, tag text) -> boolean: see sh_etag_listed(). Without a header:
 * false.
 */
Datum
sh_etag_matches(PG_FUNCTION_ARGS)
{
	const char *header = PG_ARGISNULL(0) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(0));

	if (PG_ARGISNULL(1))
		PG_RETURN_BOOL(false);
	PG_RETURN_BOOL(sh_etag_listed(header, text_to_cstring(PG_GETARG_TEXT_PP(1))));
}

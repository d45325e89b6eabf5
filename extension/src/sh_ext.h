/*
 * sh_ext.h: what every server-side file of the extension includes first.
 *
 * The codec, parser and emitter (chunk, json_in, json_out, rfc3339, decimal) do not include it:
 * they are plain C, compiled into the unit tests as they are.
 */
#ifndef SH_EXT_H
#define SH_EXT_H

#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

#include "compat.h"

/* Name of the schema, and of the error field that marks a refusal as ours. */
#define SH_SCHEMA "selfhost"

/* Declares and exports a function callable from SQL. */
#define SH_FUNCTION(name)                            \
	extern PGDLLEXPORT Datum name(PG_FUNCTION_ARGS); \
	PG_FUNCTION_INFO_V1(name)

/*
 * Part of every ereport() that refuses a client's request: the gateway passes the message on to the
 * client only where it finds this mark.
 */
#define sh_refusal() err_generic_string(PG_DIAG_SCHEMA_NAME, SH_SCHEMA)

/* "00000000-0000-0000-0000-000000000000" and a terminating zero. */
#define SH_UUID_TEXT_SIZE 37

#endif

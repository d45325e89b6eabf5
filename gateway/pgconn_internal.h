/*
 * pgconn_internal.h: shared by pgconn.c and pgconn_statement.c only.
 */
#ifndef SH_GATEWAY_PGCONN_INTERNAL_H
#define SH_GATEWAY_PGCONN_INTERNAL_H

#include "pgconn.h"

/* Most parameters of a statement: the digest, those of the path and query, the body. */
#define GW_MAX_STATEMENT_PARAMETERS 64

/* Most header lines of one http_response, and most bytes of one. */
#define GW_MAX_RESPONSE_HEADERS 64
#define GW_MAX_RESPONSE_HEADER	8192

#endif

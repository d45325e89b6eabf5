/*
 * selfapi.h: which operations of the REST API a program may call, and as which statements. Plain
 * data and text; no I/O.
 *
 * An operation that is not in the table does not exist for programs. Its rights are checked by the
 * database, for the run in hand (authenticate_run).
 */
#ifndef SH_WORKER_SELFAPI_H
#define SH_WORKER_SELFAPI_H

#include "buf.h"
#include "pgconn.h"

#define WK_CALL_PARAMETERS 24

typedef struct WkOperation WkOperation;

/* A statement that is ready to be sent. */
typedef struct WkCall
{
	const WkOperation *operation;
	ShcBuf sql;
	ShcBuf values; /* what the parameters point into, once it is complete */
	int n;
	WkPgValue parameter[WK_CALL_PARAMETERS];
	char *body; /* a copy */
} WkCall;

typedef enum WkCallKind
{
	WK_CALL_READY,
	WK_CALL_UNKNOWN, /* programs have no such operation */
	WK_CALL_REFUSED	 /* problem says why, as the answer to a bad request */
} WkCallKind;

/*
 * Makes the statement: arguments is a JSON object with the values of parameters by their names, body
 * what would be the request's body (NULL: none). The caller frees it in any case.
 */
extern WkCallKind
wk_call_make(WkCall *call, const char *worker, const char *run_id, const char *operation,
			 const char *arguments, const char *body, size_t body_len, char problem[256]);
extern void wk_call_free(WkCall *call);

/*
 * What comes back: the rows, one after the other, then the end. Status is as of HTTP; the body is
 * appended to out, which tells by `failed` that it is too large. any_row: there was one.
 * wk_call_end() false: the run is over in the eyes of the database.
 */
extern void wk_call_row(const WkCall *call, const WkPgResult *row, int *status, ShcBuf *out);
extern bool wk_call_end(const WkPgResult *end, bool any_row, int *status, ShcBuf *out);

#endif

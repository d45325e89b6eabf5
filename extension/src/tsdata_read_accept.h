/*
 * tsdata_read_accept.h: which format of points an Accept header asks for. Plain C, no PostgreSQL.
 */
#ifndef SH_TSDATA_READ_ACCEPT_H
#define SH_TSDATA_READ_ACCEPT_H

#include <stdbool.h>

/*
 * Whether CSV is wanted rather than JSON: text/csv is named, and JSON is not preferred to it (a lower
 * q, or the same and named before). NULL: no header. What is malformed is passed over.
 */
extern bool sh_accepts_csv(const char *accept);

#endif

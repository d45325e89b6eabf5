/*
 * host_http.c: HTTP for programs.
 */
#include "host_http.h"

bool
wk_http_prepare(void)
{
	return true;
}

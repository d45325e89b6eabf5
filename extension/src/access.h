/*
 * access.h: who is acting, and what he may do.
 *
 * The acting user of a statement is, in this order: the one that authenticate() or authenticate_run()
 * set for this very statement; the one that login() set for the session; the one that the session's role is mapped to.
 * Without any of them the owner of the extension's schema (and superusers) act without limits, and
 * everybody else gets 28000.
 */
#ifndef SH_ACCESS_H
#define SH_ACCESS_H

#include "sh_ext.h"

typedef enum ShAction
{
	SH_CREATE,
	SH_READ,
	SH_UPDATE,
	SH_DELETE
} ShAction;

extern void sh_access_init(void);

/*
 * Has the acting user the right (action, resource)? owner: the creator of the object that the
 * resource names or lies below (NULL: none, or not a collection with ownership). Errors: 28000 when
 * nobody is acting.
 */
extern bool sh_access_allowed(ShAction action, const char *resource, const pg_uuid_t *owner);

/* The same, as an error: 42501, marked as ours. */
extern void sh_access_require(ShAction action, const char *resource, const pg_uuid_t *owner);

/*
 * sh_access_require() for "<collection>/<uuid><suffix>", without the caller building the text.
 * suffix: "" or e.g. "/data".
 */
extern void sh_access_require_object(ShAction action, const char *collection, const pg_uuid_t *uuid,
									 const char *suffix, const pg_uuid_t *owner);
extern bool sh_access_allowed_object(ShAction action, const char *collection, const pg_uuid_t *uuid,
									 const char *suffix, const pg_uuid_t *owner);

/* The acting user's uuid; NULL when the owner of the extension acts. Errors: 28000. */
extern const pg_uuid_t *sh_access_user(void);

/* Prints a uuid, dashed and in lower case, with its terminating zero. */
extern void sh_uuid_print(const pg_uuid_t *uuid, char out[SH_UUID_TEXT_SIZE]);

#endif

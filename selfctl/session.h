/*
 * session.h: a connection to one domain's database, for the commands that work on what is in it.
 *
 * Which domain: that of a local stack (--dir, and --domain where it is not the stack's first), or any
 * database by its connection string (--uri). Who acts: with a token, its user, in everything that the
 * operations do: that of $SELFHOST_TOKEN, or the root user of the stack by its credentials.json. Without
 * one the role decides, and the owner of the extension acts without limits but as nobody.
 */
#ifndef SH_SELFCTL_SESSION_H
#define SH_SELFCTL_SESSION_H

#include <stdbool.h>

#include "pgx.h"
#include "stack.h"

typedef struct SessionOptions
{
	const char *dir;
	const char *domain;
	const char *uri;
	bool as_owner; /* nobody logs in, whatever tokens there are */
} SessionOptions;

/* The options of all commands with a session. */
#define SESSION_OPTIONS(o)                                                                 \
	{'d',	   "dir",	 "DIR", "folder of the stack; default: see \"selfctl up --help\"", \
	 CLI_TEXT, &(o).dir, 0,		0},                                                        \
		{0,		   "domain",	"NAME", "a domain of the stack; default: its own",         \
		 CLI_TEXT, &(o).domain, 0,		0},                                                \
	{                                                                                      \
		0, "uri", "URI",                                                                   \
			"database of the domain, as for psql, instead of a stack;\n"                   \
			"passwords belong into ~/.pgpass or a service file, not here",                 \
			CLI_URI, &(o).uri, 0, 0                                                        \
	}

typedef struct Session
{
	ShcPg *pg;
	Stack stack;
	bool has_user; /* a token's user acts */
} Session;

/* Connects, and logs the user in. False, when it is logged why. In each case: session_close(). */
extern bool session_open(Session *session, const SessionOptions *options);
extern void session_close(Session *session);

/* Whether the stack runs, and reads what it has written down; logged when it does not. */
extern bool session_find_stack(Stack *stack);

/* False, and said what to do, when nobody acts: what the command makes needs somebody who made it. */
extern bool session_needs_user(const Session *session);

/* How a program of its own connects to the same database; of the session's arena. */
extern const char *session_conninfo(Session *session, const SessionOptions *options);

#endif

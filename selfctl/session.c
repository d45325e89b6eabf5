/*
 * session.c: which database, and as whom.
 */
#include "session.h"

#include <stdlib.h>
#include <string.h>

#include "domain.h"
#include "log.h"

#define CONNECT_TIMEOUT 10

#define TOKEN_VARIABLE	"SELFHOST_TOKEN"

bool
session_find_stack(Stack *stack)
{
	pid_t holder = stack_holder(stack);

	if (holder < 0)
		return false;
	if (holder == 0)
	{
		shc_error("no Self-host is running in %s: start it with \"selfctl up\", or name a database "
				  "with --uri",
				  stack->dir);
		return false;
	}
	stack_read_state(stack);
	if (!stack->is_ready || stack->sockets == NULL || stack->domain == NULL)
	{
		shc_error("the Self-host in %s is being started or stopped", stack->dir);
		return false;
	}
	return true;
}

static bool
find_domain(Session *session, const SessionOptions *options)
{
	if (!session_find_stack(&session->stack))
		return false;
	if (options->domain == NULL || domain_name_is_valid(options->domain))
		return true;
	shc_error("--domain: \"%s\" is no name of a domain", options->domain);
	return false;
}

const char *
session_conninfo(Session *session, const SessionOptions *options)
{
	if (options->uri != NULL)
		return options->uri;
	return stack_conninfo(&session->stack,
						  options->domain != NULL ? options->domain : session->stack.domain);
}

/* NULL: there is none, and nobody is logged in. */
static const char *
find_token(const Session *session, const SessionOptions *options)
{
	const char *token = getenv(TOKEN_VARIABLE);
	Credentials credentials;

	if (token != NULL && token[0] != '\0')
		return token;
	if (options->uri == NULL &&
		(options->domain == NULL || strcmp(options->domain, session->stack.domain) == 0) &&
		stack_read_credentials(&session->stack, &credentials))
		return credentials.token;
	return NULL;
}

static bool
log_in(Session *session, const char *token)
{
	if (token == NULL)
		return true;
	if (!shc_pg_exec(session->pg, "SELECT selfhost.login($1)", 1, &token, NULL, NULL))
	{
		shc_error("cannot log in with the token of %s", getenv(TOKEN_VARIABLE) != NULL
															? "$" TOKEN_VARIABLE
															: "the stack's credentials.json");
		return false;
	}
	session->has_user = true;
	return true;
}

bool
session_open(Session *session, const SessionOptions *options)
{
	*session = (Session){.stack.lock_fd = -1};
	if (options->uri != NULL && (options->dir != NULL || options->domain != NULL))
	{
		shc_error("--uri: stands instead of --dir and --domain, not beside them");
		return false;
	}
	return stack_open(&session->stack, options->dir) &&
		   (options->uri != NULL || find_domain(session, options)) &&
		   shc_pg_connect(session_conninfo(session, options), CONNECT_TIMEOUT, &session->pg) &&
		   (options->as_owner || log_in(session, find_token(session, options)));
}

void
session_close(Session *session)
{
	shc_pg_close(session->pg);
	stack_close(&session->stack);
}

bool
session_needs_user(const Session *session)
{
	if (session->has_user)
		return true;
	shc_error("nobody acts here: put a token of the user who does this into $" TOKEN_VARIABLE);
	return false;
}

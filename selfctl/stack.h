/*
 * stack.h: a local Self-host in one folder: its paths, who holds it, what it has written down.
 *
 *   data/                  the PostgreSQL cluster (of the account that runs it)
 *   run/                   its socket, unless the path is too long for one
 *   log/                   postgres.log, selfserv.log, selfpwrk.log, selfctl.log
 *   credentials.json       url, domain and token of the root user; mode 0600
 *   stack.json             what "selfctl status" tells, and where leftovers would be
 *   postgresql.conf        written once, to be edited
 *   pg_hba.conf, pg_ident.conf, domains.yaml, selfserv.conf.yaml, selfpwrk.conf.yaml
 *                          written at every start
 *   selfctl.lock           locked while the stack runs
 */
#ifndef SH_SELFCTL_STACK_H
#define SH_SELFCTL_STACK_H

#include <stdbool.h>
#include <sys/types.h>

#include "account.h"
#include "arena.h"

/* The socket's name within its folder; nothing listens on TCP. */
#define STACK_POSTGRES_PORT 5432

/* The role that owns everything in the cluster. */
#define STACK_OWNER			  "selfhost"

#define STACK_STANDARD_DOMAIN "test"

/* All texts are of the arena. */
typedef struct Stack
{
	ShcArena *arena;
	const char *dir; /* absolute, all paths below too */
	const char *data;
	const char *new_data; /* a cluster that is not complete yet */
	const char *log_dir;
	const char *postgres_log;
	const char *selfserv_log;
	const char *selfpwrk_log;
	const char *selfctl_log;
	const char *lock_file;
	const char *state_file;
	const char *credentials_file;
	const char *postgresql_conf;
	const char *hba_file;
	const char *ident_file;
	const char *domain_file;
	const char *selfserv_conf;
	const char *selfpwrk_conf;
	int lock_fd; /* -1: not ours */

	/* The rest is what stack.json holds; NULL and 0: not known. */
	const char *sockets; /* folder of the socket */
	const char *domain;
	const char *url;
	const char *postgres_version;
	const char *extension_version;
	bool is_ready;
	pid_t selfctl_pid;
	pid_t postgres_pid;
	pid_t selfserv_pid;
	pid_t selfpwrk_pid;
} Stack;

typedef struct Credentials
{
	const char *url;
	const char *domain;
	const char *token; /* a secret: never log it */
} Credentials;

typedef enum StackLock
{
	STACK_LOCKED,
	STACK_HELD, /* by another process */
	STACK_LOCK_FAILED
} StackLock;

/* The folder when none is named: ./.selfhost in a source tree, else of the user's data. */
extern const char *stack_standard_dir(ShcArena *arena);

/* Computes the paths; dir NULL: the standard one. Touches nothing. */
extern bool stack_open(Stack *stack, const char *dir);
extern void stack_close(Stack *stack);

/* The process that holds the lock; 0: the stack is not running; -1 (logged): cannot tell. */
extern pid_t stack_holder(const Stack *stack);

/* Takes the lock for this process until it ends; logged when it cannot. */
extern StackLock stack_lock(Stack *stack);

/* stack.json. Reading a missing or damaged one leaves everything unknown. */
extern void stack_read_state(Stack *stack);
extern bool stack_write_state(const Stack *stack);

/* credentials.json; false when there is none, or none that is complete. */
extern bool stack_read_credentials(const Stack *stack, Credentials *credentials);
extern bool stack_write_credentials(const Stack *stack, const Credentials *credentials);

/* How its owner connects to the domain's database, as keyword=value. */
extern const char *stack_conninfo(const Stack *stack, const char *database);

#endif

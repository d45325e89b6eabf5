/*
 * selfserv.h: the stack's selfserv: where its program is, on which port, whether it answers.
 */
#ifndef SH_SELFCTL_SELFSERV_H
#define SH_SELFCTL_SELFSERV_H

#include <stdbool.h>

#include "account.h"
#include "child.h"
#include "cli.h"
#include "stack.h"

typedef struct Selfserv
{
	const char *program; /* a path that the account can reach */
	const char *openapi; /* the description of the API; NULL: it finds that itself */
	const char *page;	 /* the folder of the documentation page; NULL: there is none */
	const char *host;	 /* the address to ask it at */
	int port;
} Selfserv;

/* Checks the assignments of --set that concern selfctl itself; false (said) when one is wrong. */
extern bool selfserv_check_settings(const CliList *settings);

/*
 * Finds the program beside selfctl: in the build tree, in the same folder, else in PATH. A program
 * that the account cannot reach is copied into the stack.
 */
extern bool selfserv_find(const Stack *stack, const Account *account, Selfserv *selfserv);

/* Sees that the port is free; 0 picks one. Sets host and port. */
extern bool
selfserv_choose_port(const Stack *stack, Selfserv *selfserv, const CliList *settings, int port);

/* "http://127.0.0.1:8095" */
extern const char *selfserv_url(const Stack *stack, const Selfserv *selfserv);

/* Whether GET /status is answered with 200. */
extern bool selfserv_answers(const Selfserv *selfserv);

/* Waits until the stack's selfserv serves a domain; false when it does not do so in time. */
extern bool selfserv_serves(const Stack *stack, const char *domain, const char *token);

/* Waits until it answers; false (logged) when it ends or does not answer in time. */
extern bool selfserv_wait(Child *child, const Selfserv *selfserv);

#endif

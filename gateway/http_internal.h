/*
 * http_internal.h: shared by http*.c only.
 */
#ifndef SH_GATEWAY_HTTP_INTERNAL_H
#define SH_GATEWAY_HTTP_INTERNAL_H

#include <microhttpd.h>

#include "access_log.h"
#include "http.h"
#include "proxies.h"
#include "request.h"

/*
 * A refusal of credentials is held back so long after the request began, whether the domain exists or
 * not: the time it takes tells nothing about which domains there are.
 */
#define GW_REFUSAL_DELAY INT64_C(20000)

typedef enum GwClientState
{
	GW_CLIENT_IDLE,		/* waits for a request */
	GW_CLIENT_HEADERS,	/* sends the head of one */
	GW_CLIENT_BODY,		/* sends its body */
	GW_CLIENT_WORKING,	/* waits for us */
	GW_CLIENT_ANSWERING /* takes the answer */
} GwClientState;

/* One connection. */
typedef struct GwClient
{
	struct GwClient *next;
	struct GwClient *previous;
	int fd;
	GwClientState state;
	bool is_new;		/* nothing was ever received */
	bool is_slim;		/* idle, and its memory given back to the system */
	char *memory;		/* the library's for this connection; NULL: not known */
	int64_t since;		/* of the state, or of its last progress */
	ShcWatch gone;		/* while `waiting`: tells that the client has gone away */
	GwRequest *waiting; /* its request waits for a program; NULL: it does not */
	char address[48];
} GwClient;

struct GwHttp
{
	ShcLoop *loop;
	const GwConfig *config;
	const GwRoutes *routes;
	const GwStaticFiles *static_files;
	GwPools *pools;
	GwRateLimit *rate_limit;
	GwMetrics *metrics;
	GwProxies *proxies;
	struct MHD_Daemon *daemon;
	ShcWatch watch;
	bool needs_run;
	bool is_stopping;
	int64_t max_connections;
	size_t connection_memory; /* the library's, for each connection */
	GwClient *clients;
	GwRequest *parked; /* refusals that wait, the earliest first */
	GwRequest *parked_last;
	int nwatched;	   /* requests whose connections wait without being suspended */
	int64_t watch_end; /* when they are looked at, at the latest */
	GwRequest *spare;  /* for reuse */
	int nspare;
	int nactive;
	GwAccessLog log;
	uint64_t ids; /* state of the generator of request ids */
};

extern GwClient *gw_http_client(struct MHD_Connection *connection);
extern void gw_client_enter(GwHttp *http, GwClient *client, GwClientState state);

/* The library's callback for connections that come and go. */
extern void gw_client_changed(void *context, struct MHD_Connection *connection,
							  void **socket_context, enum MHD_ConnectionNotificationCode code);

/*
 * The request, whose connection is suspended, waits for a program, for minutes maybe. The library does
 * not look at a suspended connection: we do, and give up what a client has asked for that hangs up.
 */
extern void gw_client_watch(GwHttp *http, GwRequest *request);
extern void gw_client_unwatch(GwHttp *http, GwClient *client);

/* Learns where the library's memory for a connection begins, from the method of a request in it. */
extern void gw_client_learn_memory(GwClient *client, const char *method);

/* Shuts the sockets of clients that have taken too long, and gives back the memory of idle ones. */
extern void gw_clients_tick(const GwHttp *http);

/* The head is there. What is answered already here closes the connection. */
extern enum MHD_Result gw_http_take_head(GwHttp *http, struct MHD_Connection *connection,
										 GwRequest *request, const char *method);

/* One header; the name must not hold a colon. */
extern void gw_http_add_header(struct MHD_Response *response, const char *name, const char *value);

/* Queues a response and gives it up. */
extern enum MHD_Result gw_http_queue(GwHttp *http, struct MHD_Connection *connection,
									 GwRequest *request, int status, struct MHD_Response *response);

/* Queues the answer to a request for a static file. */
extern enum MHD_Result
gw_http_answer_static(GwHttp *http, struct MHD_Connection *connection, GwRequest *request);

/* Queues the answer to a request: a problem, a built-in page, or what its job has. */
extern enum MHD_Result
gw_http_answer(GwHttp *http, struct MHD_Connection *connection, GwRequest *request);

#endif

/*
 * request.h: one HTTP request from its head to the question for the database. Knows no HTTP library
 * and no libpq. Loop thread only.
 *
 *   gw_request_begin() -> gw_request_head() -> gw_request_body()* -> gw_request_submit()
 *
 * Each step may find a problem; then the rest of the body is taken in and thrown away, and the
 * problem is the answer. The order of the steps decides which of several problems is told: path,
 * presence of credentials, parameters, body, and then, in the database, the credentials themselves.
 */
#ifndef SH_GATEWAY_REQUEST_H
#define SH_GATEWAY_REQUEST_H

#include "arguments.h"
#include "config.h"
#include "job.h"
#include "pool.h"
#include "request_parts.h"

/* How much of a refused body is read and thrown away, so that the client sees the answer. */
#define GW_MAX_DISCARD ((size_t) 32 * 1024 * 1024)

typedef enum GwRequestKind
{
	GW_REQUEST_OPERATION,
	GW_REQUEST_STATUS,	 /* GET /status */
	GW_REQUEST_DOCUMENT, /* GET /openapi3.json */
	GW_REQUEST_STATIC,	 /* GET /openapi.yaml, /static/... */
	GW_REQUEST_OPTIONS,
	GW_REQUEST_PREFLIGHT /* a browser asks whether a page may use the API */
} GwRequestKind;

typedef struct GwRequest
{
	struct GwRequest *next; /* in a list of the HTTP side */
	struct GwRequest *previous;
	ShcArena *arena; /* all that is not said to be otherwise */
	char id[17];
	GwRequestKind kind;
	GwMethod method;
	const char *method_text;
	const char *path; /* raw, without the query */
	const char *query;
	const GwOperation *operation;
	const char *allow; /* for 405 and OPTIONS */
	const char *domain;
	const char *accept;
	const char *accept_encoding;
	const char *origin;			   /* of the page, for CORS */
	const char *requested_method;  /* preflight */
	const char *requested_headers; /* preflight; NULL: none */
	GwPool *pool;				   /* NULL: no such domain */
	GwJob job;
	bool has_problem;
	GwProblem problem;
	char *body; /* malloc'd */
	size_t body_len;
	size_t body_capacity;
	size_t discarded;
	size_t target_len; /* bytes as they came */
	size_t head_len;   /* of the request line and the headers */
	int64_t began;	   /* monotonic microseconds */
	/* for the log */
	int status;
	uint64_t bytes;
	char address[48]; /* the client's */
	/* the HTTP side's */
	void *owner;
	void *connection;
	void *client;
	void *gzip;
	int64_t submitted; /* when the job was handed over; 0: not yet */
	bool is_suspended;
	bool is_watched; /* waits for its job without being suspended */
	bool is_parked;
	bool is_answered;
	bool head_seen;
	bool is_settled; /* it is known whether the token is good */
} GwRequest;

/* Both NULL for out of memory. The request is reusable after gw_request_reset(). */
extern GwRequest *gw_request_new(void);
extern void gw_request_free(GwRequest *request);
extern void gw_request_reset(GwRequest *request);

/* Takes the raw request target. False: out of memory, or it is too long. */
extern bool gw_request_begin(GwRequest *request, const char *target, uint64_t id, int64_t now);

/* Takes the head: route, credentials, parameters, media type and announced length of the body. */
extern void
gw_request_head(GwRequest *request, const char *method, const GwRoutes *routes,
				const GwPools *pools, GwHeaderLookup lookup, GwHeaderWalk walk, void *context);

/* Takes a piece of the body. False: give up reading, it is beyond all limits. */
extern bool gw_request_body(GwRequest *request, const char *data, size_t len);

/*
 * The body is whole: makes the job and hands it over. The answer, or the problem, comes by
 * job.changed(), maybe at once. Not for requests with a problem, nor for other kinds than operations.
 */
extern void gw_request_submit(GwRequest *request, const GwConfig *config, int64_t now);

/* Frees the body, where it is not needed any more; its length stays. */
extern void gw_request_drop_body(GwRequest *request);

/* Checks the body as a whole; sets the problem. To be called before gw_request_submit(). */
extern void gw_request_check_body(GwRequest *request);

#endif

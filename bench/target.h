/*
 * target.h: what can be measured, behind one table of functions: Self-host over HTTP, a plain table
 * through libpq, InfluxDB and VictoriaMetrics over HTTP. A Conn is one keep-alive connection and
 * belongs to one thread at a time. All functions end the program with a message on failure.
 */
#ifndef BENCH_TARGET_H
#define BENCH_TARGET_H

#include "http_client.h"
#include "points.h"

#include <libpq-fe.h>

#define UUID_LEN	36
#define MAX_TARGETS 4

typedef char Uuid[UUID_LEN + 1];

typedef struct Target Target;

typedef struct Conn
{
	const Target *target;
	HttpClient http;
	PGconn *pg;
	char *write_path; /* of the last series written to, see the targets */
} Conn;

/* One or more series in a window, as points or in buckets. */
typedef struct Query
{
	const char *dataset;
	const Uuid *series;
	int n_series;
	int64_t start; /* seconds since 1970, both inclusive */
	int64_t end;
	const char *precision; /* NULL, or hour, day, month: averages */
	bool buckets_as_json;  /* the plain table gives them so, not as rows */
} Query;

struct Target
{
	const char *name;

	/* Connects, and asks for something short so that the server has done so, too. */
	void (*open)(Conn *conn);
	void (*close)(Conn *conn);

	/* Makes a place for the points of many series; with empty, a table loses those that it has. */
	void (*create_dataset)(Conn *conn, const char *dataset, bool empty);

	/* Makes a series; where the server does not name it, uuid stays as it is. */
	void (*create_series)(Conn *conn, Uuid uuid);

	/* Appends n points from the first one on. */
	void (*body)(Body *body, const char *dataset, const Uuid uuid, const Points *points,
				 size_t first, size_t n);
	void (*write)(Conn *conn, const char *dataset, const Uuid uuid, const Body *body);

	/* The request as text, to be freed; NULL: cannot be asked. */
	char *(*request)(const Query *query);

	/* Asks, reads all of the answer. points: NULL, or gets how many there were. */
	size_t (*read)(Conn *conn, const Query *query, const char *request, size_t *points);
};

extern const Target target_selfhost;
extern const Target target_plain;
extern const Target target_influx;
extern const Target target_victoria;

/* Those of settings.targets, in their order; returns how many. */
extern int targets_chosen(const Target *chosen[MAX_TARGETS]);

/* "HOST:PORT"; name says what is missing. */
extern void open_http(Conn *conn, const char *name, const char *address, const char *authorization);

/* A random one. */
extern void uuid_make(Uuid uuid);

/* text with everything but letters and digits as %XX; to be freed. */
extern char *percent_encoded(const char *text);

#endif

/*
 * bench/load.c: the loads of "make bench". Each subcommand measures one thing, its variants in turn
 * within one run, and prints one JSON object a line for bench/run.
 *
 *   load HOST PORT AUTHORIZATION CONNINFO fill SERIES
 *   load HOST PORT AUTHORIZATION CONNINFO year REPETITIONS
 *   load HOST PORT AUTHORIZATION CONNINFO ingest POINTS REPETITIONS
 *   load HOST PORT AUTHORIZATION CONNINFO memory PID
 *
 * AUTHORIZATION is the header's value; CONNINFO connects as the owner of the domain's database.
 */
#include "http_client.h"

#include <libpq-fe.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define YEAR_POINTS 52561
#define STEP		600
#define EPOCH		1546300800 /* 2019-01-01T00:00:00Z */

/* How often each variant is asked in one turn. */
#define IN_A_ROW	7

#define YEAR_WINDOW "start=2019-01-01T00:00:00Z&end=2020-01-01T00:00:00Z"

typedef struct Load
{
	const char *host;
	int port;
	const char *authorization;
	PGconn *pg;
	HttpClient http;
} Load;

static double
now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double) t.tv_sec * 1e6 + (double) t.tv_nsec / 1e3;
}

static void
fail(const char *what, const char *detail)
{
	fprintf(stderr, "bench: %s: %s\n", what, detail);
	exit(1);
}

static PGresult *
sql(Load *load, const char *text)
{
	PGresult *result = PQexec(load->pg, text);
	ExecStatusType status = PQresultStatus(result);

	if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_COPY_IN)
		fail(text, PQerrorMessage(load->pg));
	return result;
}

/* A daily sine and a random walk, rounded to 0.1: what a room's temperature looks like. */
static double
walk(uint64_t *state, int i, double *level)
{
	*state = *state * 6364136223846793005ULL + 1442695040888963407ULL;
	*level += ((double) (*state >> 33) / 2147483648.0 - 0.5) * 0.4;
	return round((20.0 + *level + 3.0 * sin((double) i * STEP / 86400.0 * 2.0 * M_PI)) * 10.0) /
		   10.0;
}

static void
timestamp(char out[32], int64_t t)
{
	time_t seconds = (time_t) t;
	struct tm tm;

	gmtime_r(&seconds, &tm);
	strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

/* The same points as a JSON body and as COPY text. */
typedef struct Batch
{
	char *json;
	size_t json_len;
	char *copy;
	size_t copy_len;
} Batch;

static Batch
make_batch(const char *uuid, int first, int n, uint64_t *state, double *level)
{
	Batch batch = {0};
	FILE *json = open_memstream(&batch.json, &batch.json_len);
	FILE *copy = open_memstream(&batch.copy, &batch.copy_len);

	fputc('[', json);
	for (int i = first; i < first + n; i++)
	{
		char ts[32];
		double value = walk(state, i, level);

		timestamp(ts, EPOCH + (int64_t) i * STEP);
		fprintf(json, "%s{\"v\":%.1f,\"ts\":\"%s\"}", i == first ? "" : ",", value, ts);
		fprintf(copy, "%s\t%.1f\t%s\n", uuid, value, ts);
	}
	fputc(']', json);
	fclose(json);
	fclose(copy);
	return batch;
}

static void
free_batch(Batch *batch)
{
	free(batch->json);
	free(batch->copy);
}

static void
post(Load *load, const char *uuid, const Batch *batch)
{
	char path[128];
	HttpAnswer answer;

	snprintf(path, sizeof(path), "/v2/timeseries/%s/data", uuid);
	answer = http_request(&load->http, "POST", path, batch->json, batch->json_len);
	if (answer.status != 201)
		fail("POST of points", answer.body);
}

static void
copy(Load *load, const Batch *batch)
{
	PQclear(sql(load, "COPY bench.plain FROM STDIN"));
	if (PQputCopyData(load->pg, batch->copy, (int) batch->copy_len) != 1 ||
		PQputCopyEnd(load->pg, NULL) != 1)
		fail("COPY", PQerrorMessage(load->pg));
	for (PGresult *result; (result = PQgetResult(load->pg)) != NULL; PQclear(result))
	{
		if (PQresultStatus(result) != PGRES_COMMAND_OK)
			fail("COPY", PQerrorMessage(load->pg));
	}
}

static void
create_series(Load *load, char uuid[37])
{
	static const char body[] = "{\"name\":\"bench\",\"si_unit\":\"C\"}";
	HttpAnswer answer = http_request(&load->http, "POST", "/v2/timeseries", body, sizeof(body) - 1);
	const char *found = strstr(answer.body, "\"uuid\":\"");

	if (answer.status != 201 || found == NULL)
		fail("creation of a series", answer.body);
	memcpy(uuid, found + 8, 36);
	uuid[36] = '\0';
}

/* The series of `fill`, by name and age. */
static void
first_series(Load *load, char uuid[37])
{
	PGresult *result =
		sql(load, "SELECT uuid FROM selfhost.timeseries WHERE name = 'bench' ORDER BY id LIMIT 1");

	if (PQntuples(result) != 1)
		fail("no series", "run fill first");
	memcpy(uuid, PQgetvalue(result, 0, 0), 37);
	PQclear(result);
}

static void
fill(Load *load, int series)
{
	PGresult *result;
	double begin = now_us();

	PQclear(sql(load, "DROP SCHEMA IF EXISTS bench CASCADE; CREATE SCHEMA bench;"
					  "CREATE TABLE bench.plain (ts_uuid uuid, value float8, ts timestamptz, "
					  "PRIMARY KEY (ts_uuid, ts))"));
	for (int s = 0; s < series; s++)
	{
		char uuid[37];
		uint64_t state = (uint64_t) s + 1;
		double level = 0;

		create_series(load, uuid);
		for (int i = 0; i < YEAR_POINTS; i += 1000)
		{
			int n = i + 1000 <= YEAR_POINTS ? 1000 : YEAR_POINTS - i;
			Batch batch = make_batch(uuid, i, n, &state, &level);

			post(load, uuid, &batch);
			copy(load, &batch);
			free_batch(&batch);
		}
	}
	PQclear(sql(load, "VACUUM (FREEZE, ANALYZE) selfhost.chunk, selfhost.tail, bench.plain"));
	result = sql(
		load,
		"SELECT pg_total_relation_size('selfhost.chunk') + pg_total_relation_size('selfhost.tail'),"
		" pg_total_relation_size('bench.plain')");
	printf("{\"points\":%d,\"seconds\":%.1f,\"chunk_bytes\":%s,\"plain_bytes\":%s}\n",
		   series * YEAR_POINTS, (now_us() - begin) / 1e6, PQgetvalue(result, 0, 0),
		   PQgetvalue(result, 0, 1));
	PQclear(result);
}

static int
compare_doubles(const void *a, const void *b)
{
	double x = *(const double *) a;
	double y = *(const double *) b;

	return (x > y) - (x < y);
}

/* One year over HTTP; the time it took. */
static double
year_over_http(Load *load, const char *path, size_t *bytes)
{
	double t0 = now_us();
	HttpAnswer answer = http_request(&load->http, "GET", path, NULL, 0);
	double t1 = now_us();

	if (answer.status != 200 || answer.len < YEAR_POINTS * 30)
		fail("one year over HTTP", answer.body);
	*bytes = answer.len;
	return t1 - t0;
}

static double
year_by_json_agg(Load *load, const char *query)
{
	double t0 = now_us();
	PGresult *result = sql(load, query);
	double t1 = now_us();

	if (PQgetlength(result, 0, 0) < YEAR_POINTS * 30)
		fail("one year by json_agg", "the answer is too short");
	PQclear(result);
	return t1 - t0;
}

/*
 * The two in turn. Each turn asks several times in a row and counts the median, so that neither is
 * measured with the caches that the other has left.
 */
static void
year(Load *load, int repetitions)
{
	char uuid[37];
	char path[256];
	char query[256];

	first_series(load, uuid);
	snprintf(path, sizeof(path), "/v2/timeseries/%s/data?" YEAR_WINDOW, uuid);
	snprintf(query, sizeof(query),
			 "SELECT json_agg(json_build_object('v', value, 'ts', ts)) FROM bench.plain "
			 "WHERE ts_uuid = '%s' AND ts BETWEEN '2019-01-01Z' AND '2020-01-01Z'",
			 uuid);
	for (int i = 0; i < repetitions + 1; i++)
	{
		double http[IN_A_ROW];
		double plain[IN_A_ROW];
		size_t bytes = 0;

		for (int k = 0; k < IN_A_ROW; k++)
			http[k] = year_over_http(load, path, &bytes);
		for (int k = 0; k < IN_A_ROW; k++)
			plain[k] = year_by_json_agg(load, query);
		qsort(http, IN_A_ROW, sizeof(double), compare_doubles);
		qsort(plain, IN_A_ROW, sizeof(double), compare_doubles);
		if (i >= 1)
			printf("{\"http_us\":%.0f,\"plain_us\":%.0f,\"bytes\":%zu}\n", http[IN_A_ROW / 2],
				   plain[IN_A_ROW / 2], bytes);
	}
}

static void
ingest(Load *load, int points, int repetitions)
{
	char uuid[37];
	uint64_t state = 42;
	double level = 0;

	create_series(load, uuid);
	for (int i = 0; i < repetitions + 2; i++)
	{
		Batch batch = make_batch(uuid, i * points, points, &state, &level);
		double t0 = now_us();
		double t1;

		post(load, uuid, &batch);
		t1 = now_us();
		copy(load, &batch);
		if (i >= 2)
			printf("{\"http_us\":%.0f,\"plain_us\":%.0f}\n", t1 - t0, now_us() - t1);
		free_batch(&batch);
	}
}

static long
resident_kb(const char *pid)
{
	char file[64];
	char line[256];
	long kb = -1;
	FILE *status;

	snprintf(file, sizeof(file), "/proc/%s/status", pid);
	status = fopen(file, "r");
	if (status == NULL)
		fail(file, "cannot be read");
	while (fgets(line, sizeof(line), status) != NULL)
	{
		if (sscanf(line, "VmRSS: %ld kB", &kb) == 1)
			break;
	}
	fclose(status);
	return kb;
}

/* Resident memory with 256 idle connections, and while eight slow readers fetch a year each. */
static void
memory(Load *load, const char *pid)
{
	enum
	{
		IDLE = 256,
		STREAMS = 8
	};
	static HttpClient idle[IDLE];
	HttpClient stream[STREAMS];
	char uuid[37];
	char path[256];
	char buf[16384];
	long before = resident_kb(pid);
	long with_idle;
	long peak = 0;
	int open_streams = STREAMS;

	for (int i = 0; i < IDLE; i++)
	{
		http_open(&idle[i], load->host, load->port, load->authorization);
		if (http_request(&idle[i], "GET", "/v2/users/me", NULL, 0).status != 200)
			fail("users/me", "not 200");
	}
	with_idle = resident_kb(pid);

	first_series(load, uuid);
	snprintf(path, sizeof(path), "/v2/timeseries/%s/data?" YEAR_WINDOW, uuid);
	for (int i = 0; i < STREAMS; i++)
	{
		http_open(&stream[i], load->host, load->port, load->authorization);
		http_send_get(&stream[i], path);
	}
	while (open_streams > 0)
	{
		open_streams = 0;
		for (int i = 0; i < STREAMS; i++)
		{
			ssize_t n = stream[i].fd < 0 ? 0 : read(stream[i].fd, buf, sizeof(buf));

			if (n > 0 && (n < 5 || memcmp(buf + n - 5, "0\r\n\r\n", 5) != 0))
				open_streams++;
			else if (stream[i].fd >= 0)
			{
				close(stream[i].fd);
				stream[i].fd = -1;
			}
		}
		if (resident_kb(pid) > peak)
			peak = resident_kb(pid);
		usleep(2000);
	}
	printf("{\"base_kb\":%ld,\"idle_256_kb\":%ld,\"streaming_8_kb\":%ld}\n", before, with_idle,
		   peak);
	for (int i = 0; i < IDLE; i++)
		http_close(&idle[i]);
}

int
main(int argc, char **argv)
{
	Load load = {0};
	const char *command = argc > 5 ? argv[5] : "";

	if (argc < 7)
	{
		fprintf(stderr,
				"usage: load HOST PORT AUTHORIZATION CONNINFO fill|year|ingest|memory ...\n");
		return 2;
	}
	load.host = argv[1];
	load.port = (int) strtol(argv[2], NULL, 10);
	load.authorization = argv[3];
	load.pg = PQconnectdb(argv[4]);
	if (PQstatus(load.pg) != CONNECTION_OK)
		fail("cannot connect to PostgreSQL", PQerrorMessage(load.pg));
	PQclear(sql(&load, "SET TimeZone = 'UTC'"));
	http_open(&load.http, load.host, load.port, load.authorization);

	if (strcmp(command, "fill") == 0)
		fill(&load, (int) strtol(argv[6], NULL, 10));
	else if (strcmp(command, "year") == 0)
		year(&load, (int) strtol(argv[6], NULL, 10));
	else if (strcmp(command, "ingest") == 0 && argc == 8)
		ingest(&load, (int) strtol(argv[6], NULL, 10), (int) strtol(argv[7], NULL, 10));
	else if (strcmp(command, "memory") == 0)
		memory(&load, argv[6]);
	else
		fail("unknown command", command);
	http_close(&load.http);
	PQfinish(load.pg);
	return 0;
}

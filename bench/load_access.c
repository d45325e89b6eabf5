/*
 * load_access.c: what the check of token and right costs: a prepared statement that does nothing, and
 * one of the same shape that authenticates and requires a right, in turn; and two small things for
 * bench/run: what the servers have used of the processors, and how fast the disk is.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crew.h"
#include "load.h"

#define CALLS  3000
#define WRITES 300

static const char noop[] = "SELECT pg_catalog.pg_backend_pid() FROM pg_catalog.pg_backend_pid()";
static const char check[] =
	"SELECT selfhost._require('read', 'users/me') FROM selfhost.authenticate($1)";

static PGconn *pg;

static PGresult *
expect_row(PGresult *result, const char *what)
{
	if (PQresultStatus(result) != PGRES_TUPLES_OK || PQntuples(result) != 1)
		fail(what, PQntuples(result) == 0 ? "no row" : PQerrorMessage(pg));
	return result;
}

static void
prepare(const char *name, const char *text)
{
	PGresult *result = PQprepare(pg, name, text, 0, NULL);

	if (PQresultStatus(result) != PGRES_COMMAND_OK)
		fail(text, PQerrorMessage(pg));
	PQclear(result);
}

/* The median of many calls, in microseconds. digest: NULL, or the parameter. */
static double
time_calls(const char *name, const char *digest, int digest_len)
{
	static double times[CALLS];
	const int format = 1;

	for (int i = 0; i < CALLS; i++)
	{
		double begin = now_us();
		PGresult *result =
			PQexecPrepared(pg, name, digest != NULL, &digest, &digest_len, &format, 1);

		times[i] = now_us() - begin;
		PQclear(expect_row(result, name));
	}
	return quantile(times, CALLS, 0.5);
}

void
load_access(void)
{
	Conn conn = {.target = &target_plain};
	const int binary = 1;
	PGresult *digest;

	target_plain.open(&conn);
	pg = conn.pg;
	digest = expect_row(PQexecParams(pg, "SELECT pg_catalog.sha256($1::text::bytea)", 1, NULL,
									 &settings.token, NULL, NULL, binary),
						"digest");
	prepare("noop", noop);
	prepare("check", check);
	for (long r = 0; r < settings.repetitions + 1; r++)
	{
		double without = time_calls("noop", NULL, 0);
		double with = time_calls("check", PQgetvalue(digest, 0, 0), PQgetlength(digest, 0, 0));

		/* The first turn fills the caches of the session. */
		if (r > 0)
			printf("{\"repetition\":%ld,\"noop_us\":%.2f,\"check_us\":%.2f}\n", r - 1, without,
				   with);
	}
	PQclear(digest);
	target_plain.close(&conn);
}

void
load_cpu(void)
{
	CpuTimes now = cpu_now();

	printf("{\"gateway\":%.0f,\"postgres\":%.0f,\"influx\":%.0f,\"victoria\":%.0f}\n", now.selfserv,
		   now.postgres, now.influx, now.victoria);
}

/* How long it takes until 8 kB are on disk, in the way of a write-ahead log: in a file that has them. */
void
load_disk(void)
{
	static double times[WRITES];
	static char page[8192];
	int fd = settings.file != NULL ? open(settings.file, O_RDWR | O_CREAT | O_EXCL, 0600) : -1;

	for (int i = 0; i < WRITES; i++)
	{
		double begin = now_us();

		if (pwrite(fd, page, sizeof(page), 0) != (ssize_t) sizeof(page) || fdatasync(fd) != 0)
			fail("disk", "cannot write the file");
		times[i] = now_us() - begin;
	}
	close(fd);
	unlink(settings.file);
	printf("{\"fdatasync_us\":%.0f}\n", quantile(times, WRITES, 0.5));
}

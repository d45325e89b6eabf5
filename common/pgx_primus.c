/*
 * pgx_primus.c: the domains that Primus has, and word of their changes.
 *
 *   connect -> LISTEN -> read -> wait for a notification, or a minute -> read -> ...
 *        \________\________\______ any failure: close, wait, connect ___/
 *
 * The minute is for changes that nobody notifies of (logical replication, a table without the trigger), and
 * finds connections that have died without a word. The mutex guards `news` and `has_news`.
 */
#include "pgx_primus.h"

#include <errno.h>
#include <libpq-fe.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "log.h"
#include "loop.h"
#include "pgx.h"
#include "pgx_hosts.h"

#define REREAD_US INT64_C(60000000)

/* Several changes in a row are read together. */
#define SETTLE_US INT64_C(20000)

/* Between attempts to connect: twice as long each time. */
#define FIRST_PAUSE_US	 INT64_C(200000)
#define LONGEST_PAUSE_US INT64_C(5000000)

/* While Primus is away it is told of so often. */
#define REMINDER_US INT64_C(60000000)

/* What more than one operator's table would have. */
#define MAX_DOMAINS 100000

struct ShcPrimus
{
	const ShcPrimusConf *conf;
	const char *application;
	int64_t timeout;
	int stop_fd;
	/* the thread's */
	PGconn *pg;
	ShcPgHosts hosts;
	PGresult *last;	   /* what was handed over last */
	bool is_following; /* since it was logged last */
	int64_t told;	   /* that it cannot be connected to; 0: it can */
	/* shared */
	pthread_t thread;
	pthread_mutex_t mutex;
	int news_fd;
	bool has_news;
	ShcDomains news;
};

/* ---- waiting ---- */

/* Until the socket of the connection is ready, or `until`. False: it is time to stop, or too late. */
static bool
wait_for_socket(const ShcPrimus *primus, short events, int64_t until)
{
	struct pollfd fds[2] = {{.fd = primus->stop_fd, .events = POLLIN},
							{.fd = PQsocket(primus->pg), .events = events}};
	int64_t left = until - shc_monotonic_us();

	if (poll(fds, 2, left > 0 ? (int) ((left + 999) / 1000) : 0) < 0)
		return errno == EINTR;
	return fds[0].revents == 0 && fds[1].revents != 0;
}

/* False: it is time to stop. */
static bool
pause_for(const ShcPrimus *primus, int64_t duration)
{
	struct pollfd stop = {.fd = primus->stop_fd, .events = POLLIN};

	return poll(&stop, 1, (int) (duration / 1000)) <= 0;
}

static bool
is_stopping(const ShcPrimus *primus)
{
	return !pause_for(primus, 0);
}

/* ---- connecting ---- */

/* libpq's message in one line. It has no password in it, since the URI was found valid. */
static void
log_connection(const ShcPrimus *primus, const char *what)
{
	char text[SHC_PG_LINE_MAX];

	shc_pg_error_line(primus->pg, text);
	shc_error("Primus: %s%s%s", what, text[0] != '\0' ? ": " : "", text);
}

/* An attempt to connect that failed; not each one of a long night. */
static void
log_attempt(ShcPrimus *primus, const char *what)
{
	int64_t now = shc_monotonic_us();

	if (is_stopping(primus) || (primus->told != 0 && now - primus->told < REMINDER_US))
		return;
	log_connection(primus, what);
	primus->told = now;
}

static void
disconnect(ShcPrimus *primus)
{
	PQfinish(primus->pg);
	primus->pg = NULL;
}

/* Connects to one host. */
static bool
connect_to(ShcPrimus *primus, int host)
{
	const ShcPgTarget target = {.conninfo = primus->conf->uri, .application = primus->application};
	int64_t until = shc_monotonic_us() + shc_pg_hosts_timeout(&primus->hosts, primus->timeout);
	PostgresPollingStatusType next = PGRES_POLLING_WRITING;

	primus->pg = shc_pg_hosts_start(&primus->hosts, host, &target);
	if (primus->pg == NULL)
	{
		shc_error("out of memory");
		return false;
	}
	while (PQstatus(primus->pg) != CONNECTION_BAD && next != PGRES_POLLING_OK &&
		   next != PGRES_POLLING_FAILED)
	{
		if (!wait_for_socket(primus, next == PGRES_POLLING_READING ? POLLIN : POLLOUT, until))
			break;
		next = PQconnectPoll(primus->pg);
	}
	if (next == PGRES_POLLING_OK)
	{
		primus->hosts.preferred = host;
		primus->told = 0;
		return true;
	}
	log_attempt(primus, next == PGRES_POLLING_FAILED ? "cannot connect" : "cannot connect in time");
	disconnect(primus);
	return false;
}

static bool
connect_to_any(ShcPrimus *primus)
{
	int first = primus->hosts.preferred;

	for (int i = 0; i < primus->hosts.n && !is_stopping(primus); i++)
	{
		if (connect_to(primus, (first + i) % primus->hosts.n))
			return true;
	}
	return false;
}

/* ---- asking ---- */

/* Waits for the whole answer. NULL: none came. */
static PGresult *
receive(ShcPrimus *primus, int64_t until)
{
	PGresult *result = NULL;
	PGresult *next;

	for (;;)
	{
		while (PQisBusy(primus->pg))
		{
			if (!wait_for_socket(primus, POLLIN, until) || !PQconsumeInput(primus->pg))
			{
				PQclear(result);
				return NULL;
			}
		}
		next = PQgetResult(primus->pg);
		if (next == NULL)
			return result;
		PQclear(result);
		result = next;
	}
}

/* Runs a statement of the configuration, or one for it. NULL: logged, without the statement. */
static PGresult *
ask(ShcPrimus *primus, const char *sql, const char *key, ExecStatusType expected)
{
	int64_t until = shc_monotonic_us() + primus->timeout;
	PGresult *result = PQsendQueryParams(primus->pg, sql, 0, NULL, NULL, NULL, NULL, 0)
						   ? receive(primus, until)
						   : NULL;
	const char *message;

	if (result != NULL && PQresultStatus(result) == expected)
		return result;
	message = result != NULL ? PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY) : NULL;
	if (message != NULL)
		shc_error("%s: %s (SQLSTATE %s)", key, message,
				  PQresultErrorField(result, PG_DIAG_SQLSTATE));
	else if (result != NULL && PQresultStatus(result) != PGRES_FATAL_ERROR)
		shc_error("%s: must be one statement that returns rows", key);
	else if (!is_stopping(primus))
		log_connection(primus, "connection lost");
	PQclear(result);
	return NULL;
}

static bool
listen_to_changes(ShcPrimus *primus)
{
	const char *channel = primus->conf->channel;
	char *name = PQescapeIdentifier(primus->pg, channel, strlen(channel));
	char sql[256];
	PGresult *result = NULL;

	if (name == NULL || snprintf(sql, sizeof(sql), "LISTEN %s", name) >= (int) sizeof(sql))
		shc_error("primus.channel: is not the name of a channel");
	else
		result = ask(primus, sql, "primus.channel", PGRES_COMMAND_OK);
	PQfreemem(name);
	PQclear(result);
	return result != NULL;
}

/* The number of a column of the statement that reads. -1: logged. */
static int
find_column(const PGresult *result, const char *name)
{
	for (int i = 0; i < PQnfields(result); i++)
	{
		if (strcmp(PQfname(result, i), name) == 0)
			return i;
	}
	shc_error("primus.statement.read: must return a column \"%s\"", name);
	return -1;
}

/* Takes one row. A row that is of no use is logged and left out, so that the other domains go on. */
static bool
take_row(const PGresult *result, int row, int domain, int uri, ShcDomains *out)
{
	ShcDomain *to = &out->item[out->n];
	const char *name = PQgetvalue(result, row, domain);
	const char *value = PQgetvalue(result, row, uri);

	*to = (ShcDomain){.name = strdup(name), .uri = strdup(value)};
	if (to->name == NULL || to->uri == NULL)
	{
		shc_error("out of memory");
		shc_domain_free(to);
		return false;
	}
	if (!shc_domain_name_lower(to->name))
		shc_error("Primus: a domain without a name, or with control characters in it, is left out");
	else if (!shc_pg_conninfo_is_valid(value) || value[0] == '\0')
		shc_error("Primus: domain %s is left out: its URI is not valid",
				  shc_domain_name_shown(to->name));
	else
	{
		out->n++;
		return true;
	}
	shc_domain_free(to);
	return true;
}

/* Makes a set of an answer. False: logged. */
static bool
take_rows(const PGresult *result, ShcDomains *out)
{
	int n = PQntuples(result);
	int domain = find_column(result, "domain");
	int uri = find_column(result, "uri");
	bool good = domain >= 0 && uri >= 0;

	*out = (ShcDomains){.n = 0};
	if (good && n > MAX_DOMAINS)
	{
		shc_error("primus.statement.read: returns more than %d domains", MAX_DOMAINS);
		good = false;
	}
	if (good && (out->item = calloc((size_t) n + 1, sizeof(ShcDomain))) == NULL)
	{
		shc_error("out of memory");
		good = false;
	}
	for (int i = 0; good && i < n; i++)
		good = take_row(result, i, domain, uri, out);
	if (good)
		shc_domains_sort(out);
	else
		shc_domains_free(out);
	return good;
}

static PGresult *
ask_for_domains(ShcPrimus *primus)
{
	return ask(primus, primus->conf->read, "primus.statement.read", PGRES_TUPLES_OK);
}

/* ---- following ---- */

static bool
is_same(const PGresult *a, const PGresult *b)
{
	if (a == NULL || PQntuples(a) != PQntuples(b) || PQnfields(a) != PQnfields(b))
		return false;
	for (int i = 0; i < PQntuples(a); i++)
	{
		for (int j = 0; j < PQnfields(a); j++)
		{
			if (PQgetlength(a, i, j) != PQgetlength(b, i, j) ||
				memcmp(PQgetvalue(a, i, j), PQgetvalue(b, i, j), (size_t) PQgetlength(a, i, j)) !=
					0)
				return false;
		}
	}
	return true;
}

static void
hand_over(ShcPrimus *primus, const ShcDomains *domains)
{
	uint64_t one = 1;

	pthread_mutex_lock(&primus->mutex);
	shc_domains_free(&primus->news);
	primus->news = *domains;
	primus->has_news = true;
	pthread_mutex_unlock(&primus->mutex);
	if (write(primus->news_fd, &one, sizeof(one)) < 0)
		shc_error("cannot wake the thread that serves: %s", strerror(errno));
}

/* Reads the domains, and hands them over when they have changed. */
static bool
read_domains(ShcPrimus *primus)
{
	PGresult *result = ask_for_domains(primus);
	ShcDomains domains;

	if (result == NULL)
		return false;
	if (!primus->is_following)
		shc_info("Primus: following the domains");
	primus->is_following = true;
	if (is_same(primus->last, result))
	{
		PQclear(result);
		return true;
	}
	if (!take_rows(result, &domains))
	{
		PQclear(result);
		return false;
	}
	shc_info("Primus: %d domain%s", domains.n, domains.n == 1 ? "" : "s");
	hand_over(primus, &domains);
	PQclear(primus->last);
	primus->last = result;
	return true;
}

/* Until something may have changed. False: the connection is lost, or it is time to stop. */
static bool
wait_for_change(ShcPrimus *primus)
{
	int64_t until = shc_monotonic_us() + REREAD_US;
	bool is_notified = false;
	PGnotify *notify;

	while (!is_notified && shc_monotonic_us() < until)
	{
		if (wait_for_socket(primus, POLLIN, until) && !PQconsumeInput(primus->pg))
		{
			log_connection(primus, "connection lost");
			return false;
		}
		if (is_stopping(primus))
			return false;
		while ((notify = PQnotifies(primus->pg)) != NULL)
		{
			is_notified = true;
			PQfreemem(notify);
		}
	}
	return !is_notified || pause_for(primus, SETTLE_US);
}

static void *
follow(void *argument)
{
	ShcPrimus *primus = argument;
	int64_t pause = FIRST_PAUSE_US;

	do
	{
		primus->is_following = false;
		if (connect_to_any(primus) && listen_to_changes(primus))
		{
			while (read_domains(primus))
			{
				pause = FIRST_PAUSE_US;
				if (!wait_for_change(primus))
					break;
			}
		}
		disconnect(primus);
		if (!pause_for(primus, pause))
			break;
		pause = pause * 2 < LONGEST_PAUSE_US ? pause * 2 : LONGEST_PAUSE_US;
	} while (true);
	return NULL;
}

/* ---- from outside ---- */

static void
release(ShcPrimus *primus)
{
	PQclear(primus->last);
	shc_pg_hosts_free(&primus->hosts);
	shc_domains_free(&primus->news);
	pthread_mutex_destroy(&primus->mutex);
	if (primus->stop_fd >= 0)
		close(primus->stop_fd);
	if (primus->news_fd >= 0)
		close(primus->news_fd);
	free(primus);
}

static ShcPrimus *
prepare(const ShcPrimusConf *conf, const char *application, int64_t timeout)
{
	ShcPrimus *primus;

	if (!shc_pg_conninfo_is_valid(conf->uri))
	{
		shc_error("primus.uri: is not valid (special characters of a password are written as %%XX "
				  "in a URI)");
		return NULL;
	}
	primus = calloc(1, sizeof(ShcPrimus));
	if (primus == NULL)
	{
		shc_error("out of memory");
		return NULL;
	}
	primus->conf = conf;
	primus->application = application;
	primus->timeout = timeout;
	pthread_mutex_init(&primus->mutex, NULL);
	primus->stop_fd = eventfd(0, EFD_CLOEXEC);
	primus->news_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (primus->stop_fd >= 0 && primus->news_fd >= 0 &&
		shc_pg_hosts_init(&primus->hosts, conf->uri))
		return primus;
	shc_error("Primus: cannot follow: %s", strerror(errno));
	release(primus);
	return NULL;
}

/* Signals are for the thread that has started this one. */
static bool
start_thread(ShcPrimus *primus)
{
	sigset_t all;
	sigset_t before;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	errno = pthread_create(&primus->thread, NULL, follow, primus);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return errno == 0;
}

ShcPrimus *
shc_primus_start(const ShcPrimusConf *conf, const char *application, int64_t timeout)
{
	ShcPrimus *primus = prepare(conf, application, timeout);

	if (primus == NULL)
		return NULL;
	if (start_thread(primus))
		return primus;
	shc_error("Primus: cannot follow: %s", strerror(errno));
	release(primus);
	return NULL;
}

int
shc_primus_fd(const ShcPrimus *primus)
{
	return primus->news_fd;
}

bool
shc_primus_take(ShcPrimus *primus, ShcDomains *out)
{
	uint64_t count;
	bool has_news;

	if (read(primus->news_fd, &count, sizeof(count)) < 0)
		return false;
	pthread_mutex_lock(&primus->mutex);
	has_news = primus->has_news;
	if (has_news)
		*out = primus->news;
	primus->has_news = false;
	primus->news = (ShcDomains){.n = 0};
	pthread_mutex_unlock(&primus->mutex);
	return has_news;
}

void
shc_primus_stop(ShcPrimus *primus)
{
	uint64_t one = 1;

	if (primus == NULL)
		return;
	if (write(primus->stop_fd, &one, sizeof(one)) < 0)
		return; /* the thread would not end: leave it what it has */
	pthread_join(primus->thread, NULL);
	release(primus);
}

bool
shc_primus_read(const ShcPrimusConf *conf, const char *application, int64_t timeout,
				ShcDomains *out)
{
	ShcPrimus *primus = prepare(conf, application, timeout);
	PGresult *result = NULL;
	bool good = false;

	if (primus == NULL)
		return false;
	if (connect_to_any(primus))
		result = ask_for_domains(primus);
	if (result != NULL)
		good = take_rows(result, out);
	PQclear(result);
	disconnect(primus);
	release(primus);
	return good;
}

/*
 * pgx_hosts.c: the hosts of a PostgreSQL URI, one after the other.
 *
 * libpq can go through several hosts itself, but without blocking it sets none of them a limit of
 * time: one that swallows packets would eat what there is for all of them. So each attempt is for one
 * host, and who connects next begins where the last connection came about.
 */
#include "pgx_hosts.h"

#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>

/* Most time for one of several hosts, where the URI does not say: one packet may get lost. */
#define HOST_TIMEOUT INT64_C(2000000)

/* The value of an option; "" where it is not given. */
static const char *
option(const PQconninfoOption *options, const char *keyword)
{
	for (const PQconninfoOption *o = options; o->keyword != NULL; o++)
	{
		if (strcmp(o->keyword, keyword) == 0)
			return o->val != NULL ? o->val : "";
	}
	return "";
}

static int
count_elements(const char *list)
{
	int n = list[0] != '\0';

	for (const char *p = list; *p != '\0'; p++)
		n += *p == ',';
	return n;
}

/* The i-th element of a list; of a list of one, the one. */
static char *
element(const char *list, int i)
{
	if (strchr(list, ',') == NULL)
		return strdup(list);
	while (i-- > 0 && *list != '\0')
	{
		list += strcspn(list, ",");
		list += *list == ',';
	}
	return strndup(list, strcspn(list, ","));
}

bool
shc_pg_hosts_init(ShcPgHosts *hosts, const char *conninfo)
{
	PQconninfoOption *options = PQconninfoParse(conninfo, NULL);
	long seconds;
	int n;

	*hosts = (ShcPgHosts){.n = 1};
	if (options == NULL)
		return true; /* connecting will tell what is wrong */
	seconds = strtol(option(options, "connect_timeout"), NULL, 10);
	n = count_elements(option(options, "hostaddr"));
	if (n == 0)
		n = count_elements(option(options, "host"));
	if (n > 1 && n <= SHC_MAX_HOSTS)
	{
		hosts->n = n;
		hosts->timeout = HOST_TIMEOUT;
		if (seconds > 0 && seconds <= 3600)
			hosts->timeout = seconds * INT64_C(1000000);
	}
	for (int i = 0; i < hosts->n && hosts->n > 1; i++)
	{
		hosts->host[i].name = element(option(options, "host"), i);
		hosts->host[i].address = element(option(options, "hostaddr"), i);
		hosts->host[i].port = element(option(options, "port"), i);
		if (hosts->host[i].name == NULL || hosts->host[i].address == NULL ||
			hosts->host[i].port == NULL)
		{
			PQconninfoFree(options);
			return false;
		}
	}
	PQconninfoFree(options);
	return true;
}

void
shc_pg_hosts_free(ShcPgHosts *hosts)
{
	for (int i = 0; i < SHC_MAX_HOSTS; i++)
	{
		free(hosts->host[i].name);
		free(hosts->host[i].address);
		free(hosts->host[i].port);
	}
	*hosts = (ShcPgHosts){.n = 1};
}

void
shc_pg_hosts_avoid(ShcPgHosts *hosts, int host)
{
	if (hosts->preferred == host)
		hosts->preferred = (host + 1) % hosts->n;
}

int64_t
shc_pg_hosts_timeout(const ShcPgHosts *hosts, int64_t limit)
{
	int64_t each = limit / hosts->n;

	return hosts->n > 1 && hosts->timeout < each ? hosts->timeout : each;
}

/* ---- starting to connect ---- */

typedef struct Parameters
{
	const char *keyword[64];
	const char *value[64];
	int n;
} Parameters;

static void
add(Parameters *parameters, const char *keyword, const char *value)
{
	if (value[0] == '\0' || parameters->n >= 63)
		return;
	parameters->keyword[parameters->n] = keyword;
	parameters->value[parameters->n++] = value;
}

/* What makes a connection to one of several hosts notice soon that it has gone without a word. */
static void
add_liveness(Parameters *parameters, const PQconninfoOption *options)
{
	static const char *const standard[][2] = {
		{"keepalives_idle", "5"},
		{"keepalives_interval", "2"},
		{"keepalives_count", "3"},
		{"tcp_user_timeout", "10000"},
	};

	for (size_t i = 0; i < sizeof(standard) / sizeof(standard[0]); i++)
	{
		if (option(options, standard[i][0])[0] == '\0')
			add(parameters, standard[i][0], standard[i][1]);
	}
}

/* What the URI says but for its hosts. */
static void
add_options(Parameters *parameters, const PQconninfoOption *options)
{
	static const char *const set_here[] = {"host", "hostaddr", "port", "target_session_attrs",
										   "load_balance_hosts"};

	for (const PQconninfoOption *o = options; o->keyword != NULL; o++)
	{
		bool skip = o->val == NULL;

		for (size_t i = 0; i < sizeof(set_here) / sizeof(set_here[0]); i++)
			skip = skip || strcmp(o->keyword, set_here[i]) == 0;
		if (!skip)
			add(parameters, o->keyword, o->val);
	}
}

/* Standard error is for the log. */
static void
drop_notice(void *context, const char *message)
{
	(void) context;
	(void) message;
}

struct pg_conn *
shc_pg_hosts_start(const ShcPgHosts *hosts, int host, const ShcPgTarget *target)
{
	PQconninfoOption *options = NULL;
	Parameters parameters = {.n = 0};
	const char *attributes;
	PGconn *pg;

	if (hosts->n == 1)
		add(&parameters, "dbname", target->conninfo);
	else
	{
		options = PQconninfoParse(target->conninfo, NULL);
		if (options == NULL)
			return NULL;
		attributes = option(options, "target_session_attrs");
		if (target->any_server)
			attributes = "any";
		add_options(&parameters, options);
		add(&parameters, "host", hosts->host[host].name);
		add(&parameters, "hostaddr", hosts->host[host].address);
		add(&parameters, "port", hosts->host[host].port);
		add(&parameters, "target_session_attrs", attributes[0] != '\0' ? attributes : "read-write");
		add_liveness(&parameters, options);
	}
	add(&parameters, "fallback_application_name", target->application);
	add(&parameters, "client_encoding", "UTF8");
	/* What comes later wins: the user stands behind the URI. */
	add(&parameters, "user", target->user != NULL ? target->user : "");
	pg = PQconnectStartParams(parameters.keyword, parameters.value, hosts->n == 1);
	PQconninfoFree(options);
	if (pg != NULL)
		PQsetNoticeProcessor(pg, drop_notice, NULL);
	return pg;
}

void
shc_pg_error_line(const struct pg_conn *pg, char line[SHC_PG_LINE_MAX])
{
	size_t n = 0;

	for (const char *p = PQerrorMessage(pg); *p != '\0' && n + 1 < SHC_PG_LINE_MAX; p++)
		line[n++] = *p == '\n' ? ' ' : *p;
	while (n > 0 && line[n - 1] == ' ')
		n--;
	line[n] = '\0';
}

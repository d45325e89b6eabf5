/*
 * load_memory.c: what connections and long answers cost selfserv and PostgreSQL's backends in memory.
 * The clients read slowly, so that everything that buffers fills.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crew.h"
#include "load.h"

#define STREAMS		 8
#define MOST_IDLE	 1000
#define PAUSE_US	 1000
#define MAX_BACKENDS 512
#define CONTENT		 9000000

static Uuid *series;
static int n_series;

static void
open_selfhost(HttpClient *client)
{
	Conn conn = {.target = &target_selfhost};

	target_selfhost.open(&conn);
	*client = conn.http;
}

static char *
stream_request(int n, const char *precision)
{
	Query query = {.series = (const Uuid *) series,
				   .n_series = n,
				   .start = YEAR_START,
				   .end = YEAR_START + 365 * 86400,
				   .precision = precision};

	if (n > n_series)
		fail(settings.list, "has too few series");
	return target_selfhost.request(&query);
}

/* A day of the first series. */
static char *
selfhost_day(void)
{
	Query query = {.series = (const Uuid *) series,
				   .n_series = 1,
				   .start = YEAR_START,
				   .end = YEAR_START + 86399};

	return target_selfhost.request(&query);
}

/* Fetches the path by STREAMS slow readers, and calls look() again and again while it lasts. */
static void
stream(const char *path, const char *accept, void (*look)(void *data), void *data)
{
	HttpClient clients[STREAMS];
	char buf[16384];
	int left = STREAMS;

	for (int i = 0; i < STREAMS; i++)
	{
		open_selfhost(&clients[i]);
		clients[i].accept = accept;
		clients[i].is_last = true;
		http_send_get(&clients[i], path);
		fcntl(clients[i].fd, F_SETFL, O_NONBLOCK);
	}
	while (left > 0)
	{
		left = 0;
		for (int i = 0; i < STREAMS; i++)
		{
			ssize_t n = clients[i].fd < 0 ? 0 : read(clients[i].fd, buf, sizeof(buf));

			if (n > 0 || (n < 0 && errno == EAGAIN))
				left++;
			else if (clients[i].fd >= 0)
			{
				http_close(&clients[i]);
				clients[i].fd = -1;
			}
		}
		look(data);
		usleep(PAUSE_US);
	}
}

static void
do_not_look(void *data)
{
	(void) data;
}

/* ---- selfserv ---- */

static void
look_at_selfserv(void *data)
{
	long kb = status_kb(settings.selfserv_pid, "VmRSS");

	if (kb > *(long *) data)
		*(long *) data = kb;
}

/* Resident memory once connections have been idle for some seconds; selfserv gives back what they held. */
static long
idle_kb(void)
{
	sleep(4);
	return status_kb(settings.selfserv_pid, "VmRSS");
}

/* Resident memory with idle connections, and while eight slow readers fetch a year each. */
void
load_memory(void)
{
	static HttpClient idle[MOST_IDLE];
	char *path;
	long before = status_kb(settings.selfserv_pid, "VmRSS");
	long with_256 = 0;
	long with_1000;
	long peak = 0;

	series = series_read(&n_series);
	path = stream_request(1, NULL);
	for (int i = 0; i < MOST_IDLE; i++)
	{
		open_selfhost(&idle[i]);
		if (i == 255)
		{
			with_256 = idle_kb();
			stream(path, NULL, look_at_selfserv, &peak);
		}
	}
	with_1000 = idle_kb();
	printf("{\"base_kb\":%ld,\"idle_256_kb\":%ld,\"streaming_8_kb\":%ld,\"idle_1000_kb\":%ld}\n",
		   before, with_256, peak, with_1000);
	for (int i = 0; i < MOST_IDLE; i++)
		http_close(&idle[i]);
	free(path);
	free(series);
}

/* ---- backends ---- */

/* The memory of each backend that is its own: RssAnon, since RSS counts the shared buffers, too. */
typedef struct Backends
{
	bool is_base; /* what is seen is the base, else compared with it */
	int n;
	char pid[MAX_BACKENDS][16];
	long base[MAX_BACKENDS];
	long least_base;
	long most_over_base;
} Backends;

static void
look_at_backend(const char *pid, void *data)
{
	Backends *backends = data;
	long kb = status_kb(pid, "RssAnon");
	long base = backends->least_base;

	if (kb < 0)
		return;
	if (backends->is_base)
	{
		if (backends->n == MAX_BACKENDS)
			fail("backends", "too many");
		snprintf(backends->pid[backends->n], sizeof(backends->pid[0]), "%s", pid);
		backends->base[backends->n++] = kb;
		return;
	}
	for (int i = 0; i < backends->n; i++)
	{
		if (strcmp(backends->pid[i], pid) == 0)
			base = backends->base[i];
	}
	if (kb - base > backends->most_over_base)
		backends->most_over_base = kb - base;
}

static void
look_at_backends(void *data)
{
	each_backend(look_at_backend, data);
}

/* A backend that is new while others are looked at is compared with one that has done nothing. */
static long
fresh_backend_kb(void)
{
	Conn conn = {.target = &target_plain};
	char pid[16];
	long kb;

	target_plain.open(&conn);
	snprintf(pid, sizeof(pid), "%d", PQbackendPID(conn.pg));
	kb = status_kb(pid, "RssAnon");
	target_plain.close(&conn);
	return kb;
}

static Backends backends;

/* The base of each backend that has answered something short. */
static void
measure_bases(void)
{
	char *path = selfhost_day();

	backends = (Backends){.is_base = true, .least_base = fresh_backend_kb()};
	stream(path, NULL, do_not_look, NULL);
	look_at_backends(&backends);
	backends.is_base = false;
	free(path);
}

/* The most that streaming the path, or what came before, adds to any backend. */
static void
measure_backends(const char *name, const char *path, const char *accept)
{
	backends.most_over_base = 0;
	stream(path, accept, look_at_backends, &backends);
	printf("{\"answer\":\"%s\",\"over_base_kb\":%ld}\n", name, backends.most_over_base);
	fflush(stdout);
}

/*
 * Makes a dataset of CONTENT bytes and prints the path of its content. To be called before PostgreSQL is
 * started again for load_backend_memory(): what taking the body has cost a backend is not what is
 * measured there.
 */
void
load_dataset(void)
{
	HttpClient client;
	HttpAnswer answer;
	Body body = {0};
	const char *uuid;

	open_selfhost(&client);
	body_puts(&body, "{\"name\":\"bench\",\"format\":\"misc\",\"content\":\"");
	for (int i = 0; i < CONTENT / 3; i++)
		body_put(&body, "QmVu", 4);
	body_puts(&body, "\"}");
	answer = http_request(&client, "POST", "/v2/datasets", body.data, body.len);
	uuid = strstr(answer.body, "\"uuid\":\"");
	if (answer.status != 201 || uuid == NULL)
		fail("creation of a dataset", answer.body);
	printf("{\"path\":\"/v2/datasets/%.36s/raw\"}\n", uuid + 8);
	body_free(&body);
	http_close(&client);
}

void
load_backend_memory(void)
{
	static const struct
	{
		const char *name;
		int n;
		const char *precision;
		const char *accept;
	} answers[] = {
		{"year as JSON", 1, NULL, NULL},	   {"year as CSV", 1, NULL, "text/csv"},
		{"hours of a year", 1, "hour", NULL},  {"year of 3 series", 3, NULL, NULL},
		{"year of 20 series", 20, NULL, NULL},
	};

	if (settings.what == NULL)
		fail("backend-memory", "needs the path of a dataset");
	series = series_read(&n_series);
	measure_bases();
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++)
	{
		char *path = stream_request(answers[i].n, answers[i].precision);

		measure_backends(answers[i].name, path, answers[i].accept);
		free(path);
	}
	measure_backends("a dataset of 9 MB", settings.what, NULL);
	free(series);
}

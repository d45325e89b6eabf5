/*
 * load.c: the loads of "make bench": load COMMAND NAME=VALUE... See load.h for the names; bench/run
 * gives them.
 */
#include "load.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

Settings settings = {
	.connections = 1, .requests = 1, .per_request = 1000, .repetitions = 5, .in_a_row = 7};

typedef struct Name
{
	const char *name;
	size_t offset;
	bool is_number;
} Name;

#define TEXT(field)                              \
	{                                            \
#field, offsetof(Settings, field), false \
	}
#define NUMBER(field)                           \
	{                                           \
#field, offsetof(Settings, field), true \
	}

static const Name names[] = {
	TEXT(selfhost),
	TEXT(influx),
	TEXT(victoria),
	TEXT(authorization),
	TEXT(token),
	TEXT(conninfo),
	TEXT(selfserv_pid),
	TEXT(postgres_pid),
	TEXT(influx_pid),
	TEXT(victoria_pid),
	TEXT(targets),
	TEXT(dataset),
	TEXT(kind),
	TEXT(list),
	TEXT(what),
	TEXT(file),
	NUMBER(series),
	NUMBER(points),
	NUMBER(connections),
	NUMBER(requests),
	NUMBER(per_request),
	NUMBER(repetitions),
	NUMBER(first_repetition),
	NUMBER(in_a_row),
	NUMBER(milliseconds),
	NUMBER(write_percent),
};

static const struct
{
	const char *name;
	void (*run)(void);
} loads[] = {
	{"fill", load_fill},	   {"ingest", load_ingest}, {"read", load_read},
	{"mixed", load_mixed},	   {"memory", load_memory}, {"backend-memory", load_backend_memory},
	{"access", load_access},   {"cpu", load_cpu},		{"disk", load_disk},
	{"dataset", load_dataset},
};

void
fail(const char *what, const char *detail)
{
	fprintf(stderr, "bench: %s: %.500s\n", what, detail);
	exit(1);
}

static void
set(char *argument)
{
	char *value = strchr(argument, '=');

	if (value == NULL)
		fail(argument, "is not NAME=VALUE");
	*value++ = '\0';
	if (strcmp(argument, "csv") == 0)
	{
		if (settings.csv_files == MAX_CSV)
			fail("csv", "too many files");
		settings.csv[settings.csv_files++] = value;
		return;
	}
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
	{
		char *field = (char *) &settings + names[i].offset;

		if (strcmp(names[i].name, argument) != 0)
			continue;
		if (names[i].is_number)
			*(long *) (void *) field = strtol(value, NULL, 10);
		else
			*(const char **) (void *) field = value;
		return;
	}
	fail("unknown setting", argument);
}

int
main(int argc, char **argv)
{
	for (int i = 2; i < argc; i++)
		set(argv[i]);
	for (size_t i = 0; argc > 1 && i < sizeof(loads) / sizeof(loads[0]); i++)
	{
		if (strcmp(loads[i].name, argv[1]) == 0)
		{
			loads[i].run();
			return 0;
		}
	}
	fputs("usage: load fill|ingest|read|mixed|memory|backend-memory|access|cpu|disk|dataset "
		  "NAME=VALUE...\n",
		  stderr);
	return 2;
}

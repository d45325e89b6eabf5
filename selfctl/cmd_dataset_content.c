/*
 * cmd_dataset_content.c: selfctl dataset get and put: contents to files and from files.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "noun.h"

/* The words: a dataset, and maybe a file; "-" and none stand for standard input and output. */
static const NounVerb dataset_get = {
	.command = "dataset get", .n_words = 1, .word = {OBJECT_DATASET}};
static const NounVerb dataset_put = {
	.command = "dataset put", .n_words = 1, .word = {OBJECT_DATASET}};

static const char *
file_of(int argc, char **argv)
{
	return argc == 2 && strcmp(argv[1], "-") != 0 ? argv[1] : NULL;
}

/* ---- get ---- */

typedef struct Sink
{
	FILE *file;
	const char *name;
} Sink;

static bool
write_piece(void *context, int n, const char *const *value)
{
	Sink *sink = context;
	size_t len;
	char *bytes;
	bool good;

	if (n < 1 || value[0] == NULL)
		return true;
	bytes = shc_pg_bytea_bytes(value[0], &len);
	if (bytes == NULL)
		return false;
	good = fwrite(bytes, 1, len, sink->file) == len;
	free(bytes);
	if (!good)
		shc_error("cannot write %s: %s", sink->name, strerror(errno));
	return good;
}

static bool
get_content(Session *session, const char *uuid, Sink *sink)
{
	return shc_pg_stream(session->pg,
						 "SELECT (s.r).body FROM (SELECT selfhost.get_dataset_raw($1::uuid) AS r"
						 " OFFSET 0) AS s",
						 1, &uuid, write_piece, sink);
}

/* A file gets its name when it is complete. */
static bool
get_into_file(Session *session, const char *uuid, const char *file)
{
	char *part = NULL;
	Sink sink = {.name = file};
	bool good;

	if (asprintf(&part, "%s.part", file) < 0)
		abort();
	sink.file = fopen(part, "w");
	good = sink.file != NULL && get_content(session, uuid, &sink);
	if (sink.file == NULL)
		shc_error("cannot write %s: %s", part, strerror(errno));
	else if (fclose(sink.file) != 0 && good)
	{
		shc_error("cannot write %s: %s", part, strerror(errno));
		good = false;
	}
	if (good && rename(part, file) != 0)
	{
		shc_error("cannot write %s: %s", file, strerror(errno));
		good = false;
	}
	if (!good && sink.file != NULL)
		unlink(part);
	free(part);
	return good;
}

static bool
get_to_stdout(Session *session, const char *uuid)
{
	Sink sink = {.file = stdout, .name = "standard output"};

	if (!get_content(session, uuid, &sink))
		return false;
	if (fflush(stdout) == 0)
		return true;
	shc_error("cannot write standard output: %s", strerror(errno));
	return false;
}

static int
run_get(int argc, char **argv)
{
	char uuid[NOUN_WORDS_MAX][OBJECT_UUID_SIZE];
	const char *parameter[NOUN_WORDS_MAX];
	const char *file = file_of(argc, argv);
	Session session;
	bool good;

	if (argc != 2 && !noun_check(&dataset_get, argc))
		return EXIT_CODE_USAGE;
	good =
		session_open(&session, &noun_options.where) &&
		noun_find_words(&session, &dataset_get, argv, uuid, parameter) &&
		(file != NULL ? get_into_file(&session, uuid[0], file) : get_to_stdout(&session, uuid[0]));
	session_close(&session);
	return good ? EXIT_CODE_OK : EXIT_CODE_FAILED;
}

static const CliOption options[] = {NOUN_WHERE, NOUN_END};

const CliCommand cmd_dataset_get = {
	.name = "get",
	.summary = "write the content of a dataset into a file",
	.arguments = "DATASET [FILE]",
	.description = "Without FILE, or with -, to standard output. A file gets its name when it is\n"
				   "complete; until then it is FILE.part.\n",
	.examples = "$ selfctl dataset get tariffs tariffs.csv\n"
				"$ selfctl dataset get tariffs | head\n",
	.options = options,
	.run = run_get,
};

/* ---- put ---- */

/* All that is in it; malloc'd. NULL, and logged, also when it is too much. */
static char *
read_all(FILE *in, const char *name, size_t *len)
{
	size_t size = 65536;
	char *data = malloc(size);

	*len = 0;
	while (data != NULL)
	{
		*len += fread(data + *len, 1, size - *len, in);
		if (*len < size)
			break;
		if (size <= NOUN_CONTENT_MAX)
		{
			char *more = realloc(data, size * 2);

			if (more == NULL)
				free(data);
			data = more;
			size *= 2;
			continue;
		}
		break;
	}
	if (data == NULL)
		shc_error("out of memory");
	else if (ferror(in))
		shc_error("cannot read %s: %s", name, strerror(errno));
	else if (*len > NOUN_CONTENT_MAX)
		shc_error("%s has more than %d MiB: upload it in parts by the REST API", name,
				  NOUN_CONTENT_MAX / 1024 / 1024);
	else
		return data;
	free(data);
	return NULL;
}

static char *
read_content(const char *file, size_t *len)
{
	FILE *in = file != NULL ? fopen(file, "r") : stdin;
	char *data;

	if (in == NULL)
	{
		shc_error("cannot read %s: %s", file, strerror(errno));
		return NULL;
	}
	data = read_all(in, file != NULL ? file : "standard input", len);
	if (file != NULL)
		fclose(in);
	return data;
}

static bool
put_content(Session *session, const char *uuid, const char *data, size_t len)
{
	char *text = shc_pg_bytea_text(session->pg, data, len);
	const char *parameter[] = {uuid, text};
	bool good = text != NULL &&
				shc_pg_exec(session->pg,
							"SELECT selfhost.update_dataset($1::uuid, jsonb_build_object('content',"
							" replace(encode($2::bytea, 'base64'), E'\\n', '')))",
							2, parameter, NULL, NULL);

	free(text);
	return good;
}

static int
run_put(int argc, char **argv)
{
	char uuid[NOUN_WORDS_MAX][OBJECT_UUID_SIZE];
	const char *parameter[NOUN_WORDS_MAX];
	Session session;
	size_t len;
	char *data;
	bool good;

	if (argc != 2 && !noun_check(&dataset_put, argc))
		return EXIT_CODE_USAGE;
	data = read_content(file_of(argc, argv), &len);
	if (data == NULL)
		return EXIT_CODE_FAILED;
	good = session_open(&session, &noun_options.where) &&
		   noun_find_words(&session, &dataset_put, argv, uuid, parameter) &&
		   put_content(&session, uuid[0], data, len);
	session_close(&session);
	free(data);
	return good ? EXIT_CODE_OK : EXIT_CODE_FAILED;
}

const CliCommand cmd_dataset_put = {
	.name = "put",
	.summary = "replace the content of a dataset by that of a file",
	.arguments = "DATASET [FILE]",
	.description =
		"Without FILE, or with -, from standard input. At most 64 MiB; more goes in parts\n"
		"over the REST API.\n",
	.examples = "$ selfctl dataset put tariffs tariffs.csv\n"
				"$ gzip -dc tariffs.csv.gz | selfctl dataset put tariffs\n",
	.options = options,
	.run = run_put,
};

/*
 * cmd_program_code.c: selfctl program push, code, sign, diff: the revisions of a program's code.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "buf.h"
#include "cmd_program.h"
#include "log.h"
#include "program_path.h"

#define CODE_MAX ((size_t) 1024 * 1024)

static SessionOptions where;

static struct
{
	bool sign;
	bool json;
	int revision;
} options = {.revision = -1};

/* The answer of an operation as text: of what it returns, only the body. */
#define BODY_OF(call) \
	"SELECT convert_from((a.r).body, 'UTF8') FROM (SELECT " call " AS r OFFSET 0) AS a"

/* ---- push ---- */

static const CliOption push_options[] = {
	SESSION_OPTIONS(where),
	{0, "sign", NULL, "sign the new revision at once, so that it runs", CLI_FLAG, &options.sign, 0,
	 0},
	{0, "json", NULL, "print JSON", CLI_FLAG, &options.json, 0, 0},
	{.name = NULL},
};

/* Has the worker's program compile the file; it says itself what is wrong. */
static bool
compile(ShcArena *arena, const char *file, const char *language)
{
	const char *program = program_path(arena, "worker", "selfpwrk");
	int status = -1;
	pid_t pid;

	if (program == NULL)
		return false;
	pid = fork();
	if (pid == 0)
	{
		execl(program, program, "compile", "--language", language, file, (char *) NULL);
		_exit(127);
	}
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (pid < 0 || !WIFEXITED(status) || WEXITSTATUS(status) == 127)
	{
		shc_error("cannot run %s", program);
		return false;
	}
	return WEXITSTATUS(status) == 0;
}

static bool
read_code(const char *file, ShcBuf *code)
{
	FILE *in = fopen(file, "re");
	bool good = in != NULL && shc_buf_read(code, in);

	if (code->failed)
		shc_error("%s: code has at most 1 MiB", file);
	else if (!good)
		shc_error("cannot read %s: %s", file, strerror(errno));
	if (in != NULL)
		fclose(in);
	return good;
}

static bool
upload(Session *session, const char *uuid, const char *code, char **revision)
{
	const char *parameter[] = {uuid, code};

	return shc_pg_value(session->pg,
						"SELECT (" BODY_OF("selfhost.upload_program_code(uuid => $1::uuid,"
										   " body => $2::bytea)") ")::json->>'revision'",
						2, parameter, revision);
}

static bool
is_number(const char *word)
{
	size_t digits = strspn(word, "0123456789");

	if (digits > 0 && digits < 10 && word[digits] == '\0')
		return true;
	shc_error("\"%s\" is no number of a revision", word);
	return false;
}

static bool
sign(Session *session, const char *uuid, const char *revision)
{
	const char *parameter[] = {uuid, revision};

	return shc_pg_exec(session->pg, "SELECT selfhost.sign_program_revision($1::uuid, $2::integer)",
					   2, parameter, NULL, NULL);
}

static bool
push(Session *session, const char *uuid, const char *file)
{
	const char *parameter = uuid;
	char *language = NULL;
	char *text = NULL;
	char *revision = NULL;
	ShcBuf code;
	bool good;

	shc_buf_init(&code, CODE_MAX);
	good = shc_pg_value(session->pg, "SELECT language FROM selfhost.program WHERE uuid = $1::uuid",
						1, &parameter, &language) &&
		   read_code(file, &code) &&
		   compile(session->stack.arena, file, language != NULL ? language : "lua") &&
		   (text = shc_pg_bytea_text(session->pg, code.data, code.len)) != NULL &&
		   upload(session, uuid, text, &revision) &&
		   (!options.sign || sign(session, uuid, revision));
	if (good && options.json)
		printf("{\"revision\":%s,\"signed\":%s}\n", revision, options.sign ? "true" : "false");
	else if (good)
		printf("revision %s%s\n", revision, options.sign ? ", signed" : "");
	free(language);
	free(text);
	shc_buf_free(&code);
	free(revision);
	return good;
}

static int
run_push(int argc, char **argv)
{
	char uuid[OBJECT_UUID_SIZE];
	Session session;
	bool good;

	if (!object_check_words("program push", argc, 2))
		return EXIT_CODE_USAGE;
	if (strcmp(argv[1], "-") == 0)
	{
		fprintf(stderr, "selfctl program push: FILE must be a file, as it is read twice\n");
		return EXIT_CODE_USAGE;
	}
	good = session_open(&session, &where) && session_needs_user(&session) &&
		   object_find(&session, OBJECT_PROGRAM, argv[0], uuid) && push(&session, uuid, argv[1]);
	session_close(&session);
	return good ? EXIT_CODE_OK : EXIT_CODE_FAILED;
}

const CliCommand cmd_program_push = {
	.name = "push",
	.summary = "upload code as a new revision",
	.arguments = PROGRAM_ARGUMENT " FILE",
	.description = "The code is compiled here first, and not uploaded when it does not compile.\n"
				   "Prints the number of the revision. It does not run before it is signed.\n",
	.examples = "$ selfctl program push heartbeat heartbeat.lua\n"
				"$ selfctl program push heartbeat heartbeat.lua --sign\n",
	.options = push_options,
	.run = run_push,
};

/* ---- code ---- */

static const CliOption code_options[] = {
	SESSION_OPTIONS(where),
	{0, "revision", "N", "that revision; default: the newest signed one, which runs", CLI_NUMBER,
	 &options.revision, 0, 2147483647},
	{.name = NULL},
};

static int
run_code(int argc, char **argv)
{
	char uuid[OBJECT_UUID_SIZE];
	char number[16];
	const char *parameter[] = {uuid, options.revision < 0 ? NULL : number};
	char *text = NULL;
	Session session;
	bool good;

	if (!object_check_words("program code", argc, 1))
		return EXIT_CODE_USAGE;
	snprintf(number, sizeof(number), "%d", options.revision);
	good = session_open(&session, &where) && object_find(&session, OBJECT_PROGRAM, argv[0], uuid) &&
		   shc_pg_value(session.pg,
						"SELECT convert_from(v.code, 'UTF8') FROM selfhost.program_revision AS v"
						" WHERE v.program_uuid = $1::uuid AND v.code IS NOT NULL"
						" AND CASE WHEN $2::integer IS NULL THEN v.signed IS NOT NULL"
						"          ELSE v.revision = $2::integer END"
						" ORDER BY v.revision DESC LIMIT 1",
						2, parameter, &text);
	if (good && text == NULL)
		shc_error(options.revision < 0 ? "no revision is signed" : "there is no such revision");
	else if (good)
		fputs(text, stdout);
	good = good && text != NULL;
	free(text);
	session_close(&session);
	return good ? EXIT_CODE_OK : EXIT_CODE_FAILED;
}

const CliCommand cmd_program_code = {
	.name = "code",
	.summary = "print the code of a revision",
	.arguments = PROGRAM_ARGUMENT,
	.examples = "$ selfctl program code heartbeat > heartbeat.lua\n"
				"$ selfctl program code heartbeat --revision 3\n",
	.options = code_options,
	.run = run_code,
};

/* ---- sign ---- */

static const CliOption sign_options[] = {
	SESSION_OPTIONS(where),
	{.name = NULL},
};

static int
run_sign(int argc, char **argv)
{
	char uuid[OBJECT_UUID_SIZE];
	Session session;
	bool good;

	if (!object_check_words("program sign", argc, 2) || !is_number(argv[1]))
		return EXIT_CODE_USAGE;
	good = session_open(&session, &where) && session_needs_user(&session) &&
		   object_find(&session, OBJECT_PROGRAM, argv[0], uuid) && sign(&session, uuid, argv[1]);
	session_close(&session);
	return good ? EXIT_CODE_OK : EXIT_CODE_FAILED;
}

const CliCommand cmd_program_sign = {
	.name = "sign",
	.summary = "sign a revision, so that it may run",
	.arguments = PROGRAM_ARGUMENT " REVISION",
	.description =
		"The program then runs with the rights that both its owner and the signer have.\n"
		"Signing again keeps the first signature.\n",
	.examples = "$ selfctl program diff heartbeat 3 4\n"
				"$ selfctl program sign heartbeat 4\n",
	.options = sign_options,
	.run = run_sign,
};

/* ---- diff ---- */

static const CliOption diff_options[] = {
	SESSION_OPTIONS(where),
	{.name = NULL},
};

static int
run_diff(int argc, char **argv)
{
	char uuid[OBJECT_UUID_SIZE];
	const char *parameter[] = {uuid, argc > 1 ? argv[1] : NULL, argc > 2 ? argv[2] : "-1"};
	char *text = NULL;
	Session session;
	bool good;

	if (!object_check_words("program diff", argc, argc == 2 ? 2 : 3) || !is_number(argv[1]) ||
		(argc == 3 && !is_number(argv[2])))
		return EXIT_CODE_USAGE;
	good =
		session_open(&session, &where) && object_find(&session, OBJECT_PROGRAM, argv[0], uuid) &&
		shc_pg_value(session.pg,
					 BODY_OF("selfhost.diff_program_revisions($1::uuid, $2::integer, $3::integer)"),
					 3, parameter, &text);
	if (good && text != NULL)
		fputs(text, stdout);
	free(text);
	session_close(&session);
	return good ? EXIT_CODE_OK : EXIT_CODE_FAILED;
}

const CliCommand cmd_program_diff = {
	.name = "diff",
	.summary = "show what changed between two revisions",
	.arguments = PROGRAM_ARGUMENT " OLD [NEW]",
	.description = "As a unified diff. Without NEW: the newest revision.\n",
	.examples = "$ selfctl program diff heartbeat 3\n"
				"$ selfctl program diff heartbeat 3 4\n",
	.options = diff_options,
	.run = run_diff,
};

/*
 * cmd_doctor.c: selfctl doctor: is everything around a domain well, and what is to be done if not.
 *
 * What the database tells is in checks.c. Here is the rest: clocks, the disk where the server is on this
 * machine, the programs of a local stack.
 */
#include <json-c/json.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <time.h>

#include "buf.h"
#include "checks.h"
#include "commands.h"
#include "listing.h"
#include "log.h"

static SessionOptions where = {.as_owner = true};

static struct
{
	bool json;
	bool deep;
	int min_free; /* per cent */
	int long_transaction;
} options = {.min_free = 5, .long_transaction = 900};

/* ---- findings ---- */

typedef struct Doctor
{
	Session session;
	json_object *all; /* NULL: they are printed at once */
	int found[CHECK_PROBLEM + 1];
} Doctor;

static void
add_member(json_object *object, const char *name, const char *text)
{
	json_object_object_add(object, name, text != NULL ? json_object_new_string(text) : NULL);
}

static void
print_finding(const Finding *finding)
{
	ShcBuf buf;

	shc_buf_init(&buf, 65536);
	shc_buf_printf(&buf, "%-8s %-16s %s", check_result_name(finding->result), finding->check,
				   finding->what);
	if (finding->result != CHECK_OK && finding->advice != NULL)
		shc_buf_printf(&buf, "\n%-25s -> %s", "", finding->advice);
	if (!buf.failed)
		listing_print_text(buf.data);
	shc_buf_free(&buf);
}

static void
take_finding(void *context, const Finding *finding)
{
	Doctor *doctor = context;
	json_object *object;

	doctor->found[finding->result]++;
	if (doctor->all == NULL)
	{
		print_finding(finding);
		return;
	}
	object = json_object_new_object();
	add_member(object, "check", finding->check);
	add_member(object, "result", check_result_name(finding->result));
	add_member(object, "what", finding->what);
	add_member(object, "advice", finding->result != CHECK_OK ? finding->advice : NULL);
	json_object_array_add(doctor->all, object);
}

static void
find(Doctor *doctor, const char *check, CheckResult result, const char *what, const char *advice)
{
	const Finding finding = {.check = check, .result = result, .what = what, .advice = advice};

	take_finding(doctor, &finding);
}

/* ---- clocks ---- */

static double
clock_here(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (double) now.tv_sec + (double) now.tv_nsec / 1e9;
}

/* The server's clock at some time between question and answer. */
static void
check_clock(Doctor *doctor)
{
	double before = clock_here();
	double after;
	double skew = 0;
	char *text = NULL;
	char what[120];

	if (!shc_pg_value(doctor->session.pg, "SELECT extract(epoch FROM pg_catalog.clock_timestamp())",
					  0, NULL, &text) ||
		text == NULL)
		return;
	after = clock_here();
	if (strtod(text, NULL) > after)
		skew = strtod(text, NULL) - after;
	else if (strtod(text, NULL) < before)
		skew = strtod(text, NULL) - before;
	free(text);
	snprintf(what, sizeof(what), "the server's clock differs by %.3f s from the one here", skew);
	find(doctor, "clock",
		 skew > 30 || skew < -30 ? CHECK_PROBLEM
		 : skew > 1 || skew < -1 ? CHECK_WARNING
								 : CHECK_OK,
		 what, "run a service of NTP, such as chrony, on both machines");
}

/* ---- disk ---- */

#define GIB (1024.0 * 1024 * 1024)

static void
judge_space(Doctor *doctor, const struct statvfs *status)
{
	double size = (double) status->f_blocks * (double) status->f_frsize;
	double left = (double) status->f_bavail * (double) status->f_frsize;
	double part = size > 0 ? 100 * left / size : 100;
	CheckResult result = CHECK_OK;
	char what[120];

	if (part < options.min_free || left < GIB / 2)
		result = CHECK_PROBLEM;
	else if (part < 2 * options.min_free || left < 2 * GIB)
		result = CHECK_WARNING;
	snprintf(what, sizeof(what), "%.1f of %.1f GiB are free (%.0f %%)", left / GIB, size / GIB,
			 part);
	find(doctor, "disk", result, what,
		 "make room, or set retention: PostgreSQL stops when there is no space left for WAL");
}

/* Only where the server is on this machine, and its folder can be looked up. */
static void
check_disk(Doctor *doctor)
{
	static const char query[] =
		"SELECT pg_catalog.current_setting('data_directory') WHERE pg_catalog.inet_server_addr() IS"
		" NULL OR pg_catalog.inet_server_addr() <<= '127.0.0.0/8'"
		" OR pg_catalog.inet_server_addr() = '::1'";
	char *folder = NULL;
	struct statvfs status;

	shc_pg_set_quiet(doctor->session.pg, true);
	(void) shc_pg_value(doctor->session.pg, query, 0, NULL, &folder);
	shc_pg_set_quiet(doctor->session.pg, false);
	if (folder != NULL && statvfs(folder, &status) == 0)
		judge_space(doctor, &status);
	else
		find(doctor, "disk", CHECK_OK, "the free space of the server cannot be known from here",
			 NULL);
	free(folder);
}

/* ---- the programs of a stack ---- */

static void
check_program(Doctor *doctor, const char *name, pid_t pid, const char *log)
{
	bool runs = pid > 0 && kill(pid, 0) == 0;
	char what[80];
	char advice[400];

	snprintf(what, sizeof(what), runs ? "process %d" : "it does not run", (int) pid);
	snprintf(advice, sizeof(advice), "%s tells why", log);
	find(doctor, name, runs ? CHECK_OK : CHECK_PROBLEM, what, advice);
}

static void
check_stack(Doctor *doctor)
{
	const Stack *stack = &doctor->session.stack;

	if (where.uri != NULL)
		return;
	check_program(doctor, "selfserv", stack->selfserv_pid, stack->selfserv_log);
	check_program(doctor, "selfpwrk", stack->selfpwrk_pid, stack->selfpwrk_log);
}

/* ---- the command ---- */

static void
print_end(const Doctor *doctor)
{
	if (doctor->all != NULL)
		puts(json_object_to_json_string_ext(doctor->all, JSON_C_TO_STRING_PRETTY |
															 JSON_C_TO_STRING_NOSLASHESCAPE));
	else
		printf("\n%d ok, %d warnings, %d problems\n", doctor->found[CHECK_OK],
			   doctor->found[CHECK_WARNING], doctor->found[CHECK_PROBLEM]);
}

static int
run(int argc, char **argv)
{
	const CheckOptions which = {.points = options.deep,
								.transaction_seconds = options.long_transaction};
	Doctor doctor = {.all = options.json ? json_object_new_array() : NULL};
	bool good = session_open(&doctor.session, &where);

	(void) argc;
	(void) argv;
	if (good)
	{
		check_stack(&doctor);
		check_clock(&doctor);
		check_disk(&doctor);
		good = checks_run(&doctor.session, &which, take_finding, &doctor);
		print_end(&doctor);
	}
	session_close(&doctor.session);
	json_object_put(doctor.all);
	if (!good)
		return EXIT_CODE_FAILED;
	return doctor.found[CHECK_PROBLEM] > 0 ? EXIT_CODE_PROBLEM : EXIT_CODE_OK;
}

static const CliOption doctor_options[] = {
	SESSION_OPTIONS(where),
	{0, "deep", NULL, "read all points, too, some hundred million a second", CLI_FLAG,
	 &options.deep, 0, 0},
	{0, "min-free", "PERCENT", "free space below which the disk is a problem, default 5",
	 CLI_NUMBER, &options.min_free, 0, 100},
	{0, "long-transaction", "SECONDS", "from when on a transaction is long, default 900",
	 CLI_NUMBER, &options.long_transaction, 0, 1000000000},
	{0, "json", NULL, "print JSON", CLI_FLAG, &options.json, 0, 0},
	{.name = NULL},
};

const CliCommand cmd_doctor = {
	.name = "doctor",
	.summary = "look for what is wrong with a domain, its server and its programs",
	.description =
		"Versions, settings, roles and grants, accounts, indexes, programs and who runs them,\n"
		"vacuum, long transactions, connections, replication, clocks, free space. Each finding\n"
		"is ok, a warning or a problem, and says what to do. Changes nothing. Exit code 8 when\n"
		"there is a problem, 0 otherwise.\n",
	.examples =
		"$ selfctl doctor\n"
		"$ selfctl doctor --domain plant2 --deep\n"
		"$ selfctl doctor --uri service=plant --json | jq '.[] | select(.result != \"ok\")'\n",
	.options = doctor_options,
	.run = run,
};

/*
 * cmd_status.c: selfctl status.
 */
#include <json-c/json.h>

#include "commands.h"
#include "stack.h"
#include "version.h"

static struct
{
	const char *dir;
	bool json;
} options;

static const CliOption status_options[] = {
	DIR_OPTION(&options.dir),
	{0, "json", NULL, "print JSON", CLI_FLAG, &options.json, 0, 0},
	{.name = NULL},
};

/* ---- JSON ---- */

static void
add_text(json_object *object, const char *name, const char *text)
{
	json_object_object_add(object, name, text != NULL ? json_object_new_string(text) : NULL);
}

static void
add_pid(json_object *object, const char *name, pid_t pid)
{
	json_object_object_add(object, name, pid > 0 ? json_object_new_int64(pid) : NULL);
}

static void
add_running(json_object *object, const Stack *stack, pid_t holder)
{
	json_object *domains = json_object_new_array();
	json_object *processes = json_object_new_object();
	json_object *versions = json_object_new_object();

	json_object_object_add(object, "ready", json_object_new_boolean(stack->is_ready));
	add_text(object, "url", stack->url);
	if (stack->domain != NULL)
		json_object_array_add(domains, json_object_new_string(stack->domain));
	json_object_object_add(object, "domains", domains);
	add_pid(processes, "selfctl", holder);
	add_pid(processes, "postgres", stack->postgres_pid);
	add_pid(processes, "selfserv", stack->selfserv_pid);
	add_pid(processes, "selfpwrk", stack->selfpwrk_pid);
	json_object_object_add(object, "processes", processes);
	add_text(versions, "selfctl", SH_VERSION);
	add_text(versions, "postgres", stack->postgres_version);
	add_text(versions, "extension", stack->extension_version);
	json_object_object_add(object, "versions", versions);
	add_text(object, "postgres",
			 stack->sockets != NULL && stack->domain != NULL ? stack_conninfo(stack, stack->domain)
															 : NULL);
}

static void
print_json(const Stack *stack, pid_t holder)
{
	json_object *object = json_object_new_object();

	json_object_object_add(object, "running", json_object_new_boolean(holder > 0));
	add_text(object, "dir", stack->dir);
	if (holder > 0)
		add_running(object, stack, holder);
	puts(json_object_to_json_string_ext(object,
										JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(object);
}

/* ---- text ---- */

static void
print_pid(const char *name, pid_t pid)
{
	if (pid > 0)
		printf("  %-9s process %ld\n", name, (long) pid);
	else
		printf("  %-9s not running\n", name);
}

static void
print_text(const Stack *stack, pid_t holder)
{
	if (holder == 0)
	{
		printf("No Self-host is running in %s.\n", stack->dir);
		return;
	}
	printf("Self-host in %s is %s.\n\n", stack->dir,
		   stack->is_ready ? "running" : "being started or stopped");
	if (stack->url != NULL)
		printf("  URL       %s\n", stack->url);
	if (stack->domain != NULL)
		printf("  domain    %s\n", stack->domain);
	print_pid("selfctl", holder);
	print_pid("postgres", stack->postgres_pid);
	print_pid("selfserv", stack->selfserv_pid);
	print_pid("selfpwrk", stack->selfpwrk_pid);
	printf("  versions  selfctl %s, PostgreSQL %s, extension %s\n", SH_VERSION,
		   stack->postgres_version != NULL ? stack->postgres_version : "unknown",
		   stack->extension_version != NULL ? stack->extension_version : "unknown");
	if (stack->sockets != NULL && stack->domain != NULL)
		printf("  SQL       psql '%s'\n", stack_conninfo(stack, stack->domain));
}

static int
show(Stack *stack)
{
	pid_t holder = stack_holder(stack);

	if (holder < 0)
		return EXIT_CODE_FAILED;
	if (holder > 0)
		stack_read_state(stack);
	if (options.json)
		print_json(stack, holder);
	else
		print_text(stack, holder);
	return holder > 0 ? EXIT_CODE_OK : EXIT_CODE_NOT_RUNNING;
}

static int
run_status(int argc, char **argv)
{
	Stack stack;
	int code = EXIT_CODE_FAILED;

	(void) argc;
	(void) argv;
	if (stack_open(&stack, options.dir))
		code = show(&stack);
	stack_close(&stack);
	return code;
}

const CliCommand cmd_status = {
	.name = "status",
	.summary = "tell whether a local Self-host runs, and how to reach it",
	.description =
		"With --json: {\"running\", \"dir\"}, and while it runs \"ready\", \"url\", \"domains\",\n"
		"\"processes\" of \"selfctl\", \"postgres\", \"selfserv\" and \"selfpwrk\", \"versions\" "
		"of\n"
		"\"selfctl\", \"postgres\" and \"extension\", and \"postgres\": how the owner of the "
		"domain's database connects, as\n"
		"keyword=value for psql. What is not known is null. The token is only in\n"
		"DIR/credentials.json.\n",
	.examples = "$ selfctl status\n"
				"$ selfctl status --json\n"
				"$ psql \"$(selfctl status --json | jq -r .postgres)\"\n",
	.options = status_options,
	.run = run_status,
};

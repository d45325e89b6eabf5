/*
 * cmd_down.c: selfctl down.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>

#include "commands.h"
#include "leftover.h"
#include "log.h"
#include "signals.h"
#include "stack.h"

#define STANDARD_TIMEOUT 60
#define PROGRESS_MS		 5000

static struct
{
	const char *dir;
	int timeout;
} options = {.timeout = STANDARD_TIMEOUT};

static const CliOption down_options[] = {
	DIR_OPTION(&options.dir),
	{0, "timeout", "SECONDS", "how long to wait, default 60", CLI_NUMBER, &options.timeout, 1,
	 86400},
	{.name = NULL},
};

/* Nobody holds the stack, but a selfctl that was killed may have left its children. */
static int
stop_leftovers(Stack *stack)
{
	bool found;

	stack_read_state(stack);
	if (!leftover_stop(stack, &found))
		return EXIT_CODE_FAILED;
	if (found)
		printf("Self-host in %s has been stopped.\n", stack->dir);
	else
		printf("No Self-host is running in %s.\n", stack->dir);
	return EXIT_CODE_OK;
}

/* Waits until another process, or none, holds the stack. */
static int
wait_for_end(const Stack *stack, pid_t holder)
{
	int64_t start = now_ms();
	int64_t told = start;

	while (stack_holder(stack) == holder)
	{
		if (now_ms() - start > (int64_t) options.timeout * 1000)
		{
			shc_error("the stack in %s has not stopped within %d s (process %ld; logs in %s)",
					  stack->dir, options.timeout, (long) holder, stack->log_dir);
			return EXIT_CODE_TIMEOUT;
		}
		if (now_ms() - told > PROGRESS_MS)
		{
			shc_info("still stopping");
			told = now_ms();
		}
		signals_wait(50);
	}
	printf("Self-host in %s has been stopped.\n", stack->dir);
	return EXIT_CODE_OK;
}

static int
stop_stack(Stack *stack)
{
	pid_t holder = stack_holder(stack);

	if (holder < 0)
		return EXIT_CODE_FAILED;
	if (holder == 0)
		return stop_leftovers(stack);
	if (kill(holder, SIGTERM) != 0 && errno != ESRCH)
	{
		shc_error("cannot stop process %ld: %s", (long) holder, strerror(errno));
		return EXIT_CODE_FAILED;
	}
	return wait_for_end(stack, holder);
}

static int
run_down(int argc, char **argv)
{
	Stack stack;
	int code = EXIT_CODE_FAILED;

	(void) argc;
	(void) argv;
	if (stack_open(&stack, options.dir))
		code = stop_stack(&stack);
	stack_close(&stack);
	return code;
}

const CliCommand cmd_down = {
	.name = "down",
	.summary = "stop a local Self-host",
	.description =
		"Stops selfserv, which finishes the requests in hand, selfpwrk, which finishes the\n"
		"runs in hand, then PostgreSQL. The data stays. Nothing to stop is no error. What a killed "
		"selfctl has left running is\n"
		"stopped, too.\n",
	.examples = "$ selfctl down\n"
				"$ selfctl down --dir /var/lib/selfhost\n",
	.options = down_options,
	.run = run_down,
};

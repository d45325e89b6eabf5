/*
 * main.c: the tree of commands.
 */
#include <string.h>

#include "commands.h"
#include "log.h"

static const CliCommand *const commands[] = {
	&cmd_up,	  &cmd_down,	   &cmd_status,	 &cmd_domain,  &cmd_primus,
	&cmd_program, &cmd_timeseries, &cmd_user,	 &cmd_group,   &cmd_policy,
	&cmd_token,	  &cmd_thing,	   &cmd_dataset, &cmd_alert,   &cmd_doctor,
	&cmd_migrate, &cmd_db,		   &cmd_help,	 &cmd_version, NULL,
};

const CliCommand selfctl_root = {
	.name = "selfctl",
	.summary = "administers Self-host for PostgreSQL",
	.description =
		"selfctl is the administrator's command line. \"selfctl up\" runs a complete\n"
		"Self-host on this machine: a PostgreSQL of its own, a domain, and selfserv with\n"
		"the REST API.\n",
	.examples = "$ selfctl up\n"
				"    start a local Self-host and print how to use it; Ctrl-C stops it\n"
				"$ selfctl up --detach\n"
				"    the same in the background\n"
				"$ selfctl status\n"
				"$ selfctl down\n",
	.commands = commands,
};

int
main(int argc, char **argv)
{
	static char *version[] = {"selfctl", "version", NULL};

	shc_log_set_plain("selfctl");
	if (argc == 2 && strcmp(argv[1], "--version") == 0)
		return cli_main(&selfctl_root, 2, version);
	return cli_main(&selfctl_root, argc, argv);
}

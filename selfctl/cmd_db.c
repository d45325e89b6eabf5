/*
 * cmd_db.c: selfctl db migrate, which made and changed the tables of the server before this one. Here the
 * extension does that.
 */
#include <stdio.h>

#include "commands.h"

static int
run_migrate(int argc, char **argv)
{
	(void) argc;
	(void) argv;
	fputs("selfctl db migrate: there are no such steps here. Instead:\n"
		  "  selfctl domain create NAME             makes the tables of a domain (or, in any "
		  "database:\n"
		  "                                         CREATE EXTENSION selfhost; SELECT "
		  "selfhost.init())\n"
		  "  selfctl domain upgrade                 brings all domains to a newer version (or, in "
		  "one:\n"
		  "                                         ALTER EXTENSION selfhost UPDATE)\n"
		  "  selfctl domain list                    tells the versions\n"
		  "  selfctl domain drop NAME --yes         deletes a domain\n"
		  "  selfctl migrate --from URI --to NAME   moves an old database into a domain\n",
		  stderr);
	return EXIT_CODE_USAGE;
}

/* Whatever came with it is passed over. */
static const char *ignored;

static const CliOption migrate_options[] = {
	{'d', "database", "URI", "has no meaning any more", CLI_TEXT, &ignored, 0, 0},
	{'s', "steps", "N", "likewise", CLI_TEXT, &ignored, 0, 0},
	{'v', "version", "N", "likewise", CLI_TEXT, &ignored, 0, 0},
	{.name = NULL},
};

static const CliCommand cmd_db_migrate = {
	.name = "migrate",
	.summary = "tell what has come in its place",
	.arguments = "[up|down|goto|force|version]",
	.examples = "$ selfctl db migrate up\n",
	.options = migrate_options,
	.run = run_migrate,
};

static const CliCommand *const commands[] = {&cmd_db_migrate, NULL};

const CliCommand cmd_db = {
	.name = "db",
	.summary = "commands of the server before this one",
	.examples = "$ selfctl db migrate\n",
	.commands = commands,
};

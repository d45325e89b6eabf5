/*
 * commands.h: the commands of selfctl, one per cmd_*.c; main.c puts them into the tree.
 */
#ifndef SH_SELFCTL_COMMANDS_H
#define SH_SELFCTL_COMMANDS_H

#include "cli.h"

extern const CliCommand selfctl_root;

extern const CliCommand cmd_up;
extern const CliCommand cmd_down;
extern const CliCommand cmd_status;
extern const CliCommand cmd_help;
extern const CliCommand cmd_version;
extern const CliCommand cmd_domain;
/* Of the group domain, in a file of their own. */
extern const CliCommand cmd_domain_show;
extern const CliCommand cmd_domain_set;
extern const CliCommand cmd_primus;
extern const CliCommand cmd_program;
extern const CliCommand cmd_timeseries;
extern const CliCommand cmd_user;
extern const CliCommand cmd_group;
extern const CliCommand cmd_policy;
extern const CliCommand cmd_token;
extern const CliCommand cmd_thing;
extern const CliCommand cmd_dataset;
extern const CliCommand cmd_alert;
extern const CliCommand cmd_doctor;
extern const CliCommand cmd_migrate;
extern const CliCommand cmd_db;

/* The option that all commands about a stack have. */
#define DIR_OPTION(variable)                                                                    \
	{                                                                                           \
		'd', "dir", "DIR", "folder of the stack; default: see \"selfctl up --help\"", CLI_TEXT, \
			(variable), 0, 0                                                                    \
	}

#endif

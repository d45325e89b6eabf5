/*
 * cmd_program.h: what the commands about programs share.
 */
#ifndef SH_SELFCTL_CMD_PROGRAM_H
#define SH_SELFCTL_CMD_PROGRAM_H

#include "cli.h"
#include "object.h"

#define PROGRAM_ARGUMENT "PROGRAM"

/* cmd_program_code.c */
extern const CliCommand cmd_program_push;
extern const CliCommand cmd_program_code;
extern const CliCommand cmd_program_sign;
extern const CliCommand cmd_program_diff;

/* cmd_program_run.c */
extern const CliCommand cmd_program_runs;
extern const CliCommand cmd_program_logs;
extern const CliCommand cmd_program_run;
extern const CliCommand cmd_program_compile;

#endif

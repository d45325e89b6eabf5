/*
 * cmd_program.h: what the commands about programs share.
 */
#ifndef SH_SELFCTL_CMD_PROGRAM_H
#define SH_SELFCTL_CMD_PROGRAM_H

#include "cli.h"
#include "session.h"

#define PROGRAM_UUID_SIZE 37

#define PROGRAM_ARGUMENT  "PROGRAM"

/*
 * The program that a word of the command line means: its uuid, or its name if only one has it. False,
 * and logged, when there is none or several.
 */
extern bool program_find(Session *session, const char *word, char uuid[PROGRAM_UUID_SIZE]);

/* Reads a file of code, at most 1 MiB, into malloc'd memory; "-": standard input. False when logged. */
extern bool program_read_file(const char *file, char **code, size_t *len);

/* Whether exactly n words stand behind the options; else says so. */
extern bool program_check_words(const char *command, int argc, int n);

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

/*
 * conninfo.h: connection strings on the command line.
 */
#ifndef SHC_CONNINFO_H
#define SHC_CONNINFO_H

/*
 * A copy of a connection string, or of "key=" and one, which lives as long as the process; the passwords in the
 * original are overwritten, since everybody on the machine can see the arguments of a process. For the first
 * thread, at the start. NULL, and logged: out of memory.
 */
extern const char *shc_conninfo_take(char *argument);

#endif

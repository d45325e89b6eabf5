/*
 * notify.h: how a service and who has started it talk: signals to the service, and sd_notify(3) of it,
 * spoken without its library.
 */
#ifndef SHC_NOTIFY_H
#define SHC_NOTIFY_H

/* Tells the service manager a state, such as "READY=1"; nothing when there is none. */
extern void shc_notify_manager(const char *state);

/*
 * A signalfd(2), with these flags and close-on-exec, for TERM, INT, QUIT and HUP, which are blocked from
 * now on, also in threads that are started later; SIGPIPE is ignored. -1, with errno: there is none.
 */
extern int shc_signals_open(int flags);

#endif

/*
 * notify.h: what the service manager wants to be told (sd_notify(3), spoken without its library).
 */
#ifndef SHC_NOTIFY_H
#define SHC_NOTIFY_H

/* Tells the service manager a state, such as "READY=1"; nothing when there is none. */
extern void shc_notify_manager(const char *state);

#endif

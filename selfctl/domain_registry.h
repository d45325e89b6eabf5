/*
 * domain_registry.h: the commands about domains that are in Primus, and on servers of their own. Each returns the
 * exit code.
 */
#ifndef SH_SELFCTL_DOMAIN_REGISTRY_H
#define SH_SELFCTL_DOMAIN_REGISTRY_H

#include "registry.h"

extern int domain_registry_list(const RegistryOptions *options, bool json);
extern int domain_registry_show(const RegistryOptions *options, const char *name, bool json);
extern int domain_registry_create(const RegistryOptions *options, const char *name, bool json);
extern int domain_registry_set(const RegistryOptions *options, const char *name, const char *uri,
							   const char *file);
/* Without a server the database stays. */
extern int domain_registry_drop(const RegistryOptions *options, const char *name);
extern int domain_registry_rotate(const RegistryOptions *options, const char *name, bool json);
extern int domain_registry_upgrade(const RegistryOptions *options, bool json);
/* name NULL: all domains. */
extern int domain_registry_check(const RegistryOptions *options, const char *name, bool json);

#endif

/*
 * primus_conf.h: the configuration of Primus, the table of domains: the same keys in every program, so that
 * one file can serve them all.
 *
 * The statements are those of extension selfhost_primus, unless the operator has a table of his own.
 * What each must return is defined here and checked where it is run.
 */
#ifndef SHC_PRIMUS_CONF_H
#define SHC_PRIMUS_CONF_H

#include <stddef.h>

#include "conf.h"

typedef struct ShcPrimusConf
{
	char *channel; /* of NOTIFY, whatever its payload: read again */
	char *create;  /* $1: name, $2: URI; one row with the column "domain": the name as it is kept */
	char *delete;  /* $1: name; as create */
	char *read;	   /* a row for each domain that is served, with the columns "domain" and "uri" */
	char *update;  /* as create; 0 rows: there is no such domain */
	char *uri;	   /* of the database; "": there is no Primus. A secret: never log it */
} ShcPrimusConf;

/* The rows of a table of keys whose struct has a member of type ShcPrimusConf. */
#define SHC_PRIMUS_KEYS(struct_type, member)                                               \
	SHC_PRIMUS_KEY(struct_type, "primus.channel", member.channel, "selfhost_primus",       \
				   "channel on which changes of the domains are notified"),                \
		SHC_PRIMUS_KEY(struct_type, "primus.statement.create", member.create,              \
					   "SELECT selfhost_primus.create_domain($1, $2) AS domain",           \
					   "adds a domain: $1 name, $2 URI; returns \"domain\""),              \
		SHC_PRIMUS_KEY(struct_type, "primus.statement.delete", member.delete,              \
					   "SELECT selfhost_primus.delete_domain($1) AS domain",               \
					   "forgets a domain: $1 name; returns \"domain\""),                   \
		SHC_PRIMUS_KEY(struct_type, "primus.statement.read", member.read,                  \
					   "SELECT domain, uri FROM selfhost_primus.read_domains()",           \
					   "the domains that are served; returns \"domain\" and \"uri\""),     \
		SHC_PRIMUS_KEY(struct_type, "primus.statement.update", member.update,              \
					   "SELECT selfhost_primus.update_domain($1, $2) AS domain",           \
					   "gives a domain another URI: $1 name, $2 URI; returns \"domain\""), \
		SHC_PRIMUS_KEY(struct_type, "primus.uri", member.uri, "",                          \
					   "database with the table of domains (Primus), in place of domainfile")

#define SHC_PRIMUS_KEY(struct_type, key, path, value, text)                            \
	{                                                                                  \
		.name = (key), .type = SHC_CONF_STRING, .offset = offsetof(struct_type, path), \
		.standard = (value), .help = (text)                                            \
	}

#endif

/*
 * conf_internal.h: what the files of conf.h share, and their tests.
 */
#ifndef SHC_CONF_INTERNAL_H
#define SHC_CONF_INTERNAL_H

#include "conf.h"

/* Room for the reason why a value is refused. It never quotes the value, which may be a secret. */
#define SHC_REASON_SIZE 160

/* The key of that name in any letter case, or NULL. */
extern const ShcConfKey *shc_conf_lookup(const ShcConfKey *keys, const char *name);

/* Sets one member from the text of a value. False: reason is filled, the member is as it was. */
extern bool
shc_conf_set(const ShcConfKey *key, void *conf, const char *text, char reason[SHC_REASON_SIZE]);

/* Sets one list, whose memory it takes over. */
extern void shc_conf_set_list(const ShcConfKey *key, void *conf, ShcConfList list);
extern void shc_conf_list_free(ShcConfList *list);

/* A value of a number, size or duration in the member's unit. False: reason is filled. */
extern bool shc_conf_number(const ShcConfKey *key, const char *text, double *number,
							char reason[SHC_REASON_SIZE]);
extern bool shc_conf_bool(const char *text, bool *value);

/* A list written as YAML, "[a, b]". False: reason is filled. */
extern bool shc_conf_list_parse(const char *text, ShcConfList *list, char reason[SHC_REASON_SIZE]);

/* shc_conf_read() of a text in memory; file names it in messages. */
extern bool shc_conf_read_text(const ShcConfKey *keys, void *conf, const char *file,
							   const char *text, size_t len);
/* shc_domains_read() of a text in memory. */
extern bool shc_domains_read_text(const char *file, const char *text, size_t len, ShcDomains *out);

#endif

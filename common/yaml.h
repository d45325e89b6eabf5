/*
 * yaml.h: reading YAML files with libfyaml, for conf.c and the domain file. One thread at a time.
 */
#ifndef SHC_YAML_H
#define SHC_YAML_H

#include <stdbool.h>
#include <stddef.h>

#include <libfyaml.h>

typedef struct ShcYaml
{
	const char *name; /* of the file, for messages; borrowed */
	bool secret;	  /* no message may quote the text */
	char *text;
	size_t len;
	struct fy_document *document; /* NULL where there is nothing but comments */
	int errors;					  /* counted by shc_yaml_complain() */
} ShcYaml;

/*
 * Both log what is wrong, with file and line, and leave nothing to be freed when they return false.
 * shc_yaml_parse() copies the text. A secret text is wiped when it is freed.
 */
extern bool shc_yaml_read(const char *file, bool secret, ShcYaml *yaml);
extern bool
shc_yaml_parse(const char *name, const char *text, size_t len, bool secret, ShcYaml *yaml);
extern void shc_yaml_free(ShcYaml *yaml);

/* NULL where the document is empty. */
extern struct fy_node *shc_yaml_root(const ShcYaml *yaml);

/* Follows an alias to its anchor; other nodes and NULL are returned as they are. */
extern struct fy_node *shc_yaml_target(struct fy_node *node);

/* Absent, ~, null or nothing at all? */
extern bool shc_yaml_is_null(struct fy_node *node);

/* A malloc'd copy of a scalar; NULL when it is none, holds a zero byte, or there is no memory. */
extern char *shc_yaml_text(struct fy_node *node);

/* The line where a node begins, 0 where unknown: of the key, if the pair's value is meant. */
extern int shc_yaml_line(struct fy_node *node);

/* Logs "file:line: message" and counts an error. */
extern void shc_yaml_complain(ShcYaml *yaml, int line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif

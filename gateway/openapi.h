/*
 * openapi.h: reading an OpenAPI document: nodes, references, messages with line numbers, JSON.
 *
 * Only used while the routes are loaded. Errors are logged as they are found and counted, so that
 * one start shows all of them.
 */
#ifndef SH_GATEWAY_OPENAPI_H
#define SH_GATEWAY_OPENAPI_H

#include <stdbool.h>
#include <stdint.h>

#include <libfyaml.h>

#include "arena.h"
#include "buf.h"

typedef struct GwDocument
{
	const char *file; /* borrowed */
	struct fy_document *yaml;
	int errors;
} GwDocument;

/* Parses the file. False (logged): nothing is to be freed. */
extern bool gw_document_read(const char *file, GwDocument *document);
extern void gw_document_free(GwDocument *document);

/* Logs "file:line: message" at the line of the node and counts an error. */
extern void gw_document_complain(GwDocument *document, struct fy_node *node, const char *format,
								 ...) __attribute__((format(printf, 3, 4)));

/*
 * The value of a key of a mapping, behind any "$ref"; NULL when the key is absent, and also (after a
 * complaint) when a reference leads nowhere. A node that is no mapping has no keys.
 */
extern struct fy_node *gw_node_get(GwDocument *document, struct fy_node *mapping, const char *key);

/* Follows "$ref: '#/components/...'"; other nodes are returned as they are. */
extern struct fy_node *gw_node_resolve(GwDocument *document, struct fy_node *node);

/* A copy of a scalar's text in the arena; NULL when it is no scalar or there is no memory. */
extern const char *gw_node_text(struct fy_node *node, ShcArena *arena);
extern bool gw_node_is(struct fy_node *node, const char *text);

/*
 * Typed members of a mapping. True: present and of that type. An absent key is false; a value of
 * another type is false after a complaint.
 */
extern bool gw_node_bool(GwDocument *document, struct fy_node *mapping, const char *key, bool *out);
extern bool
gw_node_number(GwDocument *document, struct fy_node *mapping, const char *key, double *out);
extern bool
gw_node_integer(GwDocument *document, struct fy_node *mapping, const char *key, int64_t *out);

/* Appends the document as compact JSON. Keys keep their order. */
extern bool gw_document_json(const GwDocument *document, ShcBuf *out);

#endif

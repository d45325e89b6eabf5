/*
 * static_files.h: files that are served as they are: the documentation page and openapi.yaml.
 *
 * They are read into memory once, at the start; a request is looked up among exact paths, so no file
 * name is ever made from what a client sent. Read-only afterwards, and shared by all threads.
 */
#ifndef SH_GATEWAY_STATIC_FILES_H
#define SH_GATEWAY_STATIC_FILES_H

#include <stdbool.h>
#include <stddef.h>

typedef struct GwStaticBytes
{
	char *data;
	size_t len;
	char etag[36]; /* with its quotes */
} GwStaticBytes;

typedef struct GwStaticFile
{
	char *path;				/* as clients ask for it */
	const char *media_type; /* static text */
	GwStaticBytes plain;
	GwStaticBytes gzip; /* compressed; data is NULL where there is no such form */
} GwStaticFile;

typedef struct GwStaticFiles GwStaticFiles;

/* NULL: out of memory. */
extern GwStaticFiles *gw_static_files_new(void);
extern void gw_static_files_free(GwStaticFiles *files);

/*
 * Reads one file, to be served at path; media_type is static text. What has the same name with ".gz"
 * behind it is its compressed form. False: logged.
 */
extern bool gw_static_files_add(GwStaticFiles *files, const char *path, const char *media_type,
								const char *name);

/*
 * Reads the files of a directory whose names end with a known suffix, to be served at prefix (which
 * ends with a slash) followed by their names; index.html also at prefix itself. Whatever else is in it
 * is not served, nor are directories in it. False: logged; it cannot be read, or is too large.
 */
extern bool
gw_static_files_add_directory(GwStaticFiles *files, const char *prefix, const char *directory);

/* The file at exactly that path; NULL: none. */
extern const GwStaticFile *gw_static_files_find(const GwStaticFiles *files, const char *path);

/* Does If-None-Match name this tag (weakly compared, as RFC 9110 demands)? NULL: no such header. */
extern bool gw_static_etag_matches(const char *if_none_match, const char *etag);

#endif

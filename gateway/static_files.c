/*
 * static_files.c: files that are served as they are, in a sorted table.
 */
#include "static_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>

#include "log.h"

/* Mistaken directories are refused, not served. */
#define MAX_FILES 64
#define MAX_BYTES ((size_t) 16 * 1024 * 1024)

#define MAX_PATH  4096

struct GwStaticFiles
{
	int n;
	size_t bytes;
	GwStaticFile file[MAX_FILES]; /* sorted by path */
};

typedef struct MediaType
{
	const char *suffix;
	const char *text;
} MediaType;

static const MediaType media_types[] = {
	{".css", "text/css; charset=utf-8"},
	{".html", "text/html; charset=utf-8"},
	{".js", "text/javascript; charset=utf-8"},
	{".json", "application/json"},
	{".png", "image/png"},
	{".svg", "image/svg+xml"},
	{".txt", "text/plain; charset=utf-8"},
};

/* By the suffix of the name; NULL: not one that is served. */
static const char *
media_type_of(const char *name)
{
	const char *suffix = strrchr(name, '.');

	if (suffix == NULL || name[0] == '.')
		return NULL;
	for (size_t i = 0; i < sizeof(media_types) / sizeof(media_types[0]); i++)
	{
		if (strcmp(suffix, media_types[i].suffix) == 0)
			return media_types[i].text;
	}
	return NULL;
}

GwStaticFiles *
gw_static_files_new(void)
{
	return calloc(1, sizeof(GwStaticFiles));
}

void
gw_static_files_free(GwStaticFiles *files)
{
	if (files == NULL)
		return;
	for (int i = 0; i < files->n; i++)
	{
		free(files->file[i].path);
		free(files->file[i].plain.data);
		free(files->file[i].gzip.data);
	}
	free(files);
}

/* ---- reading ---- */

/* The whole of a regular file of at most max bytes; the caller frees it. NULL: logged. */
static char *
read_whole(const char *name, size_t max, size_t *len)
{
	int fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat status;
	const char *problem = NULL;
	char *data = NULL;
	size_t size;
	ssize_t n = 1;

	*len = 0;
	if (fd < 0 || fstat(fd, &status) != 0)
		problem = strerror(errno);
	else if (!S_ISREG(status.st_mode))
		problem = "not a file";
	else if ((size_t) status.st_size > max)
		problem = "too large";
	else if ((data = malloc((size_t) status.st_size + 1)) == NULL)
		problem = "out of memory";
	size = data != NULL ? (size_t) status.st_size : 0;
	while (*len < size && (n = read(fd, data + *len, size - *len)) > 0)
		*len += (size_t) n;
	if (problem == NULL && n < 0)
		problem = strerror(errno);
	if (fd >= 0)
		close(fd);
	if (problem == NULL)
		return data;
	shc_error("cannot read %s: %s", name, problem);
	free(data);
	return NULL;
}

/* The contents with their tag: half of their SHA-256 in hexadecimal. */
static bool
read_bytes(GwStaticFiles *files, const char *name, GwStaticBytes *bytes)
{
	unsigned char digest[32];

	bytes->data = read_whole(name, MAX_BYTES - files->bytes, &bytes->len);
	if (bytes->data == NULL ||
		gnutls_hash_fast(GNUTLS_DIG_SHA256, bytes->data, bytes->len, digest) != 0)
		return false;
	files->bytes += bytes->len;
	bytes->etag[0] = '"';
	for (int i = 0; i < 16; i++)
		snprintf(bytes->etag + 1 + 2 * i, 3, "%02x", digest[i]);
	memcpy(bytes->etag + 33, "\"", 2);
	return true;
}

static int
compare(const void *a, const void *b)
{
	return strcmp(((const GwStaticFile *) a)->path, ((const GwStaticFile *) b)->path);
}

bool
gw_static_files_add(GwStaticFiles *files, const char *path, const char *media_type,
					const char *name)
{
	GwStaticFile *file = &files->file[files->n];
	char packed[MAX_PATH];

	if (files->n >= MAX_FILES)
	{
		shc_error("cannot serve %s: more than %d files", name, MAX_FILES);
		return false;
	}
	*file = (GwStaticFile){.path = strdup(path), .media_type = media_type};
	if (file->path == NULL || snprintf(packed, sizeof(packed), "%s.gz", name) >= MAX_PATH ||
		!read_bytes(files, name, &file->plain) ||
		(access(packed, R_OK) == 0 && !read_bytes(files, packed, &file->gzip)))
	{
		free(file->path);
		free(file->plain.data);
		free(file->gzip.data);
		return false;
	}
	files->n++;
	qsort(files->file, (size_t) files->n, sizeof(GwStaticFile), compare);
	return true;
}

/* One entry of a directory, if it is to be served. */
static bool
add_entry(GwStaticFiles *files, const char *prefix, const char *directory, const char *entry)
{
	const char *media_type = media_type_of(entry);
	char path[MAX_PATH];
	char name[MAX_PATH];

	if (media_type == NULL)
		return true;
	if (snprintf(path, sizeof(path), "%s%s", prefix, entry) >= MAX_PATH ||
		snprintf(name, sizeof(name), "%s/%s", directory, entry) >= MAX_PATH)
	{
		shc_error("cannot serve %s/%s: the name is too long", directory, entry);
		return false;
	}
	if (strcmp(entry, "index.html") == 0 && !gw_static_files_add(files, prefix, media_type, name))
		return false;
	return gw_static_files_add(files, path, media_type, name);
}

bool
gw_static_files_add_directory(GwStaticFiles *files, const char *prefix, const char *directory)
{
	DIR *dir = opendir(directory);
	const struct dirent *entry;
	bool good = true;

	if (dir == NULL)
	{
		shc_warning("cannot read %s: %s", directory, strerror(errno));
		return false;
	}
	while (good && (entry = readdir(dir)) != NULL)
		good = add_entry(files, prefix, directory, entry->d_name);
	closedir(dir);
	return good;
}

/* ---- serving ---- */

const GwStaticFile *
gw_static_files_find(const GwStaticFiles *files, const char *path)
{
	GwStaticFile key = {.path = (char *) path};

	return bsearch(&key, files->file, (size_t) files->n, sizeof(GwStaticFile), compare);
}

bool
gw_static_etag_matches(const char *if_none_match, const char *etag)
{
	const char *p = if_none_match;
	size_t len = strlen(etag);

	while (p != NULL && *p != '\0')
	{
		p += strspn(p, " \t,");
		if (*p == '*')
			return true;
		if (strncmp(p, "W/", 2) == 0)
			p += 2;
		if (strncmp(p, etag, len) == 0)
			return true;
		/* To the end of this tag: a comma may stand inside the quotes. */
		if (*p == '"')
		{
			p = strchr(p + 1, '"');
			p = p != NULL ? p + 1 : NULL;
		}
		else
			p += strcspn(p, ",");
	}
	return false;
}

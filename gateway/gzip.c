/*
 * gzip.c: answers compressed on their way.
 */
#include "gzip.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <zlib.h>

#include "reply.h"

/* 15 bits of window, 16 more for a gzip header. */
#define WINDOW_BITS	 (15 + 16)
#define MEMORY_LEVEL 8

struct GwGzip
{
	z_stream stream;
	char input[16384];
};

static bool
has_header(const GwJob *job, const char *name)
{
	size_t len = strlen(name);

	for (int i = 0; i < job->nheaders; i++)
	{
		if (strncasecmp(job->header[i], name, len) == 0 && job->header[i][len] == ':')
			return true;
	}
	return false;
}

static bool
is_text(const char *type)
{
	return type != NULL &&
		   (strncasecmp(type, "application/json", 16) == 0 || strncasecmp(type, "text/", 5) == 0);
}

bool
gw_gzip_is_wanted(const GwConfig *config, const GwRequest *request)
{
	const GwJob *job = &request->job;

	return config->gzip_level > 0 && request->accept_encoding != NULL &&
		   request->method != GW_HEAD && job->status == 200 && is_text(job->content_type) &&
		   (!job->is_complete || job->buffered >= (size_t) config->gzip_min_size) &&
		   !has_header(job, "ETag") && !has_header(job, "Content-Range") &&
		   !has_header(job, "Content-Encoding") &&
		   gw_accept_names(request->accept_encoding, "gzip");
}

GwGzip *
gw_gzip_new(int level)
{
	GwGzip *gzip = malloc(sizeof(GwGzip));

	if (gzip == NULL)
		return NULL;
	memset(&gzip->stream, 0, sizeof(gzip->stream));
	if (deflateInit2(&gzip->stream, level, Z_DEFLATED, WINDOW_BITS, MEMORY_LEVEL,
					 Z_DEFAULT_STRATEGY) == Z_OK)
		return gzip;
	free(gzip);
	return NULL;
}

void
gw_gzip_free(GwGzip *gzip)
{
	if (gzip == NULL)
		return;
	deflateEnd(&gzip->stream);
	free(gzip);
}

size_t
gw_gzip_read(GwGzip *gzip, GwJob *job, char *out, size_t size, bool *ended, bool *failed)
{
	z_stream *stream = &gzip->stream;
	int result = Z_OK;

	stream->next_out = (Bytef *) out;
	stream->avail_out = (uInt) size;
	while (stream->avail_out > 0 && result == Z_OK)
	{
		if (stream->avail_in == 0)
		{
			stream->next_in = (Bytef *) gzip->input;
			stream->avail_in = (uInt) gw_job_read(job, gzip->input, sizeof(gzip->input));
		}
		if (stream->avail_in == 0 && !job->is_complete)
			break;
		result = deflate(stream, stream->avail_in == 0 ? Z_FINISH : Z_NO_FLUSH);
	}
	*ended = result == Z_STREAM_END;
	*failed = result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR;
	return size - stream->avail_out;
}

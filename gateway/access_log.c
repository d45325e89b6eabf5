/*
 * access_log.c: one line for each request.
 *
 * Put together by hand: with printf() it costs as much as the rest of a short request. A path longer
 * than MAX_PATH bytes is cut. Queries are left out: they may hold what nobody wants in a log.
 */
#include "access_log.h"

#include <string.h>

#include "log.h"

#define MAX_PATH   1024
#define MAX_DOMAIN 256

/* Room for a whole line, each byte of the client's escaped to six. */
#define MAX_LINE (6 * (MAX_PATH + MAX_DOMAIN + 64) + 1024)

static char *
put_text(char *p, const char *text)
{
	size_t len = strlen(text);

	memcpy(p, text, len);
	return p + len;
}

/* The inside of a JSON string, cut to max bytes of the text. */
static char *
put_escaped(char *p, const char *text, size_t max)
{
	size_t len = strnlen(text, max);

	return p + shc_json_escape(p, 6 * len + 1, text, len);
}

static char *
put_number(char *p, uint64_t number)
{
	char digits[20];
	int n = 0;

	do
		digits[n++] = (char) ('0' + number % 10);
	while ((number /= 10) > 0);
	while (n > 0)
		*p++ = digits[--n];
	return p;
}

static char *
put_milliseconds(char *p, int64_t us)
{
	if (us < 0)
		us = 0;
	p = put_number(p, (uint64_t) us / 1000);
	*p++ = '.';
	*p++ = (char) ('0' + us / 100 % 10);
	*p++ = (char) ('0' + us / 10 % 10);
	*p++ = (char) ('0' + us % 10);
	return p;
}

static char *
put_uuid(char *p, const uint8_t uuid[GW_UUID_SIZE])
{
	static const char digit[] = "0123456789abcdef";

	for (int i = 0; i < GW_UUID_SIZE; i++)
	{
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*p++ = '-';
		*p++ = digit[uuid[i] >> 4];
		*p++ = digit[uuid[i] & 15];
	}
	return p;
}

void
gw_access_log_add(GwAccessLog *log, const GwRequest *request, const char *address, bool is_complete,
				  int64_t now)
{
	char *p;

	if (log->len + MAX_LINE > sizeof(log->buffer))
		gw_access_log_flush(log);
	p = log->buffer + log->len;
	p += shc_log_prefix(SHC_LOG_INFO, p);
	p = put_escaped(put_text(p, "\"msg\":\""), request->method_text, 64);
	p = put_escaped(put_text(p, "\",\"path\":\""), request->path, MAX_PATH);
	p = put_number(put_text(p, "\",\"status\":"), (uint64_t) request->status);
	p = put_number(put_text(p, ",\"bytes\":"), request->bytes);
	p = put_milliseconds(put_text(p, ",\"duration_ms\":"), now - request->began);
	if (request->domain != NULL)
		p = put_text(put_escaped(put_text(p, ",\"domain\":\""), request->domain, MAX_DOMAIN), "\"");
	if (request->job.has_user)
		p = put_text(put_uuid(put_text(p, ",\"user\":\""), request->job.user_uuid), "\"");
	p = put_text(put_text(p, ",\"request_id\":\""), request->id);
	p = put_text(put_text(p, "\",\"client\":\""), address);
	p = put_text(p, is_complete ? "\"}\n" : "\",\"aborted\":true}\n");
	log->len = (size_t) (p - log->buffer);
}

void
gw_access_log_flush(GwAccessLog *log)
{
	if (log->len > 0)
		shc_log_write(log->buffer, log->len);
	log->len = 0;
}

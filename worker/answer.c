/*
 * answer.c: what a child says at its end, made fit for the database.
 */
#include "answer.h"

#include <stdio.h>
#include <string.h>

#include "log_tail.h"

/* A token of RFC 9110, 5.6.2. */
static bool
is_header_name(const char *name)
{
	static const char token[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-.^_`|~";
	size_t len = strlen(name);

	return len > 0 && len <= 128 && strspn(name, token) == len;
}

static bool
is_header_value(const char *value)
{
	for (const unsigned char *p = (const unsigned char *) value; *p != '\0'; p++)
		if ((*p < ' ' && *p != '\t') || *p == 0x7f)
			return false;
	return strlen(value) <= 4096;
}

static void
put_header(ShcBuf *out, const char *name, const char *value)
{
	shc_buf_puts(out, out->len == 0 ? "{" : ",");
	shc_buf_json_string(out, name, strlen(name));
	shc_buf_puts(out, ":");
	shc_buf_json_string(out, value, strlen(value));
}

/* False: the frame is bad. *problem stays when all headers are good. */
static bool
read_headers(WkFields *fields, ShcBuf *out, const char **problem)
{
	int64_t n = wk_get_number(fields);

	if (n < 0 || n > WK_RESPONSE_HEADERS_MAX)
		return false;
	for (int64_t i = 0; i < n; i++)
	{
		const char *name = wk_get_text(fields);
		const char *value = wk_get_text(fields);

		if (name == NULL || value == NULL)
			return false;
		if (is_header_name(name) && is_header_value(value))
			put_header(out, name, value);
		else
			*problem = "the answer has a header that cannot be sent";
	}
	if (n > 0)
		shc_buf_puts(out, "}");
	if (out->failed)
		*problem = "the headers of the answer are too large";
	return true;
}

bool
wk_answer_read(WkFields *fields, bool *succeeded, char problem[WK_ERROR_MAX], WkOutcome *outcome)
{
	int64_t success = wk_get_number(fields);
	const char *error = wk_get_text(fields);
	int64_t status = wk_get_number(fields);
	const char *refused = NULL;
	const char *body;
	size_t len;

	if (!read_headers(fields, &outcome->headers, &refused))
		return false;
	body = wk_get_bytes(fields, &len);
	if (!wk_fields_end(fields) || success < 0 || success > 1)
		return false;
	if (status < 200 || status > 599)
		refused = "the status of an answer must be 200 to 599";
	if (!shc_buf_append(&outcome->body, body, body != NULL ? len : 0))
		refused = "the body of the answer is too large";
	outcome->has_body = body != NULL;
	outcome->status = (int) status;
	*succeeded = success == 1 && refused == NULL;
	if (success == 0)
		refused = error != NULL ? error : "the program failed";
	snprintf(problem, WK_ERROR_MAX, "%s", refused != NULL ? refused : "");
	if (*succeeded)
		return true;
	shc_buf_reset(&outcome->headers);
	shc_buf_reset(&outcome->body);
	outcome->has_body = false;
	return true;
}

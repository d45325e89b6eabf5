/*
 * host_http.c: the http module: arguments, redirects, results.
 */
#include "host_http.h"

#include <stdio.h>
#include <string.h>

/* ---- the result ---- */

static size_t
count_lines(const ShcBuf *lines)
{
	size_t n = 0;

	for (size_t i = 0; i < lines->len; i++)
		n += lines->data[i] == '\n';
	return n;
}

typedef struct Line
{
	const char *name;
	size_t name_len;
	const char *value;
	size_t value_len;
} Line;

/* "Name: value\n" at *p, which moves behind it. */
static Line
next_line(const char **p)
{
	const char *end = strchr(*p, '\n');
	const char *colon = strchr(*p, ':');
	Line line = {.name = *p, .name_len = (size_t) (colon - *p), .value = colon + 2};

	line.value_len = (size_t) (end - line.value);
	*p = end + 1;
	return line;
}

static WkEntry *
find_entry(WkEntry *entries, size_t n, const Line *line)
{
	for (size_t i = 0; i < n; i++)
		if (entries[i].key_len == line->name_len &&
			memcmp(entries[i].key, line->name, line->name_len) == 0)
			return &entries[i];
	return NULL;
}

/* A map from names to arrays of values; each array has room for all lines of the answer. */
static bool
headers_value(WkHostCall *call, const ShcBuf *lines, WkValue *out)
{
	size_t most = count_lines(lines);
	WkEntry *entries = shc_arena_alloc(call->arena, (most + 1) * sizeof(WkEntry));
	WkValue *values = shc_arena_alloc(call->arena, (most + 1) * sizeof(WkValue));
	const char *names = lines->data;
	size_t n = 0;

	if (entries == NULL || values == NULL)
		return wk_raise_memory(call);
	for (size_t i = 0; i < most; i++)
	{
		Line line = next_line(&names);
		const char *others = lines->data;
		WkValue *first = values;

		if (find_entry(entries, n, &line) != NULL)
			continue;
		for (size_t k = 0; k < most; k++)
		{
			Line other = next_line(&others);

			if (other.name_len == line.name_len &&
				memcmp(other.name, line.name, line.name_len) == 0)
				*values++ = wk_string_value(other.value, other.value_len);
		}
		entries[n] = (WkEntry){.key = line.name, .key_len = line.name_len};
		entries[n].value = (WkValue){.kind = WK_ARRAY};
		entries[n].value.array.items = first;
		entries[n].value.array.n = (size_t) (values - first);
		n++;
	}
	*out = (WkValue){.kind = WK_MAP};
	out->map.entries = entries;
	out->map.n = n;
	return true;
}

static bool
return_response(WkHostCall *call, const WkHttp *http)
{
	WkEntry *entries = shc_arena_zalloc(call->arena, 4 * sizeof(WkEntry));

	if (entries == NULL)
		return wk_raise_memory(call);
	entries[0] = (WkEntry){
		.key = "StatusCode", .key_len = 10, .value = {.kind = WK_INT, .integer = http->status}};
	entries[1] = (WkEntry){
		.key = "Body", .key_len = 4, .value = wk_string_value(http->body.data, http->body.len)};
	entries[1].value.kind = WK_BYTES;
	entries[2] = (WkEntry){.key = "ContentLength",
						   .key_len = 13,
						   .value = {.kind = WK_INT, .integer = (int64_t) http->body.len}};
	entries[3] = (WkEntry){.key = "Header", .key_len = 6};
	if (!headers_value(call, &http->headers, &entries[3].value))
		return false;
	call->result = (WkValue){.kind = WK_MAP};
	call->result.map.entries = entries;
	call->result.map.n = 4;
	return true;
}

/* ---- the request ---- */

/* Whether a header of the program would break the request. */
static bool
is_header_good(const WkEntry *entry)
{
	if (entry->value.kind != WK_STRING || entry->key_len == 0)
		return false;
	for (size_t i = 0; i < entry->key_len; i++)
		if ((unsigned char) entry->key[i] <= ' ' || entry->key[i] == ':' ||
			(unsigned char) entry->key[i] >= 0x7f)
			return false;
	for (size_t i = 0; i < entry->value.text.len; i++)
		if (strchr("\r\n", entry->value.text.data[i]) != NULL)
			return false; /* a zero byte, too */
	return true;
}

static bool
arg_headers(WkHostCall *call, int i, const WkValue **out)
{
	*out = NULL;
	if (!wk_arg_given(call, i))
		return true;
	if (!wk_arg_map(call, i, out))
		return false;
	for (size_t k = 0; k < (*out)->map.n; k++)
		if (!is_header_good(&(*out)->map.entries[k]))
			return wk_raise(
				call, "header \"%.*s\": name and value must be texts of one line",
				(int) ((*out)->map.entries[k].key_len < 100 ? (*out)->map.entries[k].key_len : 100),
				(*out)->map.entries[k].key);
	return true;
}

/* What a redirect makes of the request; false: there is none to follow. */
static bool
redirect(WkHttp *http, WkHttpRequest *request, char url[sizeof(http->location)])
{
	if (http->location[0] == '\0' || http->status < 301 || http->status > 308 ||
		(http->status > 303 && http->status < 307))
		return false;
	if (!wk_url_same_host(request->url, http->location))
		request->is_elsewhere = true;
	memcpy(url, http->location, sizeof(http->location));
	request->url = url;
	if (http->status <= 303 && strcmp(request->method, "GET") != 0)
	{
		request->method = "GET";
		request->body = NULL;
		request->content_type = NULL;
	}
	return true;
}

/* The URL for messages: without credentials and query. */
static const char *
shown_url(const char *url, char out[200])
{
	const char *authority = strstr(url, "://");
	size_t len;
	const char *at;

	authority = authority != NULL ? authority + 3 : url;
	len = strcspn(authority, "/?#");
	at = memrchr(authority, '@', len);
	if (at != NULL)
		snprintf(out, 200, "%.*s%.*s", (int) (authority - url < 20 ? authority - url : 20), url,
				 (int) strcspn(at + 1, "?#"), at + 1);
	else
		snprintf(out, 200, "%.*s", (int) strcspn(url, "?#"), url);
	for (char *p = out; *p != '\0'; p++)
		if ((unsigned char) *p < ' ' || *p == 0x7f)
			*p = '?';
	return out;
}

static bool
perform(WkHostCall *call, const WkHttpRequest *request)
{
	WkHttpRequest hop = *request;
	WkHttp *http = wk_http_of(call->state);
	char url[2][sizeof(http->location)];
	char shown[200];
	char why[256];

	if (http == NULL)
		return wk_raise_memory(call);
	for (int i = 0; i <= WK_HTTP_REDIRECTS_MAX; i++)
	{
		if (!wk_http_transfer(http, &hop, why))
			return wk_return_error(call, "%s %s: %s", hop.method, shown_url(hop.url, shown), why);
		if (!redirect(http, &hop, url[i % 2]))
			return return_response(call, http);
	}
	return wk_return_error(call, "%s %s: stopped after %d redirects", hop.method,
						   shown_url(hop.url, shown), WK_HTTP_REDIRECTS_MAX);
}

static bool
send_with_body(WkHostCall *call, const char *method)
{
	WkHttpRequest request = {.method = method};

	if (!wk_url_with_query(call, 0, 1, &request.url) || !arg_headers(call, 2, &request.headers) ||
		(wk_arg_given(call, 3) && !wk_arg_text(call, 3, &request.body, &request.body_len)))
		return false;
	/* A POST and a PUT say how long their body is, though it be empty. */
	if (request.body == NULL && strcmp(method, "DELETE") != 0)
		request.body = "";
	return perform(call, &request);
}

static bool
http_get(WkHostCall *call)
{
	WkHttpRequest request = {.method = "GET"};

	return wk_url_with_query(call, 0, 1, &request.url) && arg_headers(call, 2, &request.headers) &&
		   perform(call, &request);
}

static bool
http_post(WkHostCall *call)
{
	return send_with_body(call, "POST");
}

static bool
http_put(WkHostCall *call)
{
	return send_with_body(call, "PUT");
}

static bool
http_delete(WkHostCall *call)
{
	return send_with_body(call, "DELETE");
}

/* postform(url, form, headers) */
static bool
http_postform(WkHostCall *call)
{
	WkHttpRequest request = {.method = "POST", .content_type = "application/x-www-form-urlencoded"};

	if (!wk_url_with_query(call, 0, call->n, &request.url) || !wk_form_append(call, call->out, 1) ||
		!arg_headers(call, 2, &request.headers))
		return false;
	request.body = call->out->data;
	request.body_len = call->out->len;
	return perform(call, &request);
}

static bool
http_toformdata(WkHostCall *call)
{
	return wk_form_append(call, call->out, 0) && wk_return_out(call, WK_STRING);
}

const WkMember wk_http_members[] = {
	{.name = "get", .function = http_get, .min = 1, .max = 3},
	{.name = "post", .function = http_post, .min = 1, .max = 4},
	{.name = "put", .function = http_put, .min = 1, .max = 4},
	{.name = "delete", .function = http_delete, .min = 1, .max = 4},
	{.name = "postform", .function = http_postform, .min = 1, .max = 3},
	{.name = "toformdata", .function = http_toformdata, .min = 1, .max = 1},
	{.name = NULL},
};

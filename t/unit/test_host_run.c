/*
 * test_host_run.c: the cgi, log and selfapi modules, against a host that remembers what it was asked.
 */
#include "host_call.h"

typedef struct Canned
{
	char log[512];
	WkLogLevel level;
	char operation[64];
	char arguments[1024];
	char body[1024];
	bool has_body;
	/* what to answer */
	int status; /* 0: fail */
	const char *reply;
} Canned;

static void
canned_log(void *context, WkLogLevel level, const char *text, size_t len)
{
	Canned *canned = context;

	snprintf(canned->log, sizeof(canned->log), "%.*s", (int) (len < 500 ? len : 500), text);
	canned->level = level;
	if (len > WK_LOG_TEXT_MAX)
		abort();
}

static bool
canned_call(void *context, const char *operation, const char *arguments, size_t len,
			const char *body, size_t body_len, WkReply *out, WkError *error)
{
	Canned *canned = context;

	snprintf(canned->operation, sizeof(canned->operation), "%s", operation);
	snprintf(canned->arguments, sizeof(canned->arguments), "%.*s", (int) len, arguments);
	snprintf(canned->body, sizeof(canned->body), "%.*s", (int) body_len, body != NULL ? body : "");
	canned->has_body = body != NULL;
	snprintf(error->text, sizeof(error->text), "gone");
	*out = (WkReply){.status = canned->status,
					 .body = canned->reply != NULL ? strdup(canned->reply) : NULL,
					 .len = canned->reply != NULL ? strlen(canned->reply) : 0};
	if (canned->status == 0)
		free(out->body);
	return canned->status != 0;
}

/* clang-format off */
static const HostCase request_cases[] = {
	{"cgi.request.method", "[]", "\"POST\""}, {"cgi.request.body", "[]", "\"the body\""}, {"cgi.request.headers", "[]", "{\"Content-Type\":\"text/plain\",\"X-Probe\":\"v\"}"},
	{"cgi.request.query", "[]", "{\"a\":[\"1\",\"2\"],\"b\":\"x y\"}"},
	{"cgi.response.status", "[99]", "raised: status: must be 200 to 599"}, {"cgi.response.status", "[\"x\"]", "raised: argument 1: int"},
	{"cgi.response.headers", "[\"a b\",\"x\"]", "raised: headers: that is no name of a header"}, {"cgi.response.headers", "[\"A\",\"x\\ny\"]", "raised: headers: the value must be one line of at most 8192 bytes"},
	{"cgi.response.headers", "[1,\"x\"]", "raised: argument 1: string"}, {"cgi.response.write", "[1]", "raised: argument 1: bytes"},
	{"cgi.response.status", "[201]", "null"}, {"cgi.response.headers", "[\"X-One\",\"1\"]", "null"}, {"cgi.response.headers", "[\"x-one\",\"2\"]", "null"}, {"cgi.response.write", "[\"hello\"]", "5"}, {"cgi.response.write", "[\" world\"]", "6"},
};

static const HostCase no_request_cases[] = {
	{"cgi.request.method", "[]", "\"\""}, {"cgi.request.body", "[]", "\"\""}, {"cgi.request.headers", "[]", "{}"}, {"cgi.request.query", "[]", "{}"},
	{"cgi.response.status", "[201]", "null"}, {"cgi.response.headers", "[\"A\",\"b\"]", "null"}, {"cgi.response.write", "[\"hello\"]", "5"},
	{"selfapi.timeseries.list", "[]", "error: there is no domain here"},
};
/* clang-format on */

static void
test_cgi(WkTask *task)
{
	static const WkPair query[] = {{"a", "1"}, {"b", "x y"}, {"a", "2"}};
	static const WkPair headers[] = {{"Content-Type", "text/plain"}, {"X-Probe", "v"}};
	static const WkRequest request = {.method = "POST",
									  .query = query,
									  .n_query = 3,
									  .headers = headers,
									  .n_headers = 2,
									  .body = "the body",
									  .body_len = 8};
	WkResponse response;
	char long_text[70000];
	char arguments[70100];
	int written = 0;

	wk_response_init(&response);
	is_int(response.status, 200, "an answer is 200 unless the program says otherwise");
	task->request = &request;
	task->response = &response;
	HOST_CASES(request_cases);
	is_int(response.status, 201, "the status");
	is_int((long long) response.n_headers, 1, "a header is replaced whatever its letters' case");
	is_str(response.headers[0].value, "2", "by the last value");
	is_str(response.body.data, "hello world", "the body");
	for (int i = 0; i < WK_RESPONSE_HEADERS_MAX - 1; i++)
	{
		snprintf(arguments, sizeof(arguments), "[\"X-%d\",\"\"]", i);
		host_call("cgi.response.headers", arguments);
	}
	is_str(host_call("cgi.response.headers", "[\"Y\",\"\"]"), "raised: headers: at most 32",
		   "one header too many");
	memset(long_text, 'x', sizeof(long_text) - 1);
	long_text[sizeof(long_text) - 1] = '\0';
	snprintf(arguments, sizeof(arguments), "[\"%s\"]", long_text);
	while (written < 20 && strcmp(host_call("cgi.response.write", arguments), "69999") == 0)
		written++;
	is_int(written, 14, "up to 1 MiB");
	is_str(host_result, "raised: write: the answer is larger than 1048576 bytes", "and no more");
	wk_response_free(&response);
	task->request = NULL;
	task->response = NULL;
	HOST_CASES(no_request_cases);
}

static void
test_log(Canned *canned)
{
	char arguments[8000];

	is_str(host_call("log.info", "[\"%d of %s\",1,\"x\"]"), "null", "log.info");
	is_str(canned->log, "1 of x", "is formatted");
	is_int(canned->level, WK_LOG_INFO, "at its level");
	host_call("log.warn", "[\"careful\"]");
	is_int(canned->level, WK_LOG_WARNING, "log.warn");
	host_call("log.err", "[\"bad\"]");
	is_int(canned->level, WK_LOG_ERROR, "log.err");
	host_call("log.info", "[\"x\"]");
	host_call("log.error", "[\"bad %v\",[1]]");
	is_int(canned->level, WK_LOG_ERROR, "log.error");
	is_str(canned->log, "bad [1]", "with a list");
	is_str(host_call("log.info", "[1]"), "raised: argument 1: string", "the format must be a text");
	snprintf(arguments, sizeof(arguments), "[\"%%7000d\",1]");
	host_call("log.info", arguments);
	ok(strlen(canned->log) == 500, "a long line is cut");
}

typedef struct Asked
{
	const char *path;
	const char *arguments;
	const char *operation;
	const char *sent;
	const char *body; /* NULL: none */
} Asked;

/* clang-format off */
#define U "11111111-2222-3333-4444-555555555555"
static const Asked asked[] = {
	{"selfapi.timeseries.list", "[]", "list_timeseries", "{}", NULL}, {"selfapi.timeseries.list", "[{\"tags\":[\"a\"],\"limit\":5}]", "list_timeseries", "{\"limit\":5,\"tags\":[\"a\"]}", NULL},
	{"selfapi.timeseries.get", "[\"" U "\"]", "get_timeseries", "{\"uuid\":\"" U "\"}", NULL},
	{"selfapi.timeseries.data", "[\"" U "\",{\"$time\":\"2026-01-01T00:00:00Z\"},\"2026-01-02T00:00:00Z\",{\"precision\":\"hour\"}]", "get_timeseries_data", "{\"uuid\":\"" U "\",\"start\":\"2026-01-01T00:00:00Z\",\"end\":\"2026-01-02T00:00:00Z\",\"precision\":\"hour\"}", NULL},
	{"selfapi.timeseries.add", "[\"" U "\",[{\"ts\":\"2026-01-01T00:00:00Z\",\"v\":1.5}],{\"conflict\":\"skip\"}]", "add_timeseries_data", "{\"uuid\":\"" U "\",\"conflict\":\"skip\"}", "[{\"ts\":\"2026-01-01T00:00:00Z\",\"v\":1.5}]"},
	{"selfapi.timeseries.add", "[\"" U "\",\"ts,v\\n2026-01-01T00:00:00Z,1\\n\"]", "add_timeseries_data", "{\"uuid\":\"" U "\",\"content_type\":\"text/csv\"}", "ts,v\n2026-01-01T00:00:00Z,1\n"},
	{"selfapi.timeseries.add", "[\"" U "\",{}]", "add_timeseries_data", "{\"uuid\":\"" U "\"}", "[]"},
	{"selfapi.timeseries.add_rows", "[[]]", "add_points", "{}", "[]"}, {"selfapi.timeseries.delete_data", "[\"" U "\",\"a\",\"b\"]", "delete_timeseries_data", "{\"uuid\":\"" U "\",\"start\":\"a\",\"end\":\"b\"}", NULL},
	{"selfapi.timeseries.query", "[[\"" U "\"],\"a\",\"b\"]", "query_timeseries", "{\"uuids\":[\"" U "\"],\"start\":\"a\",\"end\":\"b\"}", NULL},
	{"selfapi.datasets.list", "[]", "list_datasets", "{}", NULL}, {"selfapi.datasets.get", "[\"" U "\"]", "get_dataset", "{\"uuid\":\"" U "\"}", NULL}, {"selfapi.datasets.create", "[{\"name\":\"abc\"}]", "create_dataset", "{}", "{\"name\":\"abc\"}"},
	{"selfapi.datasets.update", "[\"" U "\",{\"name\":\"abc\"}]", "update_dataset", "{\"uuid\":\"" U "\"}", "{\"name\":\"abc\"}"},
	{"selfapi.alerts.list", "[{\"severity\":\"major\"}]", "list_alerts", "{\"severity\":\"major\"}", NULL}, {"selfapi.alerts.get", "[\"" U "\"]", "get_alert", "{\"uuid\":\"" U "\"}", NULL},
	{"selfapi.alerts.create", "[{\"event\":\"e\\\"\"}]", "create_alert", "{}", "{\"event\":\"e\\\"\"}"}, {"selfapi.alerts.update", "[\"" U "\",{\"status\":\"close\"}]", "update_alert", "{\"uuid\":\"" U "\"}", "{\"status\":\"close\"}"},
};

static const HostCase refused[] = {
	{"selfapi.timeseries.get", "[1]", "raised: argument 1: string"}, {"selfapi.timeseries.data", "[\"" U "\",1,\"b\"]", "raised: argument 2: time"}, {"selfapi.timeseries.query", "[1,\"a\",\"b\"]", "raised: argument 1: array"},
	{"selfapi.timeseries.list", "[1]", "raised: argument 1: map"}, {"selfapi.timeseries.add", "[\"" U "\",null]", "raised: argument 2: map"},
};
/* clang-format on */

static void
test_selfapi(Canned *canned)
{
	canned->status = 200;
	canned->reply = "[{\"a\":1}]";
	for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++)
	{
		is_str(host_call(asked[i].path, asked[i].arguments), "[{\"a\":1}]", asked[i].path);
		is_str(canned->operation, asked[i].operation, "the operation");
		is_str(canned->arguments, asked[i].sent, "its parameters");
		is_str(canned->has_body ? canned->body : NULL, asked[i].body, "its body");
	}
	HOST_CASES(refused);
	is_str(host_call("selfapi.datasets.raw", "[\"" U "\"]"), "\"[{\\\"a\\\":1}]\"", "raw is bytes");
	canned->status = 204;
	canned->reply = NULL;
	is_str(host_call("selfapi.alerts.update", "[\"" U "\",{}]"), "true", "no content is true");
	is_str(host_call("selfapi.datasets.raw", "[\"" U "\"]"), "\"\"", "an empty dataset");
	canned->status = 404;
	canned->reply = "no such time series";
	is_str(host_call("selfapi.timeseries.get", "[\"" U "\"]"), "error: 404: no such time series",
		   "a refusal has its status");
	canned->status = 0;
	is_str(host_call("selfapi.timeseries.get", "[\"" U "\"]"), "error: get_timeseries: gone",
		   "a failure says what failed");
	canned->status = 200;
	canned->reply = "{";
	is_str(host_call("selfapi.timeseries.get", "[\"" U "\"]"), "error: the answer is no JSON",
		   "an answer that is broken");
}

int
main(void)
{
	Canned canned = {.status = 200};
	WkHost host = {.context = &canned, .log = canned_log};
	WkTask task = {.host = &host, .memory = 32 * 1024 * 1024, .deadline = INT64_MAX};

	host_begin(&task);
	test_cgi(&task);
	test_log(&canned);
	host.call = canned_call;
	test_selfapi(&canned);
	return host_end();
}

/*
 * child.c: what a run's child does, once it is in its sandbox.
 *
 * It never returns and frees nothing at its end: the process goes with all it has.
 */
#include "child.h"

#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "child_host.h"
#include "child_pipe.h"
#include "job.h"
#include "languages.h"

#define MAX_PAIRS 512

/* A webhook's request as the worker has it, {"method", "query", "headers"}, as the language wants it. */
typedef struct Request
{
	WkRequest request;
	WkPair query[MAX_PAIRS];
	WkPair headers[MAX_PAIRS];
} Request;

static void
add_pair(WkPair *pairs, size_t *n, const char *name, json_object *value)
{
	if (*n < MAX_PAIRS && value != NULL)
		pairs[(*n)++] = (WkPair){.name = name, .value = json_object_get_string(value)};
}

/* A value is a text, or an array of them. */
static size_t
read_pairs(json_object *object, WkPair *pairs)
{
	size_t n = 0;

	if (!json_object_is_type(object, json_type_object))
		return 0;
	json_object_object_foreach(object, name, value)
	{
		if (!json_object_is_type(value, json_type_array))
			add_pair(pairs, &n, name, value);
		else
			for (size_t i = 0; i < json_object_array_length(value); i++)
				add_pair(pairs, &n, name, json_object_array_get_idx(value, i));
	}
	return n;
}

static void
read_request(Request *request, const char *text, size_t len, const char *body, size_t body_len)
{
	json_tokener *tokener = json_tokener_new();
	json_object *root = NULL;
	json_object *member = NULL;

	if (tokener != NULL && text != NULL)
		root = json_tokener_parse_ex(tokener, text, (int) len + 1);
	request->request = (WkRequest){.method = "POST",
								   .query = request->query,
								   .headers = request->headers,
								   .body = body != NULL ? body : "",
								   .body_len = body_len};
	if (json_object_object_get_ex(root, "method", &member))
		request->request.method = json_object_get_string(member);
	if (json_object_object_get_ex(root, "query", &member))
		request->request.n_query = read_pairs(member, request->query);
	if (json_object_object_get_ex(root, "headers", &member))
		request->request.n_headers = read_pairs(member, request->headers);
}

static _Noreturn void
say_done(bool succeeded, const WkError *error, const WkResponse *response)
{
	ShcBuf out;
	size_t begun;

	shc_buf_init(&out, WK_DONE_MAX + WK_FRAME_HEAD);
	begun = wk_frame_begin(&out, WK_FRAME_DONE);
	wk_put_number(&out, succeeded);
	wk_put_text(&out, succeeded ? NULL : error->text);
	wk_put_number(&out, response->status);
	wk_put_number(&out, (int64_t) response->n_headers);
	for (size_t i = 0; i < response->n_headers; i++)
	{
		wk_put_text(&out, response->headers[i].name);
		wk_put_text(&out, response->headers[i].value);
	}
	wk_put_bytes(&out, response->body.data, response->body.len);
	wk_frame_end(&out, begun);
	wk_pipe_send(&out);
	_exit(0);
}

/* What the child was started for, and where its answer is put together. */
typedef struct Work
{
	WkJobKind kind;
	const char *language;
	ShcBuf start; /* the job as it came: all texts lie in it */
	WkChildHost host;
	Request request;
	WkResponse response;
	WkTask task;
} Work;

static void
take_work(Work *work)
{
	WkTask *task = &work->task;
	WkFields fields;
	const char *request;
	const char *body;
	size_t request_len;
	size_t body_len;
	int fd;

	shc_buf_init(&work->start, WK_START_MAX + WK_FRAME_HEAD);
	fields = wk_pipe_receive(&work->start, WK_FRAME_START, &fd);
	work->kind = (WkJobKind) wk_get_number(&fields);
	(void) wk_get_text(&fields); /* the domain */
	task->source.name = wk_get_text(&fields);
	work->language = wk_get_text(&fields);
	task->source.revision = wk_get_number(&fields);
	task->source.code = wk_get_bytes(&fields, &task->source.len);
	request = wk_get_bytes(&fields, &request_len);
	body = wk_get_bytes(&fields, &body_len);
	task->deadline = wk_get_number(&fields);
	/* The rest of what the process may have is for its libraries and buffers. */
	task->memory = (size_t) wk_get_number(&fields) / 4 * 3;
	if (!wk_fields_end(&fields) || task->source.name == NULL || work->language == NULL ||
		task->source.code == NULL)
		_exit(WK_CHILD_NO_WORKER);
	if (work->kind != WK_JOB_WEBHOOK)
		return;
	read_request(&work->request, request, request_len, body, body_len);
	task->request = &work->request.request;
	task->response = &work->response;
}

void
wk_child_main(void)
{
	static Work work; /* zeroed, and too large for a stack */
	WkError error = {.text = "this worker does not know the program's language"};
	const WkLanguage *language;
	bool good = false;

	wk_child_host_init(&work.host);
	wk_response_init(&work.response);
	work.task.host = &work.host.host;
	take_work(&work);
	language = wk_any_language_find(work.language);
	if (language != NULL && work.kind == WK_JOB_CHECK)
		good = language->check(&work.task.source, work.task.memory, &error);
	else if (language != NULL)
		good = language->run(&work.task, &error);
	say_done(good, &error, &work.response);
}

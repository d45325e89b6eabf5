/*
 * test_answer.c: what a child says at its end is checked before anybody believes it.
 */
#include "answer.h"

#include "tap.h"

typedef struct Said
{
	int64_t succeeded;
	const char *error;
	int64_t status;
	int64_t n_headers;
	const char *header[4]; /* names and values */
	const char *body;
	size_t body_len;
} Said;

/* Reads what such a child would say. */
static bool
read_said(const Said *said, bool *succeeded, char problem[WK_ERROR_MAX], WkOutcome *outcome)
{
	ShcBuf frame;
	WkFields fields;
	bool good;

	*outcome = (WkOutcome){0};
	shc_buf_init(&outcome->headers, WK_DONE_MAX);
	shc_buf_init(&outcome->body, WK_RESPONSE_BODY_MAX);
	shc_buf_init(&frame, WK_DONE_MAX * 2);
	wk_put_number(&frame, said->succeeded);
	wk_put_text(&frame, said->error);
	wk_put_number(&frame, said->status);
	wk_put_number(&frame, said->n_headers);
	for (int i = 0; i < 4 && said->header[i] != NULL; i++)
		wk_put_text(&frame, said->header[i]);
	wk_put_bytes(&frame, said->body, said->body_len);
	fields = (WkFields){.p = frame.data, .end = frame.data + frame.len};
	good = wk_answer_read(&fields, succeeded, problem, outcome);
	shc_buf_free(&frame);
	return good;
}

static void
free_outcome(WkOutcome *outcome)
{
	shc_buf_free(&outcome->headers);
	shc_buf_free(&outcome->body);
}

static void
test_good(void)
{
	char problem[WK_ERROR_MAX];
	WkOutcome outcome;
	bool succeeded;
	Said said = {1, NULL, 201, 2, {"X-A", "a \"b\"", "Content-Type", "\xc3\xa5\xff"}, "a\0b", 3};

	ok(read_said(&said, &succeeded, problem, &outcome) && succeeded, "a good answer");
	is_int(outcome.status, 201, "its status");
	is_str(outcome.headers.data,
		   "{\"X-A\":\"a \\\"b\\\"\",\"Content-Type\":\"\xc3\xa5\xef\xbf\xbd\"}",
		   "its headers, as valid JSON");
	ok(outcome.has_body && outcome.body.len == 3, "its body");
	free_outcome(&outcome);
	said = (Said){0, "main:3: no", 200, 0, {NULL}, "x", 1};
	ok(read_said(&said, &succeeded, problem, &outcome) && !succeeded, "a failure");
	is_str(problem, "main:3: no", "with its text");
	ok(outcome.body.len == 0 && !outcome.has_body, "and without an answer");
	free_outcome(&outcome);
}

static void
test_refused(void)
{
	static const struct
	{
		Said said;
		const char *name;
	} cases[] = {
		{{1, NULL, 199, 0, {NULL}, "", 0}, "status 199"},
		{{1, NULL, 600, 0, {NULL}, "", 0}, "status 600"},
		{{1, NULL, INT64_MIN, 0, {NULL}, "", 0}, "no status at all"},
		{{1, NULL, 200, 1, {"", "x"}, "", 0}, "a header without a name"},
		{{1, NULL, 200, 1, {"A:", "x"}, "", 0}, "a colon in the name"},
		{{1, NULL, 200, 1, {"A", "x\r\nB: y"}, "", 0}, "a second line in the value"},
	};
	char problem[WK_ERROR_MAX];
	WkOutcome outcome;
	bool succeeded;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		ok(read_said(&cases[i].said, &succeeded, problem, &outcome) && !succeeded,
		   "%s is a failure", cases[i].name);
		ok(problem[0] != '\0' && outcome.headers.len == 0, "%s: with a reason, and nothing else",
		   cases[i].name);
		free_outcome(&outcome);
	}
}

static void
test_lies(void)
{
	static const struct
	{
		Said said;
		const char *name;
	} cases[] = {
		{{2, NULL, 200, 0, {NULL}, "", 0}, "neither success nor failure"},
		{{1, NULL, 200, -1, {NULL}, "", 0}, "less than no headers"},
		{{1, NULL, 200, 33, {NULL}, "", 0}, "too many headers"},
		{{1, NULL, 200, 2, {"A", "x"}, "", 0}, "fewer headers than were announced"},
		{{1, NULL, 200, 0, {"A", "x"}, "", 0}, "more of them"},
	};
	char problem[WK_ERROR_MAX];
	WkOutcome outcome;
	bool succeeded;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		ok(!read_said(&cases[i].said, &succeeded, problem, &outcome), "%s: not believed",
		   cases[i].name);
		free_outcome(&outcome);
	}
}

static void
test_large(void)
{
	size_t len = WK_RESPONSE_BODY_MAX + 1;
	char *body = calloc(1, len);
	Said said = {1, NULL, 200, 0, {NULL}, body, len};
	char problem[WK_ERROR_MAX];
	WkOutcome outcome;
	bool succeeded;

	ok(read_said(&said, &succeeded, problem, &outcome) && !succeeded, "a body that is too large");
	is_int((long long) outcome.body.len, 0, "nothing of it is kept");
	free_outcome(&outcome);
	said.body_len--;
	ok(read_said(&said, &succeeded, problem, &outcome) && succeeded, "one that just fits");
	free_outcome(&outcome);
	free(body);
}

int
main(void)
{
	test_good();
	test_refused();
	test_lies();
	test_large();
	return done();
}

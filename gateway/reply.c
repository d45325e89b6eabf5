/*
 * reply.c: refusals and failures: SQLSTATE -> HTTP status, error bodies.
 *
 * A message reaches the client only when it was written for him: by a function of the extension,
 * which marks it with the schema "selfhost", or by PostgreSQL about a value that he sent. Everything
 * else becomes a line of ours, so that no answer tells of the inside.
 */
#include "reply.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "log.h"

#define PROBLEM_TYPE "application/problem+json"

/* How an SQLSTATE, or all that begin with these characters, is answered. */
typedef struct ErrorRule
{
	const char *sqlstate;
	int status;
	int retry_after;
	GwErrorAction action;
	bool log_it;
	bool own_message; /* PostgreSQL's message is about the client's input */
	const char *text; /* where no message may be shown */
} ErrorRule;

#define INVALID_INPUT "the request has an invalid value"
#define UNAVAILABLE	  "the service is unavailable, try again later"
#define INTERNAL	  "internal error"

/* clang-format off */
/* The first rule that fits counts: particular ones stand before their class. */
static const ErrorRule rules[] = {
	{"42501", 500, 0, GW_ERROR_ANSWER, true, false, INTERNAL}, /* marked: 403, see gw_reply_map */
	{"P0002", 404, 0, GW_ERROR_ANSWER, false, false, "not found"},
	{"23505", 409, 0, GW_ERROR_ANSWER, false, false, "an object with these values exists already"},
	{"23502", 400, 0, GW_ERROR_ANSWER, false, false, "a required value is missing"},
	{"23503", 400, 0, GW_ERROR_ANSWER, false, false, "the request refers to an object that does not exist"},
	{"23514", 400, 0, GW_ERROR_ANSWER, false, false, INVALID_INPUT},
	{"22003", 400, 0, GW_ERROR_ANSWER, false, true, INVALID_INPUT}, /* out of range */
	{"22007", 400, 0, GW_ERROR_ANSWER, false, true, INVALID_INPUT}, /* date format */
	{"22008", 400, 0, GW_ERROR_ANSWER, false, true, INVALID_INPUT}, /* date out of range */
	{"22009", 400, 0, GW_ERROR_ANSWER, false, true, INVALID_INPUT}, /* zone displacement */
	{"22021", 400, 0, GW_ERROR_ANSWER, false, true, INVALID_INPUT}, /* not in the encoding */
	{"22023", 400, 0, GW_ERROR_ANSWER, false, true, INVALID_INPUT}, /* parameter value */
	{"22P02", 400, 0, GW_ERROR_ANSWER, false, true, INVALID_INPUT}, /* text representation */
	{"22P05", 400, 0, GW_ERROR_ANSWER, false, true, INVALID_INPUT}, /* untranslatable character */
	{"22", 400, 0, GW_ERROR_ANSWER, false, false, INVALID_INPUT},
	{"54001", 400, 0, GW_ERROR_ANSWER, false, false, "the request is nested too deeply"},
	{"54", 413, 0, GW_ERROR_ANSWER, false, false, "the request is too large"},
	{"40001", 503, 1, GW_ERROR_REPEAT, false, false, "other requests were in the way, try again"},
	{"40P01", 503, 1, GW_ERROR_REPEAT, false, false, "other requests were in the way, try again"},
	{"25006", 503, 1, GW_ERROR_ELSEWHERE, true, false, UNAVAILABLE},
	{"26000", 500, 0, GW_ERROR_PREPARE, true, false, INTERNAL},
	/*
	 * "cached plan must not change result type". The words are not compared, as they may be
	 * translated: any other 0A000 comes again at the second try, and then it is the answer.
	 */
	{"0A000", 500, 0, GW_ERROR_PREPARE, true, false, INTERNAL},
	{"53", 503, 5, GW_ERROR_ANSWER, true, false, UNAVAILABLE},
	{"55P03", 503, 1, GW_ERROR_ANSWER, true, false, UNAVAILABLE},
	{"57014", 504, 0, GW_ERROR_ANSWER, false, false, "the request took too long"},
	{"57P0", 503, 1, GW_ERROR_ANSWER, true, false, UNAVAILABLE},
	{"08", 503, 1, GW_ERROR_ANSWER, true, false, UNAVAILABLE},
	/* The database's extension is older than this gateway, or about to be updated. */
	{"42883", 503, 5, GW_ERROR_ANSWER, true, false, UNAVAILABLE},
	{"", 500, 0, GW_ERROR_ANSWER, true, false, INTERNAL}, /* 28000, ... */
};
/* clang-format on */

static const ErrorRule connection_rule = {
	"", 503, 1, GW_ERROR_ANSWER, true, false, UNAVAILABLE,
};

static const ErrorRule forbidden_rule = {
	"42501", 403, 0, GW_ERROR_ANSWER, false, false, "not allowed",
};

void
gw_problem_set(GwProblem *problem, int status, const char *format, ...)
{
	va_list arguments;

	problem->status = status;
	problem->retry_after = 0;
	problem->rate_per_hour = 0;
	va_start(arguments, format);
	vsnprintf(problem->text, sizeof(problem->text), format, arguments);
	va_end(arguments);
}

/* Bytes of the UTF-8 sequence at p, going by its form; 0 where there is none. */
static size_t
sequence_length(const char *p)
{
	unsigned char c = (unsigned char) *p;
	size_t len = c < 0x80 ? 1 : c < 0xC0 ? 0 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;

	for (size_t i = 1; i < len; i++)
	{
		if (((unsigned char) p[i] & 0xC0) != 0x80)
			return 0;
	}
	return len;
}

/* Copies the first line, without control characters, not ending within a character. */
static void
set_message(GwProblem *problem, const char *message)
{
	size_t len = 0;

	while (*message != '\0' && *message != '\n' && *message != '\r')
	{
		size_t n = sequence_length(message);
		const char *from = n > 0 ? message : "?";

		if (len + n + 1 >= sizeof(problem->text))
			break;
		if ((unsigned char) *message >= 0x20 && *message != 0x7F)
		{
			memcpy(problem->text + len, from, n > 0 ? n : 1);
			len += n > 0 ? n : 1;
		}
		message += n > 0 ? n : 1;
	}
	problem->text[len] = '\0';
}

static const ErrorRule *
find_rule(const char *sqlstate)
{
	const ErrorRule *rule = rules;

	while (strncmp(sqlstate, rule->sqlstate, strlen(rule->sqlstate)) != 0)
		rule++;
	return rule;
}

GwErrorAction
gw_reply_map(const char *sqlstate, const char *message, const char *schema, GwProblem *problem,
			 bool *log_it)
{
	bool marked = schema != NULL && strcmp(schema, "selfhost") == 0;
	const ErrorRule *rule = sqlstate != NULL ? find_rule(sqlstate) : &connection_rule;

	if (marked && strcmp(rule->sqlstate, "42501") == 0)
		rule = &forbidden_rule;
	gw_problem_set(problem, rule->status, "%s", rule->text);
	problem->retry_after = rule->retry_after;
	if (message != NULL && rule->status < 500 && (marked || rule->own_message))
		set_message(problem, message);
	if (problem->text[0] == '\0')
		gw_problem_set(problem, rule->status, "%s", rule->text);
	*log_it = rule->log_it;
	return rule->action;
}

/*
 * The last line is then "unnamed portal parameter $2", maybe translated, maybe with " = '...'" behind it.
 * Lines about SQL or a function have a quotation mark or a parenthesis before any "$2".
 */
int
gw_reply_parameter(const char *context)
{
	const char *line = context != NULL ? strrchr(context, '\n') : NULL;
	long number;

	if (context == NULL)
		return 0;
	line = line != NULL ? line + 1 : context;
	line += strcspn(line, "$\"(");
	if (*line != '$')
		return 0;
	number = strtol(line + 1, NULL, 10);
	return number > 0 && number < 1000 ? (int) number : 0;
}

void
gw_problem_name(GwProblem *problem, const char *name)
{
	char text[2 * sizeof(problem->text)];

	snprintf(text, sizeof(text), "%s: %s", name, problem->text);
	set_message(problem, text);
}

/* ---- bodies ---- */

/* The q of one element of an Accept header, given what follows its media range. */
static double
quality(const char *parameters, const char *end)
{
	const char *p = parameters;

	while (p < end && (p = memchr(p, ';', (size_t) (end - p))) != NULL)
	{
		p++;
		while (p < end && (*p == ' ' || *p == '\t'))
			p++;
		if (end - p >= 2 && (*p == 'q' || *p == 'Q') && p[1] == '=')
			return strtod(p + 2, NULL);
	}
	return 1;
}

bool
gw_accept_names(const char *accept, const char *type)
{
	size_t type_len = strlen(type);

	while (accept != NULL && *accept != '\0')
	{
		const char *start = accept + strspn(accept, " \t,");
		const char *end = start + strcspn(start, ",");
		size_t len = strcspn(start, ",; \t");

		if (len == type_len && strncasecmp(start, type, len) == 0 && quality(start + len, end) > 0)
			return true;
		accept = end;
	}
	return false;
}

static size_t
problem_json(const GwProblem *problem, const char *request_id, char *out, size_t size)
{
	char detail[6 * sizeof(problem->text) + 1];
	char instance[512];
	int len;

	shc_json_escape(detail, sizeof(detail), problem->text, strlen(problem->text));
	shc_json_escape(instance, sizeof(instance), request_id, strlen(request_id));
	len = snprintf(out, size,
				   "{\"type\":\"about:blank\",\"title\":\"%s\",\"status\":%d,"
				   "\"detail\":\"%s\",\"instance\":\"%s\"}\n",
				   gw_status_phrase(problem->status), problem->status, detail, instance);
	return len > 0 && (size_t) len < size ? (size_t) len : 0;
}

size_t
gw_problem_body(const GwProblem *problem, const char *accept, const char *request_id, char *out,
				size_t size, const char **content_type)
{
	size_t len;

	if (gw_accept_names(accept, PROBLEM_TYPE))
	{
		len = problem_json(problem, request_id != NULL ? request_id : "", out, size);
		*content_type = PROBLEM_TYPE;
		if (len > 0)
			return len;
	}
	*content_type = "text/plain; charset=utf-8";
	if (size == 0)
		return 0;
	len = (size_t) snprintf(out, size, "%s\n", problem->text);
	return len < size ? len : size - 1;
}

const char *
gw_status_phrase(int status)
{
	static const struct
	{
		int status;
		const char *phrase;
	} phrases[] = {
		{200, "OK"},
		{201, "Created"},
		{204, "No Content"},
		{206, "Partial Content"},
		{301, "Moved Permanently"},
		{304, "Not Modified"},
		{400, "Bad Request"},
		{401, "Unauthorized"},
		{403, "Forbidden"},
		{404, "Not Found"},
		{405, "Method Not Allowed"},
		{408, "Request Timeout"},
		{409, "Conflict"},
		{411, "Length Required"},
		{412, "Precondition Failed"},
		{413, "Content Too Large"},
		{414, "URI Too Long"},
		{415, "Unsupported Media Type"},
		{416, "Range Not Satisfiable"},
		{429, "Too Many Requests"},
		{431, "Request Header Fields Too Large"},
		{500, "Internal Server Error"},
		{501, "Not Implemented"},
		{502, "Bad Gateway"},
		{503, "Service Unavailable"},
		{504, "Gateway Timeout"},
	};

	for (size_t i = 0; i < sizeof(phrases) / sizeof(phrases[0]); i++)
	{
		if (phrases[i].status == status)
			return phrases[i].phrase;
	}
	return status < 400 ? "OK" : "Error";
}

/*
 * arguments.c: the parameters of one request: found, decoded, checked, written as SQL text.
 *
 * PostgreSQL would refuse most wrong values, too, but with its own words, after a round trip, and
 * for some spellings not at all ("today" is a timestamp there, "{a}" an array). What passes here has
 * exactly one meaning. Memory comes from the request's arena, never more than a few times the query.
 */
#include "arguments.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "uri.h"

#define MAX_FRACTION   18 /* digits of a second that are passed on; PostgreSQL rounds to 6 */
#define MAX_ZONE_HOURS 15 /* as PostgreSQL */

/* One occurrence of a query parameter. */
typedef struct Given
{
	char *text;
	struct Given *next;
} Given;

/* All occurrences of one parameter, in the order of the query. */
typedef struct GivenList
{
	int64_t n;
	Given *first;
	Given *last;
} GivenList;

typedef struct Binding
{
	const GwOperation *operation;
	ShcArena *arena;
	GwProblem *problem;
} Binding;

static bool
out_of_arena(Binding *binding)
{
	gw_problem_set(binding->problem, 413, "the parameters of the request are too large");
	return false;
}

static bool
refuse(Binding *binding, const GwParameter *parameter, const char *reason)
{
	gw_problem_set(binding->problem, 400, "%s: %s", parameter->name, reason);
	return false;
}

/* ---- decoding ---- */

/* Decodes within text; a query has '+' for a space. Returns the length, -1 for a malformed %xx. */
static ptrdiff_t
percent_decode(char *text, size_t len, bool is_query)
{
	const char *p = text;
	const char *end = text + len;
	char *out = text;

	while (p < end)
	{
		bool is_plus = *p == '+';
		int byte = gw_uri_byte(&p, end);

		if (byte < 0)
			return -1;
		*out++ = is_plus && is_query ? ' ' : (char) byte;
	}
	*out = '\0';
	return out - text;
}

/*
 * Counts the code points of UTF-8. Returns -1 for anything that is not well-formed by RFC 3629
 * (overlong forms, surrogates, beyond U+10FFFF) and for a NUL, which PostgreSQL cannot hold.
 */
static int64_t
utf8_length(const char *text, size_t len)
{
	const unsigned char *p = (const unsigned char *) text;
	const unsigned char *end = p + len;
	int64_t n = 0;

	for (; p < end; n++)
	{
		unsigned char c = *p++;
		unsigned char low = 0x80;
		unsigned char high = 0xBF;
		int more = c < 0xE0 ? 1 : c < 0xF0 ? 2 : 3;

		if (c == 0 || (c >= 0x80 && c < 0xC2) || c > 0xF4)
			return -1;
		if (c < 0x80)
			continue;
		/* The second byte is narrower where it would make an overlong form or a surrogate. */
		if (c == 0xE0)
			low = 0xA0;
		else if (c == 0xED)
			high = 0x9F;
		else if (c == 0xF0)
			low = 0x90;
		else if (c == 0xF4)
			high = 0x8F;
		if (end - p < more || *p < low || *p > high)
			return -1;
		for (p++, more--; more > 0; p++, more--)
		{
			if (*p < 0x80 || *p > 0xBF)
				return -1;
		}
	}
	return n;
}

/* Decodes one value and sees that it is text. */
static bool
decode_value(Binding *binding, const GwParameter *parameter, char *text, size_t len)
{
	ptrdiff_t decoded = percent_decode(text, len, parameter->place == GW_IN_QUERY);

	if (decoded < 0)
		return refuse(binding, parameter, "has an invalid percent-encoding");
	if (utf8_length(text, (size_t) decoded) < 0)
		return refuse(binding, parameter, "must be UTF-8 without zero bytes");
	return true;
}

/* ---- the query ---- */

static int
find_parameter(const GwOperation *operation, const char *name)
{
	for (int i = 0; i < operation->nparameters; i++)
	{
		if (operation->parameters[i].place == GW_IN_QUERY &&
			strcmp(operation->parameters[i].name, name) == 0)
			return i;
	}
	return -1;
}

static bool
add_given(Binding *binding, const GwParameter *parameter, GivenList *list, char *text)
{
	Given *given = shc_arena_alloc(binding->arena, sizeof(Given));

	if (given == NULL)
		return out_of_arena(binding);
	if (!parameter->array && list->n > 0)
		return refuse(binding, parameter, "must be given only once");
	if (parameter->array && parameter->max_items >= 0 && list->n >= parameter->max_items)
	{
		gw_problem_set(binding->problem, 400, "%s: must have at most %" PRId64 " values",
					   parameter->name, parameter->max_items);
		return false;
	}
	*given = (Given){.text = text};
	if (list->last != NULL)
		list->last->next = given;
	else
		list->first = given;
	list->last = given;
	list->n++;
	return true;
}

/* One "name=value" of the query; it is decoded in place. */
static bool
take_pair(Binding *binding, char *pair, size_t len, GivenList *lists)
{
	char *equals = memchr(pair, '=', len);
	size_t name_len = equals != NULL ? (size_t) (equals - pair) : len;
	char *value = equals != NULL ? equals + 1 : pair + len;
	size_t value_len = len - (size_t) (value - pair);
	const GwParameter *parameter;
	ptrdiff_t decoded;
	int i;

	/* The '=' or the end of the pair becomes the zero byte behind the name. */
	decoded = percent_decode(pair, name_len, true);
	if (decoded < 0 || memchr(pair, '\0', (size_t) decoded) != NULL)
	{
		gw_problem_set(binding->problem, 400, "query: a name has an invalid percent-encoding");
		return false;
	}
	i = find_parameter(binding->operation, pair);
	if (i < 0)
	{
		if (percent_decode(value, value_len, true) >= 0)
			return true;
		gw_problem_set(binding->problem, 400, "query: a value has an invalid percent-encoding");
		return false;
	}
	parameter = &binding->operation->parameters[i];
	return decode_value(binding, parameter, value, value_len) &&
		   add_given(binding, parameter, &lists[i], value);
}

/* Collects the values of all known parameters; others are passed over. */
static bool
read_query(Binding *binding, const char *raw_query, GivenList *lists)
{
	size_t len = raw_query != NULL ? strlen(raw_query) : 0;
	char *query;
	char *end;

	if (len == 0)
		return true;
	query = shc_arena_strndup(binding->arena, raw_query, len);
	if (query == NULL)
		return out_of_arena(binding);
	for (end = query + len; query < end;)
	{
		char *stop = memchr(query, '&', (size_t) (end - query));

		if (stop == NULL)
			stop = end;
		if (stop > query && !take_pair(binding, query, (size_t) (stop - query), lists))
			return false;
		query = stop + 1;
	}
	return true;
}

/* ---- values: each converter returns the SQL text, or NULL after a refusal ---- */

/* "must be an integer from 1 to 100", with the limits that there are. */
static const char *
refuse_number(Binding *binding, const GwParameter *parameter, const char *what)
{
	if (parameter->has_min && parameter->has_max)
		gw_problem_set(binding->problem, 400, "%s: must be %s from %.17g to %.17g", parameter->name,
					   what, parameter->min, parameter->max);
	else if (parameter->has_min)
		gw_problem_set(binding->problem, 400, "%s: must be %s of at least %.17g", parameter->name,
					   what, parameter->min);
	else if (parameter->has_max)
		gw_problem_set(binding->problem, 400, "%s: must be %s of at most %.17g", parameter->name,
					   what, parameter->max);
	else
		gw_problem_set(binding->problem, 400, "%s: must be %s", parameter->name, what);
	return NULL;
}

static bool
in_range(const GwParameter *parameter, double value)
{
	return (!parameter->has_min || value >= parameter->min) &&
		   (!parameter->has_max || value <= parameter->max);
}

static const char *
copy_or_fail(Binding *binding, const char *text)
{
	const char *copy = shc_arena_strndup(binding->arena, text, strlen(text));

	if (copy == NULL)
		out_of_arena(binding);
	return copy;
}

static const char *
convert_integer(Binding *binding, const GwParameter *parameter, const char *text)
{
	const char *digits = text + (*text == '-' || *text == '+');
	size_t ndigits = strspn(digits, "0123456789");
	long long value;
	char out[24];

	errno = 0;
	value = strtoll(text, NULL, 10);
	if (ndigits == 0 || digits[ndigits] != '\0' || errno == ERANGE ||
		!in_range(parameter, (double) value))
		return refuse_number(binding, parameter, "an integer");
	snprintf(out, sizeof(out), "%lld", value);
	return copy_or_fail(binding, out);
}

/* Is it a decimal number: digits with at most one point, optional sign and exponent? */
static bool
is_decimal(const char *p)
{
	size_t before;
	size_t after = 0;

	p += *p == '-' || *p == '+';
	before = strspn(p, "0123456789");
	p += before;
	if (*p == '.')
	{
		after = strspn(++p, "0123456789");
		p += after;
	}
	if (before + after == 0)
		return false;
	if (*p == 'e' || *p == 'E')
	{
		size_t exponent;

		p++;
		p += *p == '-' || *p == '+';
		exponent = strspn(p, "0123456789");
		if (exponent == 0)
			return false;
		p += exponent;
	}
	return *p == '\0';
}

/* The programs run in the C locale, so that strtod() and printf() know the decimal point only. */
static const char *
convert_number(Binding *binding, const GwParameter *parameter, const char *text)
{
	double value;
	char out[32];

	if (!is_decimal(text))
		return refuse_number(binding, parameter, "a number");
	value = strtod(text, NULL);
	if (!isfinite(value) || !in_range(parameter, value))
		return refuse_number(binding, parameter, "a number");
	/* Not the text itself: PostgreSQL refuses what is too small to be anything but zero. */
	snprintf(out, sizeof(out), "%.17g", value);
	return copy_or_fail(binding, out);
}

static const char *
convert_boolean(Binding *binding, const GwParameter *parameter, const char *text)
{
	if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0)
		return text;
	refuse(binding, parameter, "must be true or false");
	return NULL;
}

/* The dashed form in any letter case; lower-cased in place. */
static const char *
convert_uuid(Binding *binding, const GwParameter *parameter, char *text)
{
	size_t len = strlen(text);
	bool good = len == 36;

	for (size_t i = 0; good && i < len; i++)
	{
		if (i == 8 || i == 13 || i == 18 || i == 23)
			good = text[i] == '-';
		else
			good = gw_hex_digit(text[i]) >= 0;
		if (text[i] >= 'A' && text[i] <= 'F')
			text[i] += 'a' - 'A';
	}
	if (good)
		return text;
	refuse(binding, parameter, "must be a UUID, as 123e4567-e89b-12d3-a456-426614174000");
	return NULL;
}

/* Two digits, or -1. */
static int
two_digits(const char *p)
{
	if (p[0] < '0' || p[0] > '9' || p[1] < '0' || p[1] > '9')
		return -1;
	return (p[0] - '0') * 10 + p[1] - '0';
}

static bool
is_calendar_day(int year, int month, int day)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return year >= 1 && month >= 1 && month <= 12 && day >= 1 &&
		   day <= days[month - 1] + (month == 2 && leap);
}

/* YYYY-MM-DDThh:mm:ss at the beginning of the text; at least 19 bytes. */
static bool
is_date_and_time(const char *p)
{
	int century = two_digits(p);
	int year = two_digits(p + 2);
	int hour = two_digits(p + 11);
	int minute = two_digits(p + 14);
	int second = two_digits(p + 17);

	return century >= 0 && year >= 0 && p[4] == '-' && p[7] == '-' && p[10] == 'T' &&
		   p[13] == ':' && p[16] == ':' &&
		   is_calendar_day(century * 100 + year, two_digits(p + 5), two_digits(p + 8)) &&
		   hour >= 0 && hour <= 23 && minute >= 0 && minute <= 59 && second >= 0 && second <= 59;
}

/* Z or +hh:mm or -hh:mm, and nothing behind it. */
static bool
is_zone(const char *p)
{
	int hours;
	int minutes;

	if (strcmp(p, "Z") == 0)
		return true;
	if ((*p != '+' && *p != '-') || strlen(p) != 6 || p[3] != ':')
		return false;
	hours = two_digits(p + 1);
	minutes = two_digits(p + 4);
	return hours >= 0 && hours <= MAX_ZONE_HOURS && minutes >= 0 && minutes <= 59;
}

/*
 * RFC 3339, strictly: upper-case T and Z, a zone, a second of at most 59, a day of the calendar.
 * The fraction may follow a comma, as ISO 8601 has it; PostgreSQL gets a point.
 */
static const char *
convert_date_time(Binding *binding, const GwParameter *parameter, const char *text)
{
	size_t digits = 0;
	const char *zone;
	const char *out;

	if (strlen(text) < 20 || !is_date_and_time(text))
		goto refused;
	zone = text + 19;
	if (*zone == '.' || *zone == ',')
	{
		digits = strspn(text + 20, "0123456789");
		zone = text + 20 + digits;
		if (digits == 0)
			goto refused;
	}
	if (!is_zone(zone))
		goto refused;
	if (digits > MAX_FRACTION)
		digits = MAX_FRACTION;
	out = shc_arena_printf(binding->arena, "%.19s%s%.*s%s", text, digits > 0 ? "." : "",
						   (int) digits, digits > 0 ? text + 20 : "", zone);
	if (out == NULL)
		out_of_arena(binding);
	return out;

refused:
	refuse(binding, parameter, "must be an RFC 3339 timestamp, as 2024-03-01T12:00:00Z");
	return NULL;
}

static const char *
refuse_enumeration(Binding *binding, const GwParameter *parameter)
{
	char list[250] = "";
	size_t len = 0;

	for (const char *const *value = parameter->enumeration; *value != NULL; value++)
	{
		int written = snprintf(list + len, sizeof(list) - len, "%s%s", len > 0 ? ", " : "", *value);

		len += (size_t) written;
		if (len >= sizeof(list))
			break;
	}
	gw_problem_set(binding->problem, 400, "%s: must be one of %s", parameter->name, list);
	return NULL;
}

static const char *
convert_string(Binding *binding, const GwParameter *parameter, const char *text)
{
	int64_t min = parameter->min_length;
	int64_t max = parameter->max_length;
	int64_t length = utf8_length(text, strlen(text));

	for (const char *const *value = parameter->enumeration; value != NULL; value++)
	{
		if (*value == NULL)
			return refuse_enumeration(binding, parameter);
		if (strcmp(*value, text) == 0)
			return text;
	}
	if (length == 0 && min > 0)
		refuse(binding, parameter, "must not be empty");
	else if (length < min)
		gw_problem_set(binding->problem, 400, "%s: must have at least %" PRId64 " characters",
					   parameter->name, min);
	else if (max >= 0 && length > max)
		gw_problem_set(binding->problem, 400, "%s: must have at most %" PRId64 " characters",
					   parameter->name, max);
	else
		return text;
	return NULL;
}

static const char *
convert(Binding *binding, const GwParameter *parameter, char *text)
{
	if (parameter->type == GW_TYPE_INTEGER)
		return convert_integer(binding, parameter, text);
	if (parameter->type == GW_TYPE_NUMBER)
		return convert_number(binding, parameter, text);
	if (parameter->type == GW_TYPE_BOOLEAN)
		return convert_boolean(binding, parameter, text);
	if (parameter->format == GW_FORMAT_UUID)
		return convert_uuid(binding, parameter, text);
	if (parameter->format == GW_FORMAT_DATE_TIME)
		return convert_date_time(binding, parameter, text);
	return convert_string(binding, parameter, text);
}

/* An array literal of PostgreSQL, every element quoted: {"a","b \"c\" \\ d"}. */
static const char *
convert_array(Binding *binding, const GwParameter *parameter, const GivenList *list)
{
	size_t size = sizeof("{}");
	char *out;
	char *p;

	for (Given *given = list->first; given != NULL; given = given->next)
	{
		if (given->text[0] == '\0')
		{
			refuse(binding, parameter, "must not have empty values");
			return NULL;
		}
		given->text = (char *) convert(binding, parameter, given->text);
		if (given->text == NULL)
			return NULL;
		size += 2 * strlen(given->text) + sizeof("\"\",") - 1;
	}
	out = p = shc_arena_alloc(binding->arena, size);
	if (out == NULL)
	{
		out_of_arena(binding);
		return NULL;
	}
	*p++ = '{';
	for (const Given *given = list->first; given != NULL; given = given->next)
	{
		*p++ = '"';
		for (const char *c = given->text; *c != '\0'; c++)
		{
			if (*c == '"' || *c == '\\')
				*p++ = '\\';
			*p++ = *c;
		}
		*p++ = '"';
		if (given->next != NULL)
			*p++ = ',';
	}
	*p++ = '}';
	*p = '\0';
	return out;
}

/* ---- one parameter after the other ---- */

/* The decoded segment of the path that stands for the parameter. */
static bool
take_segment(Binding *binding, const GwParameter *parameter, const char *raw_path, char **text)
{
	const char *segment = NULL;
	size_t len = 0;

	for (int i = 0; i <= parameter->segment; i++)
		segment = gw_uri_segment(&raw_path, &len);
	*text = NULL;
	if (segment == NULL)
		return true;
	*text = shc_arena_strndup(binding->arena, segment, len);
	return *text != NULL ? decode_value(binding, parameter, *text, len) : out_of_arena(binding);
}

/* A header's value without the white space around it. Bytes are as they are: no percent-encoding. */
static bool
take_header(Binding *binding, const GwParameter *parameter, const char *value, char **text)
{
	size_t len;

	*text = NULL;
	if (value == NULL)
		return true;
	value += strspn(value, " \t");
	len = strlen(value);
	while (len > 0 && (value[len - 1] == ' ' || value[len - 1] == '\t'))
		len--;
	if (utf8_length(value, len) < 0)
		return refuse(binding, parameter, "must be UTF-8");
	*text = shc_arena_strndup(binding->arena, value, len);
	return *text != NULL || out_of_arena(binding);
}

static bool
bind_scalar(Binding *binding, const GwParameter *parameter, char *text, const char **value)
{
	if (text == NULL)
		return !parameter->required || refuse(binding, parameter, "is required");
	if (text[0] == '\0' && parameter->required)
		return refuse(binding, parameter, "must not be empty");
	*value = convert(binding, parameter, text);
	return *value != NULL;
}

static bool
bind_array(Binding *binding, const GwParameter *parameter, const GivenList *list,
		   const char **value)
{
	if (list->n == 0)
		return !parameter->required || refuse(binding, parameter, "is required");
	*value = convert_array(binding, parameter, list);
	return *value != NULL;
}

bool
gw_arguments_bind(const GwOperation *operation, const char *raw_path, const char *raw_query,
				  GwHeaderLookup lookup, void *context, ShcArena *arena, const char **value,
				  GwProblem *problem)
{
	Binding binding = {.operation = operation, .arena = arena, .problem = problem};
	size_t n = (size_t) operation->nparameters;
	GivenList *lists = shc_arena_zalloc(arena, sizeof(GivenList) * (n + 1));

	if (lists == NULL)
		return out_of_arena(&binding);
	if (!read_query(&binding, raw_query, lists))
		return false;
	for (size_t i = 0; i < n; i++)
	{
		const GwParameter *parameter = &operation->parameters[i];
		char *text = NULL;

		value[i] = NULL;
		if (parameter->array)
		{
			if (!bind_array(&binding, parameter, &lists[i], &value[i]))
				return false;
			continue;
		}
		if (parameter->place == GW_IN_QUERY)
			text = lists[i].first != NULL ? lists[i].first->text : NULL;
		else if (parameter->place == GW_IN_PATH)
		{
			if (!take_segment(&binding, parameter, raw_path, &text))
				return false;
		}
		else if (!take_header(&binding, parameter, lookup(context, parameter->name), &text))
			return false;
		if (!bind_scalar(&binding, parameter, text, &value[i]))
			return false;
	}
	return true;
}

/* ---- media types ---- */

/* Is the charset parameter of a Content-Type absent, or a spelling of UTF-8 or its part ASCII? */
static bool
is_utf8_charset(const char *parameters)
{
	static const char *const good[] = {"utf-8", "utf8", "us-ascii", "ascii"};

	while ((parameters = strchr(parameters, ';')) != NULL)
	{
		size_t len;

		parameters++;
		parameters += strspn(parameters, " \t");
		if (strncasecmp(parameters, "charset=", 8) != 0)
			continue;
		parameters += 8;
		parameters += *parameters == '"';
		len = strcspn(parameters, "\"; \t");
		for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		{
			if (len == strlen(good[i]) && strncasecmp(parameters, good[i], len) == 0)
				return true;
		}
		return false;
	}
	return true;
}

/*
 * Other parameters than charset do not matter, and for JSON not even that one: it is UTF-8 by its
 * definition, and some clients label it carelessly.
 */
bool
gw_media_type_accepted(const GwOperation *operation, const char *content_type)
{
	size_t len;

	if (content_type == NULL || operation->media_types == NULL)
		return false;
	content_type += strspn(content_type, " \t");
	len = strcspn(content_type, "; \t");
	for (const char *const *type = operation->media_types; *type != NULL; type++)
	{
		if (strcmp(*type, "*/*") == 0)
			return true;
		if (strcspn(*type, "; \t") == len && strncasecmp(*type, content_type, len) == 0)
			return strcasecmp(*type, "application/json") == 0 ||
				   is_utf8_charset(content_type + len);
	}
	return false;
}

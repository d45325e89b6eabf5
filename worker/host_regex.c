/*
 * host_regex.c: the text module: regular expressions, by PCRE2.
 *
 * PCRE2 backtracks, but counts its steps: beyond a limit the search fails, so that a bad pattern costs a
 * fraction of a second. Between matches the deadline is looked at. Classes like \d are of ASCII, $ is
 * the very end.
 *
 * A pattern is compiled once for texts that are UTF-8, and once more when a text comes that is not.
 */
#include <stdlib.h>
#include <string.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "host_text.h"
#include "host_number.h"
#include "host_unicode.h"
#include "utf8.h"

#define STEPS_MAX	 2000000
#define HEAP_MAX_KIB (16 * 1024)
#define PATTERN_MAX	 (64 * 1024)
#define GROUPS_MAX	 1000
#define PATTERN_GUESS \
	1024 /* bytes of the compiled form, in front, for a byte of the pattern's text */

typedef struct Pattern
{
	WkObject object;	 /* first */
	pcre2_code *code[2]; /* [1]: for texts that are not UTF-8; made when needed */
	pcre2_match_data *match;
	pcre2_match_context *limits;
	char *text;
	size_t len;
} Pattern;

/* One text that a pattern is looked for in. */
typedef struct Search
{
	WkHostCall *call;
	Pattern *pattern;
	pcre2_code *code;
	uint32_t options;
	const char *data;
	size_t len;
	size_t at;			 /* where to look next */
	size_t last_end;	 /* of the match before; SIZE_MAX: there was none */
	const size_t *found; /* begin and end of each group */
	int groups;
} Search;

static const WkMember pattern_members[];

static void
destroy(WkObject *object)
{
	Pattern *pattern = (Pattern *) object;

	pcre2_code_free(pattern->code[0]);
	pcre2_code_free(pattern->code[1]);
	pcre2_match_data_free(pattern->match);
	pcre2_match_context_free(pattern->limits);
	free(pattern->text);
}

static const WkObjectType pattern_type = {
	.name = "regexp", .members = pattern_members, .destroy = destroy};

/* ---- patterns ---- */

static bool
raise_pattern(WkHostCall *call, const Pattern *pattern, int error, size_t offset)
{
	char message[160] = "";

	pcre2_get_error_message(error, (PCRE2_UCHAR *) message, sizeof(message));
	return wk_raise(call, "error parsing regexp: %s at offset %zu: `%.*s`", message, offset,
					(int) (pattern->len < 200 ? pattern->len : 200), pattern->text);
}

static bool
compile(WkHostCall *call, Pattern *pattern, bool any_bytes)
{
	pcre2_compile_context *context = pcre2_compile_context_create(NULL);
	int error = 0;
	size_t offset = 0;

	if (context == NULL)
		return wk_raise_memory(call);
	pcre2_set_max_pattern_length(context, PATTERN_MAX);
	pcre2_set_parens_nest_limit(context, 200);
	pattern->code[any_bytes] =
		pcre2_compile((PCRE2_SPTR) pattern->text, pattern->len,
					  PCRE2_UTF | PCRE2_DOLLAR_ENDONLY | PCRE2_NEVER_BACKSLASH_C |
						  (any_bytes ? PCRE2_MATCH_INVALID_UTF : 0),
					  &error, &offset, context);
	pcre2_compile_context_free(context);
	if (pattern->code[any_bytes] == NULL)
		return raise_pattern(call, pattern, error, offset);
	return true;
}

static bool
prepare_match(WkHostCall *call, Pattern *pattern)
{
	uint32_t groups = 0;

	pcre2_pattern_info(pattern->code[0], PCRE2_INFO_CAPTURECOUNT, &groups);
	if (groups > GROUPS_MAX)
		return wk_raise(call, "error parsing regexp: more than %d groups", GROUPS_MAX);
	pattern->match = pcre2_match_data_create(groups + 1, NULL);
	pattern->limits = pcre2_match_context_create(NULL);
	if (pattern->match == NULL || pattern->limits == NULL)
		return wk_raise_memory(call);
	pcre2_set_match_limit(pattern->limits, STEPS_MAX);
	pcre2_set_heap_limit(pattern->limits, HEAP_MAX_KIB);
	return true;
}

/* NULL: raised. */
static Pattern *
new_pattern(WkHostCall *call, const char *text, size_t len)
{
	Pattern *pattern;

	if (len > PATTERN_MAX)
	{
		wk_raise(call, "error parsing regexp: longer than %d bytes", PATTERN_MAX);
		return NULL;
	}
	pattern = (Pattern *) wk_object_new(call->state, &pattern_type, sizeof(Pattern),
										PATTERN_GUESS + len * 8);
	if (pattern == NULL || (pattern->text = malloc(len + 1)) == NULL)
		wk_raise_memory(call);
	else
	{
		memcpy(pattern->text, text, len);
		pattern->text[len] = '\0';
		pattern->len = len;
		if (compile(call, pattern, false) && prepare_match(call, pattern))
			return pattern;
	}
	if (pattern != NULL)
		wk_object_free(call->state, &pattern->object);
	return NULL;
}

/* The one of argument 0, of the last ones used if it is among them. */
static Pattern *
pattern_of_argument(WkHostCall *call)
{
	WkHostState *state = call->state;
	unsigned n = sizeof(state->patterns) / sizeof(state->patterns[0]);
	const char *text;
	size_t len;
	Pattern *pattern;

	if (!wk_arg_text(call, 0, &text, &len))
		return NULL;
	for (unsigned i = 0; i < n; i++)
	{
		pattern = (Pattern *) state->patterns[i];
		if (pattern != NULL && pattern->len == len && memcmp(pattern->text, text, len) == 0)
			return pattern;
	}
	pattern = new_pattern(call, text, len);
	if (pattern == NULL)
		return NULL;
	if (state->patterns[state->next_pattern] != NULL)
		wk_object_free(state, state->patterns[state->next_pattern]);
	state->patterns[state->next_pattern] = &pattern->object;
	state->next_pattern = (state->next_pattern + 1) % n;
	return pattern;
}

/* ---- searching ---- */

static bool
is_utf8(const char *data, size_t len)
{
	const char *end = data + len;
	size_t n;

	for (const char *p = data; p < end; p += n)
		if ((n = shc_utf8_len(p, end)) == 0)
			return false;
	return true;
}

static bool
begin_search(Search *s, WkHostCall *call, Pattern *pattern, const char *data, size_t len)
{
	bool any_bytes = !is_utf8(data, len);

	*s = (Search){.call = call, .pattern = pattern, .data = data, .len = len, .last_end = SIZE_MAX};
	if (any_bytes && pattern->code[1] == NULL && !compile(call, pattern, true))
		return false;
	s->code = pattern->code[any_bytes];
	s->options = any_bytes ? 0 : PCRE2_NO_UTF_CHECK;
	return true;
}

/* 1: found; 0: there is no more; -1: raised. */
static int
search_once(Search *s)
{
	int result;

	if (s->call->state->task != NULL && wk_deadline_over(s->call->state->task->deadline))
	{
		wk_raise(s->call, "deadline exceeded");
		return -1;
	}
	result = pcre2_match(s->code, (PCRE2_SPTR) s->data, s->len, s->at, s->options,
						 s->pattern->match, s->pattern->limits);
	if (result == PCRE2_ERROR_NOMATCH)
		return 0;
	if (result <= 0)
	{
		char message[160] = "";

		pcre2_get_error_message(result, (PCRE2_UCHAR *) message, sizeof(message));
		wk_raise(s->call, "regular expression: %s", message);
		return -1;
	}
	s->found = pcre2_get_ovector_pointer(s->pattern->match);
	s->groups = result;
	return 1;
}

/* The next match as of "all matches": no empty one right behind the match before it. */
static int
search_next(Search *s)
{
	for (;;)
	{
		int found = s->at > s->len ? 0 : search_once(s);
		size_t n = 1;
		bool skip;

		if (found <= 0)
			return found;
		/* A pattern with \K in a lookahead may begin behind its end. */
		if (s->found[0] > s->found[1])
			return 0;
		skip = s->found[0] == s->found[1] && s->found[0] == s->last_end;
		s->at = s->found[1];
		if (s->found[0] == s->found[1])
		{
			if (s->at < s->len)
				wk_decode(s->data + s->at, s->data + s->len, &n);
			s->at += n;
		}
		if (skip)
			continue;
		s->last_end = s->found[1];
		return 1;
	}
}

/* ---- members: of the module, and of a compiled pattern ---- */

/* The pattern, and which argument comes behind it. */
static Pattern *
pattern_of(WkHostCall *call, int *first)
{
	*first = call->object != NULL ? 0 : 1;
	return call->object != NULL ? (Pattern *) call->object : pattern_of_argument(call);
}

static bool
begin(WkHostCall *call, Search *s, int *first)
{
	Pattern *pattern = pattern_of(call, first);
	const char *data;
	size_t len;

	return pattern != NULL && wk_arg_text(call, *first, &data, &len) &&
		   begin_search(s, call, pattern, data, len);
}

bool
wk_text_re_match(WkHostCall *call)
{
	Search s;
	int first;
	int found;

	if (!begin(call, &s, &first))
		return false;
	found = search_once(&s);
	return found >= 0 && wk_return_bool(call, found > 0);
}

/* {text, begin, end} */
static bool
group_value(WkHostCall *call, const Search *s, int group, WkValue *out)
{
	WkEntry *entries = shc_arena_alloc(call->arena, 3 * sizeof(WkEntry));
	size_t from = s->found[2 * group];
	size_t to = s->found[2 * group + 1];

	if (entries == NULL)
		return wk_raise_memory(call);
	entries[0] =
		(WkEntry){.key = "text", .key_len = 4, .value = wk_string_value(s->data + from, to - from)};
	entries[1] = (WkEntry){
		.key = "begin", .key_len = 5, .value = {.kind = WK_INT, .integer = (int64_t) from}};
	entries[2] =
		(WkEntry){.key = "end", .key_len = 3, .value = {.kind = WK_INT, .integer = (int64_t) to}};
	*out = (WkValue){.kind = WK_MAP};
	out->map.entries = entries;
	out->map.n = 3;
	return true;
}

static bool
match_value(WkHostCall *call, const Search *s, WkValue *out)
{
	WkValue *items = shc_arena_alloc(call->arena, (size_t) s->groups * sizeof(WkValue));
	size_t n = 0;

	if (items == NULL)
		return wk_raise_memory(call);
	for (int i = 0; i < s->groups; i++)
	{
		/* Groups that took no part are left out. */
		if (s->found[2 * i] == PCRE2_UNSET || s->found[2 * i] > s->found[2 * i + 1])
			continue;
		if (!group_value(call, s, i, &items[n++]))
			return false;
	}
	*out = (WkValue){.kind = WK_ARRAY};
	out->array.items = items;
	out->array.n = n;
	return true;
}

bool
wk_text_re_find(WkHostCall *call)
{
	Search s;
	int first;
	int64_t most = 1;
	WkValue *items = NULL;
	size_t n = 0;
	size_t capacity = 0;
	int found = 0;

	if (!begin(call, &s, &first) ||
		(wk_arg_given(call, first + 1) && !wk_arg_int(call, first + 1, &most)))
		return false;
	while ((most < 0 || (int64_t) n < most) && (found = search_next(&s)) > 0)
	{
		if (n == capacity)
		{
			WkValue *larger = shc_arena_alloc(call->arena, (capacity * 2 + 4) * sizeof(WkValue));

			if (larger == NULL)
				return wk_raise_memory(call);
			if (n > 0)
				memcpy(larger, items, n * sizeof(WkValue));
			items = larger;
			capacity = capacity * 2 + 4;
		}
		if (!match_value(call, &s, &items[n++]))
			return false;
	}
	if (found < 0)
		return false;
	return n > 0 ? wk_return_array(call, items, n) : wk_return_undefined(call);
}

/* ---- replacing ---- */

static bool
is_name_character(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static void
append_group(const Search *s, const char *name, size_t len)
{
	char text[64];
	int64_t number = -1;

	if (len == 0 || len >= sizeof(text))
		return;
	memcpy(text, name, len);
	text[len] = '\0';
	if (wk_parse_int(text, len, 10, 31, &number) != WK_NUMBER_OK)
		number = pcre2_substring_number_from_name(s->code, (PCRE2_SPTR) text);
	if (number >= 0 && number < s->groups && s->found[2 * number] != PCRE2_UNSET &&
		s->found[2 * number] <= s->found[2 * number + 1])
		shc_buf_append(s->call->out, s->data + s->found[2 * number],
					   s->found[2 * number + 1] - s->found[2 * number]);
}

/* $1, $name, ${name}, $$ */
static void
append_template(const Search *s, const char *p, size_t len)
{
	const char *end = p + len;

	while (p < end)
	{
		const char *dollar = memchr(p, '$', (size_t) (end - p));
		const char *name;
		const char *stop;
		bool braces;

		shc_buf_append(s->call->out, p, (size_t) ((dollar != NULL ? dollar : end) - p));
		if (dollar == NULL)
			return;
		p = dollar + 1;
		if (p < end && *p == '$')
		{
			shc_buf_append(s->call->out, "$", 1);
			p++;
			continue;
		}
		braces = p < end && *p == '{';
		name = stop = braces ? p + 1 : p;
		while (stop < end && is_name_character(*stop))
			stop++;
		if (stop == name || (braces && (stop == end || *stop != '}')))
		{
			shc_buf_append(s->call->out, "$", 1);
			continue;
		}
		append_group(s, name, (size_t) (stop - name));
		p = stop + (braces ? 1 : 0);
	}
}

bool
wk_text_re_replace(WkHostCall *call)
{
	Search s;
	int first;
	const char *template;
	size_t len;
	size_t copied = 0;
	int found;

	if (!begin(call, &s, &first) || !wk_arg_text(call, first + 1, &template, &len))
		return false;
	while ((found = search_next(&s)) > 0 && !call->out->failed)
	{
		/* \K may have moved the beginning back. */
		if (s.found[0] < copied)
			break;
		shc_buf_append(call->out, s.data + copied, s.found[0] - copied);
		append_template(&s, template, len);
		copied = s.found[1];
	}
	if (found < 0)
		return false;
	shc_buf_append(call->out, s.data + copied, s.len - copied);
	return wk_return_out(call, WK_STRING);
}

bool
wk_text_re_split(WkHostCall *call)
{
	Search s;
	int first;
	int64_t most = -1;
	WkValue *items = NULL;
	size_t n = 0;
	size_t capacity = 0;
	size_t from = 0;
	size_t last_begin = SIZE_MAX;
	int found = 0;

	if (!begin(call, &s, &first) ||
		(wk_arg_given(call, first + 1) && !wk_arg_int(call, first + 1, &most)))
		return false;
	if (most == 0)
		return wk_return_array(call, NULL, 0);
	for (bool more = true; more;)
	{
		if (n + 1 >= capacity)
		{
			WkValue *larger = shc_arena_alloc(call->arena, (capacity * 2 + 8) * sizeof(WkValue));

			if (larger == NULL)
				return wk_raise_memory(call);
			if (n > 0)
				memcpy(larger, items, n * sizeof(WkValue));
			items = larger;
			capacity = capacity * 2 + 8;
		}
		more = (most < 0 || (int64_t) n < most - 1) && (s.len > 0 || s.pattern->len == 0) &&
			   (found = search_next(&s)) > 0 && s.found[0] >= from;
		if (!more)
			break;
		if (s.found[1] != 0)
			items[n++] = wk_string_value(s.data + from, s.found[0] - from);
		last_begin = s.found[0];
		from = s.found[1];
	}
	if (found < 0)
		return false;
	if (last_begin != s.len)
		items[n++] = wk_string_value(s.data + from, s.len - from);
	return wk_return_array(call, items, n);
}

static const WkMember pattern_members[] = {
	{.name = "match", .function = wk_text_re_match, .min = 1, .max = 1},
	{.name = "find", .function = wk_text_re_find, .min = 1, .max = 2},
	{.name = "replace", .function = wk_text_re_replace, .min = 2, .max = 2},
	{.name = "split", .function = wk_text_re_split, .min = 1, .max = 2},
	{.name = NULL},
};

bool
wk_text_re_compile(WkHostCall *call)
{
	const char *text;
	size_t len;
	Pattern *pattern;

	if (!wk_arg_text(call, 0, &text, &len))
		return false;
	pattern = new_pattern(call, text, len);
	if (pattern == NULL)
		return false;
	call->result = (WkValue){.kind = WK_OBJECT};
	call->result.object = &pattern->object;
	return true;
}

/*
 * test_host_text.c: the text module.
 */
#include "host_call.h"

/* clang-format off */
static const HostCase search[] = {
	{"text.compare", "[\"a\",\"b\"]", "-1"}, {"text.compare", "[\"b\",\"a\"]", "1"}, {"text.compare", "[\"a\",\"a\"]", "0"},
	{"text.compare", "[\"a\",\"aa\"]", "-1"},
	{"text.contains", "[\"seafood\",\"foo\"]", "true"}, {"text.contains", "[\"seafood\",\"\"]", "true"}, {"text.contains", "[\"\",\"a\"]", "false"},
	{"text.contains_any", "[\"failure\",\"ui\"]", "true"}, {"text.contains_any", "[\"foo\",\"\"]", "false"}, {"text.contains_any", "[\"grün\",\"äü\"]", "true"},
	{"text.count", "[\"cheese\",\"e\"]", "3"}, {"text.count", "[\"fünf\",\"\"]", "5"}, {"text.count", "[\"aaaa\",\"aa\"]", "2"},
	{"text.equal_fold", "[\"Straße\",\"STRAßE\"]", "true"}, {"text.equal_fold", "[\"Go\",\"GO\"]", "true"}, {"text.equal_fold", "[\"a\",\"ab\"]", "false"},
	{"text.has_prefix", "[\"Gopher\",\"Go\"]", "true"}, {"text.has_prefix", "[\"Go\",\"Gopher\"]", "false"},
	{"text.has_suffix", "[\"Amigo\",\"go\"]", "true"}, {"text.has_suffix", "[\"Amigo\",\"\"]", "true"},
	{"text.index", "[\"chicken\",\"ken\"]", "4"}, {"text.index", "[\"chicken\",\"dmr\"]", "-1"}, {"text.index", "[\"x\",\"\"]", "0"},
	{"text.index_any", "[\"golang\",\"gy\"]", "0"}, {"text.index_any", "[\"golang\",\"\"]", "-1"},
	{"text.last_index", "[\"go gopher\",\"go\"]", "3"}, {"text.last_index", "[\"abc\",\"\"]", "3"}, {"text.last_index", "[\"\",\"a\"]", "-1"},
	{"text.last_index_any", "[\"golang\",\"go\"]", "5"}, {"text.last_index_any", "[\"golang\",\"z\"]", "-1"},
	{"text.index", "[12345,34]", "2"}, {"text.index", "[null,\"a\"]", "raised: argument 1: string"}, {"text.index", "[\"a\",[]]", "raised: argument 2: string"},
};

static const HostCase parts[] = {
	{"text.fields", "[\"  foo bar\\u00a0 baz  \"]", "[\"foo\",\"bar\",\"baz\"]"}, {"text.fields", "[\" \"]", "[]"},
	{"text.split", "[\"a,b,c\",\",\"]", "[\"a\",\"b\",\"c\"]"}, {"text.split", "[\"\",\",\"]", "[\"\"]"}, {"text.split", "[\"añb\",\"\"]", "[\"a\",\"ñ\",\"b\"]"},
	{"text.split", "[\"\",\"\"]", "[]"}, {"text.split_after", "[\"a,b,\",\",\"]", "[\"a,\",\"b,\",\"\"]"},
	{"text.split_n", "[\"a,b,c\",\",\",2]", "[\"a\",\"b,c\"]"}, {"text.split_n", "[\"a,b\",\",\",0]", "[]"}, {"text.split_n", "[\"a,b\",\",\",-1]", "[\"a\",\"b\"]"},
	{"text.split_n", "[\"abc\",\"\",2]", "[\"a\",\"bc\"]"}, {"text.split_after_n", "[\"a,b,c\",\",\",2]", "[\"a,\",\"b,c\"]"},
	{"text.join", "[[\"a\",1,true],\"-\"]", "\"a-1-true\""}, {"text.join", "[[],\"-\"]", "\"\""}, {"text.join", "[[\"a\",null],\"-\"]", "raised: join: element 1 is no text"},
	{"text.join", "[{},\"-\"]", "\"\""}, {"text.join", "[{\"a\":1},\"-\"]", "raised: argument 1: array"},
	{"text.replace", "[\"oink oink oink\",\"k\",\"ky\",2]", "\"oinky oinky oink\""}, {"text.replace", "[\"oink\",\"oink\",\"moo\",-1]", "\"moo\""},
	{"text.replace", "[\"añ\",\"\",\"-\",-1]", "\"-a-ñ-\""}, {"text.replace", "[\"abc\",\"\",\"-\",2]", "\"-a-bc\""}, {"text.replace", "[\"abc\",\"b\",\"x\",0]", "\"abc\""},
	{"text.repeat", "[\"na\",3]", "\"nanana\""}, {"text.repeat", "[\"na\",0]", "\"\""}, {"text.repeat", "[\"na\",-1]", "raised: repeat: the count must not be negative"},
	{"text.repeat", "[\"\",9223372036854775807]", "\"\""}, {"text.repeat", "[\"na\",9223372036854775807]", "raised: memory"},
	{"text.repeat", "[\"na\",100000000]", "raised: memory"},
	{"text.substr", "[\"abcdef\",2]", "\"cdef\""}, {"text.substr", "[\"abcdef\",2,4]", "\"cd\""}, {"text.substr", "[\"abc\",-5,99]", "\"abc\""},
	{"text.substr", "[\"abc\",2,1]", "raised: invalid index type"}, {"text.substr", "[\"abc\",5]", "\"\""},
	{"text.pad_left", "[\"x\",5,\"ab\"]", "\"ababx\""}, {"text.pad_left", "[\"x\",4,\"ab\"]", "\"babx\""}, {"text.pad_left", "[\"x\",3]", "\"  x\""},
	{"text.pad_right", "[\"x\",4,\"ab\"]", "\"xaba\""}, {"text.pad_right", "[\"long\",2]", "\"long\""}, {"text.pad_right", "[\"x\",1000000000000]", "raised: memory"},
	{"text.pad_left", "[\"x\",5,\"\"]", "\"x\""},
};

static const HostCase shape[] = {
	{"text.title", "[\"her royal hIGHness it's a über-tag\"]", "\"Her Royal HIGHness It'S A Über-Tag\""},
	{"text.to_lower", "[\"ÄÖÜ İ\"]", "\"äöü i\""}, {"text.to_upper", "[\"straße ǆ\"]", "\"STRAßE Ǆ\""}, {"text.to_title", "[\"ǆ\"]", "\"ǅ\""},
	{"text.trim", "[\"¡¡Hello!!\",\"!¡\"]", "\"Hello\""}, {"text.trim_left", "[\"xxabc\",\"x\"]", "\"abc\""}, {"text.trim_right", "[\"abcéé\",\"é\"]", "\"abc\""},
	{"text.trim_space", "[\" \\t\\u2003x y\\n\"]", "\"x y\""}, {"text.trim_prefix", "[\"prefix-x\",\"prefix-\"]", "\"x\""}, {"text.trim_prefix", "[\"x\",\"prefix\"]", "\"x\""},
	{"text.trim_suffix", "[\"x.go\",\".go\"]", "\"x\""}, {"text.trim", "[\"aaa\",\"a\"]", "\"\""}, {"text.trim", "[\"abc\",\"\"]", "\"abc\""},
};

static const HostCase numbers[] = {
	{"text.atoi", "[\"-42\"]", "-42"}, {"text.atoi", "[\"+7\"]", "7"}, {"text.atoi", "[\"x\"]", "error: strconv.Atoi: parsing \"x\": invalid syntax"},
	{"text.atoi", "[\"\"]", "error: strconv.Atoi: parsing \"\": invalid syntax"}, {"text.atoi", "[\"9223372036854775808\"]", "error: strconv.Atoi: parsing \"9223372036854775808\": value out of range"},
	{"text.atoi", "[\"-9223372036854775808\"]", "-9223372036854775808"}, {"text.itoa", "[-9223372036854775808]", "\"-9223372036854775808\""},
	{"text.format_bool", "[true]", "\"true\""}, {"text.format_bool", "[1]", "raised: argument 1: bool"},
	{"text.format_int", "[255,16]", "\"ff\""}, {"text.format_int", "[-9223372036854775808,2]", "\"-1000000000000000000000000000000000000000000000000000000000000000\""},
	{"text.format_int", "[35,36]", "\"z\""}, {"text.format_int", "[1,1]", "raised: format_int: the base must be 2 to 36"},
	{"text.format_float", "[0.1,\"f\",-1,64]", "\"0.1\""}, {"text.format_float", "[1e21,\"f\",-1,64]", "\"1000000000000000000000\""}, {"text.format_float", "[2.5,\"f\",0,64]", "\"2\""},
	{"text.format_float", "[1e6,\"g\",-1,64]", "\"1e+06\""}, {"text.format_float", "[100000,\"g\",-1,64]", "\"100000\""}, {"text.format_float", "[0.0001,\"g\",-1,64]", "\"0.0001\""},
	{"text.format_float", "[0.00001,\"g\",-1,64]", "\"1e-05\""}, {"text.format_float", "[123.456,\"e\",3,64]", "\"1.235e+02\""}, {"text.format_float", "[0.1,\"e\",-1,64]", "\"1e-01\""},
	{"text.format_float", "[1,\"b\",-1,64]", "\"4503599627370496p-52\""}, {"text.format_float", "[1.5,\"x\",-1,64]", "\"0x1.8p+00\""}, {"text.format_float", "[0,\"x\",-1,64]", "\"0x0p+00\""},
	{"text.format_float", "[0.1,\"f\",-1,32]", "\"0.1\""}, {"text.format_float", "[16777217,\"f\",-1,32]", "\"16777216\""}, {"text.format_float", "[1,\"q\",-1,64]", "\"%q\""},
	{"text.format_float", "[1,\"f\",2,16]", "raised: format_float: the number of bits must be 32 or 64"}, {"text.format_float", "[1,\"f\",10000000,64]", "raised: format_float: the precision must be at most 1000000"},
	{"text.format_float", "[5e-324,\"g\",-1,64]", "\"5e-324\""}, {"text.format_float", "[1.7976931348623157e308,\"g\",-1,64]", "\"1.7976931348623157e+308\""},
	{"text.parse_bool", "[\"T\"]", "true"}, {"text.parse_bool", "[\"False\"]", "false"}, {"text.parse_bool", "[\"yes\"]", "raised: strconv.ParseBool: parsing \"yes\": invalid syntax"},
	{"text.parse_float", "[\"1_000.5e1\",64]", "10005"}, {"text.parse_float", "[\"0x1p-2\",64]", "0.25"}, {"text.parse_float", "[\"1e400\",64]", "raised: strconv.ParseFloat: parsing \"1e400\": value out of range"},
	{"text.parse_float", "[\"1__0\",64]", "raised: strconv.ParseFloat: parsing \"1__0\": invalid syntax"}, {"text.parse_float", "[\"\",64]", "raised: strconv.ParseFloat: parsing \"\": invalid syntax"},
	{"text.parse_float", "[\".\",64]", "raised: strconv.ParseFloat: parsing \".\": invalid syntax"}, {"text.parse_float", "[\"1 \",64]", "raised: strconv.ParseFloat: parsing \"1 \": invalid syntax"},
	{"text.parse_float", "[\"0x1\",64]", "raised: strconv.ParseFloat: parsing \"0x1\": invalid syntax"}, {"text.parse_float", "[\"0.1\",32]", "0.10000000149011612"},
	{"text.parse_int", "[\"ff\",16,64]", "255"}, {"text.parse_int", "[\"0x_1f\",0,64]", "31"}, {"text.parse_int", "[\"0b101\",0,64]", "5"}, {"text.parse_int", "[\"0o17\",0,64]", "15"}, {"text.parse_int", "[\"017\",0,64]", "15"},
	{"text.parse_int", "[\"1_000\",0,64]", "1000"}, {"text.parse_int", "[\"_1\",0,64]", "raised: strconv.ParseInt: parsing \"_1\": invalid syntax"}, {"text.parse_int", "[\"1_000\",10,64]", "raised: strconv.ParseInt: parsing \"1_000\": invalid syntax"},
	{"text.parse_int", "[\"128\",10,8]", "raised: strconv.ParseInt: parsing \"128\": value out of range"}, {"text.parse_int", "[\"-128\",10,8]", "-128"},
	{"text.parse_int", "[\"1\",1,64]", "raised: strconv.ParseInt: parsing \"1\": invalid base 1"}, {"text.parse_int", "[\"1\",10,99]", "raised: strconv.ParseInt: parsing \"1\": invalid bit size 99"},
	{"text.parse_int", "[\"0\",0,64]", "0"}, {"text.parse_int", "[\"0x\",0,64]", "raised: strconv.ParseInt: parsing \"0x\": invalid syntax"},
	{"text.quote", "[\"a\\t\\\"ü\\u0001\\u2028\\u00a0\"]", "\"\\\"a\\\\t\\\\\\\"ü\\\\x01\\\\u2028\\\\u00a0\\\"\""},
	{"text.unquote", "[\"\\\"a\\\\tb\\\\u00fc\\\\x41\\\\101\\\"\"]", "\"a\\tbüAA\""}, {"text.unquote", "[\"`a\\\\n`\"]", "\"a\\\\n\""}, {"text.unquote", "[\"'x'\"]", "\"x\""},
	{"text.unquote", "[\"'xy'\"]", "error: invalid syntax"}, {"text.unquote", "[\"\\\"a\"]", "error: invalid syntax"}, {"text.unquote", "[\"\"]", "error: invalid syntax"}, {"text.unquote", "[\"\\\"\\\\ud800\\\"\"]", "error: invalid syntax"},
};

static const HostCase expressions[] = {
	{"text.re_match", "[\"^a+b?$\",\"aaab\"]", "true"}, {"text.re_match", "[\"b\",\"aaa\"]", "false"}, {"text.re_match", "[\"a$\",\"a\\n\"]", "false"}, {"text.re_match", "[\"(?i)STRASSE\",\"strasse\"]", "true"},
	{"text.re_match", "[\"\\\\d\",\"٣\"]", "false"}, {"text.re_match", "[\"^.$\",\"ü\"]", "true"}, {"text.re_match", "[\"\\\\p{Greek}\",\"αβ\"]", "true"},
	{"text.re_match", "[\"(\",\"x\"]", "raised: error parsing regexp: missing closing parenthesis at offset 1: `(`"},
	{"text.re_find", "[\"a(b)?c\",\"xabcac\"]", "[[{\"text\":\"abc\",\"begin\":1,\"end\":4},{\"text\":\"b\",\"begin\":2,\"end\":3}]]"},
	{"text.re_find", "[\"a(b)?c\",\"ac\"]", "[[{\"text\":\"ac\",\"begin\":0,\"end\":2}]]"},
	{"text.re_find", "[\"[0-9]\",\"a1b2\",-1]", "[[{\"text\":\"1\",\"begin\":1,\"end\":2}],[{\"text\":\"2\",\"begin\":3,\"end\":4}]]"}, {"text.re_find", "[\"x\",\"a\"]", "null"},
	{"text.re_replace", "[\"(?P<w>\\\\w+) (\\\\w+)\",\"hello world\",\"$2 ${w}$$ $x\"]", "\"world hello$ \""}, {"text.re_replace", "[\"a\",\"banana\",\"$1x\"]", "\"bnn\""},
	{"text.re_replace", "[\"\",\"ab\",\"-\"]", "\"-a-b-\""}, {"text.re_replace", "[\"a*\",\"baac\",\"x\"]", "\"xbxcx\""}, {"text.re_replace", "[\"ü\",\"aüb\",\"$\"]", "\"a$b\""},
	{"text.re_split", "[\"a*\",\"ab\"]", "[\"\",\"b\"]"}, {"text.re_split", "[\",\",\"a,b,c\"]", "[\"a\",\"b\",\"c\"]"}, {"text.re_split", "[\",\",\"a,b,c\",2]", "[\"a\",\"b,c\"]"}, {"text.re_split", "[\",\",\"\"]", "[\"\"]"}, {"text.re_split", "[\",\",\"a\",0]", "[]"},
	{"text.re_split", "[\"\",\"abc\"]", "[\"a\",\"b\",\"c\"]"},
};
/* clang-format on */

/* Patterns that cost a backtracking engine for ever. */
static void
test_hostile_patterns(void)
{
	char arguments[20200] = "[\"^(a+)+$\",\"";
	size_t len = strlen(arguments);

	memset(arguments + len, 'a', 40);
	snprintf(arguments + len + 40, 10, "!\"]");
	is_str(host_call("text.re_match", arguments),
		   "raised: regular expression: match limit exceeded",
		   "a search that takes too long is given up");
	snprintf(arguments, sizeof(arguments), "[\"((a{1000}){1000}){1000}\",\"x\"]");
	ok(strncmp(host_call("text.re_match", arguments), "raised: error parsing", 21) == 0,
	   "a pattern that is too large is refused");
	arguments[0] = '\0';
	strncat(arguments, "[\"", 3);
	memset(arguments + 2, '(', 5000);
	snprintf(arguments + 5002, 20, "\",\"x\"]");
	ok(strncmp(host_call("text.re_match", arguments), "raised: error parsing", 21) == 0,
	   "a pattern that is nested too deeply is refused");
}

/* Bytes that are no UTF-8 cannot stand in JSON. */
static void
test_any_bytes(void)
{
	WkValue args[3] = {wk_string_value("b+", 2),
					   wk_string_value("\xff"
									   "abb\xfe",
									   5),
					   wk_string_value("x", 1)};
	const WkMember *member = host_member("text.re_replace");
	WkHostCall call;

	wk_host_reset(&host_state);
	wk_call_begin(&call, &host_state, member, NULL, args, 3);
	ok(member->function(&call) && call.result.text.len == 4 &&
		   memcmp(call.result.text.data,
				  "\xff"
				  "ax\xfe",
				  4) == 0,
	   "expressions work on bytes that are no UTF-8");
	member = host_member("text.to_upper");
	wk_host_reset(&host_state);
	wk_call_begin(&call, &host_state, member, NULL, args + 1, 1);
	ok(member->function(&call) && call.result.text.len == 9,
	   "each such byte counts as one character");
}

int
main(void)
{
	WkHost host = {.context = NULL};
	WkTask task = {.host = &host, .memory = 32 * 1024 * 1024, .deadline = INT64_MAX};

	host_begin(&task);
	HOST_CASES(search);
	HOST_CASES(parts);
	HOST_CASES(shape);
	HOST_CASES(numbers);
	HOST_CASES(expressions);
	test_hostile_patterns();
	test_any_bytes();
	return host_end();
}

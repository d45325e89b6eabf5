/*
 * test_host_format.c: the fmt, math and rand modules.
 */
#include <math.h>

#include "host_call.h"

#include "host_number.h"

/* clang-format off */
static const HostCase formats[] = {
	{"fmt.sprintf", "[\"100%\"]", "\"100%\""}, {"fmt.sprintf", "[]", "raised: argument 1: string"}, {"fmt.sprintf", "[1]", "raised: argument 1: string"},
	{"fmt.sprintf", "[\"%v %v %v\",1,\"x\",null]", "\"1 \\\"x\\\" <undefined>\""}, {"fmt.sprintf", "[\"%v\",{\"a\":[1,\"b\"]}]", "\"{a: [1, \\\"b\\\"]}\""}, {"fmt.sprintf", "[\"%s\",{\"a\":1}]", "\"{a: 1}\""},
	{"fmt.sprintf", "[\"%T %T %T\",1,1.5,\"x\"]", "\"int float string\""}, {"fmt.sprintf", "[\"%t\",true]", "\"true\""}, {"fmt.sprintf", "[\"%5t|\",true]", "\" true|\""},
	{"fmt.sprintf", "[\"%d|%5d|%-5d|%05d|%+d|% d\",42,42,42,42,42,42]", "\"42|   42|42   |00042|+42| 42\""}, {"fmt.sprintf", "[\"%05d|%-05d|%.5d|%8.5d|%.0d|\",-42,-42,-42,-42,0]", "\"-0042|-42  |-00042|  -00042||\""},
	{"fmt.sprintf", "[\"%b %o %O %x %X %#x %#o %#b\",5,8,8,255,255,255,8,5]", "\"101 10 0o10 ff FF 0xff 010 0b101\""}, {"fmt.sprintf", "[\"%x\",-9223372036854775808]", "\"-8000000000000000\""},
	{"fmt.sprintf", "[\"%c|%q|%U|%#U|%+q\",252,252,252,252,252]", "\"ü|'ü'|U+00FC|U+00FC 'ü'|'\\\\u00fc'\""}, {"fmt.sprintf", "[\"%c\",-1]", "\"\357\277\275\""}, {"fmt.sprintf", "[\"%q\",-1]", "\"%!q(-1=-1)\""},
	{"fmt.sprintf", "[\"%e %E %f %F %g %G\",1234.5678,1234.5678,1234.5678,1234.5678,1234.5678,1e-10]", "\"1.234568e+03 1.234568E+03 1234.567800 1234.567800 1234.5678 1E-10\""},
	{"fmt.sprintf", "[\"%8.3f|%-8.2f|%08.2f|%+.1f|% .1f|%.0f\",3.14159,3.14159,-3.14159,3.14159,3.14159,2.5]", "\"   3.142|3.14    |-0003.14|+3.1| 3.1|2\""},
	{"fmt.sprintf", "[\"%g %g %g %g\",100000.0,1e6,1e21,0.00001]", "\"100000 1e+06 1e+21 1e-05\""}, {"fmt.sprintf", "[\"%.3g %#.3g %#g\",1234.5678,1.5,1.5]", "\"1.23e+03 1.50 1.50000\""},
	{"fmt.sprintf", "[\"%x %b\",1.5,1.5]", "\"0x1.8p+00 6755399441055744p-52\""}, {"fmt.sprintf", "[\"%v\",1e21]", "\"1000000000000000000000\""},
	{"fmt.sprintf", "[\"%s|%5s|%-5s|%.2s|%05s\",\"abc\",\"ü\",\"ü\",\"üöä\",\"ab\"]", "\"abc|    ü|ü    |üö|000ab\""}, {"fmt.sprintf", "[\"%x % x %#x %X\",\"hi!\",\"hi!\",\"hi!\",\"hi!\"]", "\"686921 68 69 21 0x686921 686921\""},
	{"fmt.sprintf", "[\"%q %+q %#q\",\"a\\tü\",\"ü\",\"a\\\\b\"]", "\"\\\"a\\\\tü\\\" \\\"\\\\u00fc\\\" `a\\\\b`\""},
	{"fmt.sprintf", "[\"%d\",\"x\"]", "\"%!d(\\\"x\\\"=\\\"x\\\")\""}, {"fmt.sprintf", "[\"%s\",5]", "\"%!s(5=5)\""}, {"fmt.sprintf", "[\"%z\",5]", "\"%!z(5=5)\""}, {"fmt.sprintf", "[\"%d\",true]", "\"%!d(true=true)\""},
	{"fmt.sprintf", "[\"%d %d\",1]", "\"1 %!d(MISSING)\""}, {"fmt.sprintf", "[\"%d\",1,2,\"x\"]", "\"1%!(EXTRA int=2, string=\\\"x\\\")\""}, {"fmt.sprintf", "[\"%d %\",1]", "\"1 %!(NOVERB)\""}, {"fmt.sprintf", "[\"%%%d\",1]", "\"%1\""},
	{"fmt.sprintf", "[\"%[2]d %[1]d\",1,2]", "\"2 1\""}, {"fmt.sprintf", "[\"%[3]d\",1,2]", "\"%!d(BADINDEX)\""}, {"fmt.sprintf", "[\"%[x]d\",1]", "\"%!d(BADINDEX)\""}, {"fmt.sprintf", "[\"%[1]*d|\",5,6]", "\"    6|\""},
	{"fmt.sprintf", "[\"%*d|%-*d|%*d|%.*f\",5,1,5,1,-5,1,2,1.5]", "\"    1|1    |1    |1.50\""}, {"fmt.sprintf", "[\"%*d\",\"x\",1]", "\"%!(BADWIDTH)1\""}, {"fmt.sprintf", "[\"%.*d\",9999999,1]", "\"%!(BADPREC)1\""}, {"fmt.sprintf", "[\"%ü\",1]", "\"%!?(1=1)\""},
	{"fmt.sprintf", "[\"%99999999999d\",1]", "\"1\""}, {"fmt.sprintf", "[\"%s\",{\"$time\":\"2026-01-02T03:04:05Z\"}]", "\"2026-01-02 03:04:05 +0000 UTC\""},
};

static const HostCase functions[] = {
	{"math.abs", "[-1.5]", "1.5"}, {"math.sqrt", "[\"16\"]", "4"}, {"math.sqrt", "[true]", "raised: argument 1: float"}, {"math.pow", "[2,10]", "1024"}, {"math.pow10", "[-400]", "0"}, {"math.pow10", "[3]", "1000"},
	{"math.max", "[1,2]", "2"}, {"math.min", "[1,2]", "1"}, {"math.dim", "[3,5]", "0"}, {"math.mod", "[7,-3]", "1"}, {"math.remainder", "[7,4]", "-1"}, {"math.hypot", "[3,4]", "5"}, {"math.atan2", "[0,-1]", "3.141592653589793"},
	{"math.cbrt", "[8]", "2"}, {"math.gamma", "[5]", "24"}, {"math.floor", "[-1.5]", "-2"}, {"math.ceil", "[-1.5]", "-1"}, {"math.trunc", "[-1.5]", "-1"}, {"math.log2", "[8]", "3"}, {"math.log10", "[1000]", "3"}, {"math.log1p", "[0]", "0"},
	{"math.exp2", "[3]", "8"}, {"math.ilogb", "[8]", "3"}, {"math.ilogb", "[0]", "-2147483648"}, {"math.logb", "[8]", "3"}, {"math.ldexp", "[0.5,4]", "8"}, {"math.ldexp", "[1,99999999999]", "not JSON: unsupported float value"}, {"math.signbit", "[-0.5]", "true"}, {"math.copysign", "[1,-2]", "-1"},
	{"math.is_nan", "[\"nan\"]", "true"}, {"math.is_inf", "[\"-inf\",-1]", "true"}, {"math.is_inf", "[\"-inf\",1]", "false"}, {"math.is_inf", "[\"inf\",0]", "true"}, {"math.nextafter", "[1,2]", "1.0000000000000002"}, {"math.jn", "[9223372036854775807,1]", "0"},
	{"math.erf", "[0]", "0"}, {"math.j0", "[0]", "1"}, {"math.tanh", "[0]", "0"},
	{"rand.intn", "[0]", "raised: intn: the limit must be greater than 0"}, {"rand.perm", "[-1]", "raised: perm: must be 0 to 1048576"}, {"rand.perm", "[0]", "[]"}, {"rand.read", "[99999999]", "raised: read: must be 0 to 1048576"}, {"rand.read", "[0]", "\"\""},
};
/* clang-format on */

static void
test_special_floats(void)
{
	static const struct
	{
		double value;
		const char *format;
		const char *expected;
	} cases[] = {{INFINITY, "%f", "+Inf"},	{-INFINITY, "%08.2f", "    -Inf"},
				 {NAN, "%f", "NaN"},		{NAN, "%+f", "+NaN"},
				 {INFINITY, "% f", " Inf"}, {INFINITY, "%v", "+Inf"},
				 {-0.0, "%g", "-0"},		{NAN, "%08f", "     NaN"}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		WkValue args[2] = {wk_string_value(cases[i].format, strlen(cases[i].format)),
						   {.kind = WK_FLOAT, .number = cases[i].value}};
		const WkMember *member = host_member("fmt.sprintf");
		WkHostCall call;

		wk_host_reset(&host_state);
		wk_call_begin(&call, &host_state, member, NULL, args, 2);
		ok(member->function(&call) && call.result.text.len == strlen(cases[i].expected) &&
			   strcmp(call.result.text.data, cases[i].expected) == 0,
		   "%s: %s", cases[i].format, cases[i].expected);
	}
}

/* The text of a float, in any form, reads as the same float. */
static void
test_float_round_trips(void)
{
	uint64_t seed = tap_seed();
	long rounds = tap_setting("ROUNDS", 50000);
	int wrong = 0;

	for (long i = 0; i < rounds; i++)
	{
		union
		{
			uint64_t bits;
			double number;
		} any = {.bits = tap_random(&seed)};
		ShcBuf text;
		double again = 0;

		/* Now and then a short decimal, or one near zero. */
		if (i % 4 == 0)
			any.number = (double) (int64_t) (any.bits % 2000000) / 1000 - 1000;
		else if (i % 4 == 1)
			any.bits &= UINT64_C(0x800fffffffffffff);
		if (isnan(any.number))
			continue;
		shc_buf_init(&text, 2000);
		wk_append_float(&text, any.number, "fegx"[i % 4], -1, 64);
		wrong += wk_parse_float(text.data, text.len, 64, &again) == WK_NUMBER_SYNTAX ||
				 memcmp(&again, &any.number, sizeof(again)) != 0;
		shc_buf_free(&text);
	}
	is_int(wrong, 0, "random floats through their texts");
}

static void
test_random(void)
{
	char first[4000];
	int counts[10] = {0};
	double sum = 0;
	double square = 0;
	bool is_good = true;

	host_call("rand.seed", "[7]");
	snprintf(first, sizeof(first), "%.3000s", host_call("rand.perm", "[100]"));
	host_call("rand.seed", "[7]");
	is_str(host_call("rand.perm", "[100]"), first, "a seed makes the same numbers");
	host_call("rand.seed", "[8]");
	ok(strcmp(host_call("rand.perm", "[100]"), first) != 0, "another one makes others");
	for (int i = 0; i < 10000; i++)
		counts[strtol(host_call("rand.intn", "[10]"), NULL, 10)]++;
	for (int i = 0; i < 10; i++)
		is_good &= counts[i] > 850 && counts[i] < 1150;
	ok(is_good, "intn is even");
	for (int i = 0; i < 10000; i++)
	{
		double x = strtod(host_call("rand.norm_float", "[]"), NULL);

		sum += x;
		square += x * x;
	}
	ok(fabs(sum / 10000) < 0.05 && fabs(square / 10000 - 1) < 0.1, "norm_float is normal");
	ok(strtod(host_call("rand.float", "[]"), NULL) < 1, "float is below one");
	ok(strtod(host_call("rand.exp_float", "[]"), NULL) >= 0, "exp_float is positive");
	ok(host_call("rand.int", "[]")[0] != '-', "int is positive");
}

int
main(void)
{
	WkHost host = {.context = NULL};
	WkTask task = {.host = &host, .memory = 32 * 1024 * 1024, .deadline = INT64_MAX};

	host_begin(&task);
	HOST_CASES(formats);
	HOST_CASES(functions);
	test_special_floats();
	test_float_round_trips();
	test_random();
	return host_end();
}

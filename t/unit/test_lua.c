/*
 * test_lua.c: programs in Lua: what they may, their limits, modules, errors.
 */
#include <time.h>

#include "language.h"

#include "tap.h"

typedef struct Canned
{
	char log[2000]; /* lines, with a line feed each */
	int modules_asked;
} Canned;

static void
canned_log(void *context, WkLogLevel level, const char *text, size_t len)
{
	Canned *canned = context;
	size_t used = strlen(canned->log);

	(void) level;
	snprintf(canned->log + used, sizeof(canned->log) - used, "%.*s\n", (int) len, text);
}

/* name, revision, code */
static const struct
{
	const char *name;
	int64_t revision;
	const char *code;
} modules[] = {
	{"greet", 2, "return {hello = function(n) return 'hello ' .. n end, name = ...}"},
	{"greet", 1, "return {hello = function(n) return 'hi ' .. n end}"},
	{"count", 0, "N = (N or 0) + 1 return N"},
	{"nested", 0, "local g = import('greet@1') return g.hello('nested')"},
	{"nothing", 0, "local x = 1"},
	{"broken", 0, "return )"},
	{"fails", 0, "\nerror('on purpose')"},
	{"a", 0, "return import('b')"},
	{"b", 0, "return import('c@latest')"},
	{"c", 0, "return import('a@0')"},
	{"json", 0, "return 'mine'"},
};

static bool
canned_module(void *context, const char *name, int64_t revision, WkModule *out, WkError *error)
{
	((Canned *) context)->modules_asked++;
	for (size_t i = 0; i < sizeof(modules) / sizeof(modules[0]); i++)
	{
		if (strcmp(modules[i].name, name) != 0 ||
			(revision >= 0 && revision != modules[i].revision))
			continue;
		snprintf(out->identity, sizeof(out->identity), "uuid of %s", name);
		out->revision = modules[i].revision;
		out->code = strdup(modules[i].code);
		out->len = strlen(out->code);
		return true;
	}
	snprintf(error->text, sizeof(error->text), "there is no module \"%s\"", name);
	return false;
}

static int64_t
now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t) now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static Canned canned;
static WkError error;

/* Runs code; its log is in canned.log. The text of the error, NULL when it succeeded. */
static const char *
run_with(const char *code, size_t memory, int64_t microseconds)
{
	WkHost host = {.context = &canned, .log = canned_log, .module = canned_module};
	WkTask task = {.source = {.name = "prog", .code = code, .len = strlen(code)},
				   .host = &host,
				   .deadline = now_us() + microseconds,
				   .memory = memory};

	canned = (Canned){.modules_asked = 0};
	error = (WkError){.line = -1};
	return wk_language_find("lua")->run(&task, &error) ? NULL : error.text;
}

static const char *
run(const char *code)
{
	return run_with(code, (size_t) 16 * 1024 * 1024, 20000000);
}

typedef struct Case
{
	const char *code;
	const char *failure; /* NULL: succeeds */
	const char *log;
} Case;

/* clang-format off */
static const Case cases[] = {
	{"print('a', 1, nil, true)", NULL, "a\t1\tnil\ttrue\n"},
	{"x = = 1", "prog:1: unexpected symbol near '='", ""}, {"\n\nerror('no')", "prog:3: no", ""}, {"error('no', 0)", "no", ""}, {"error()", "prog: error value: a nil", ""}, {"error({})", "prog: error value: a table", ""},
	{"error(setmetatable({}, {__tostring = function() return 'mine' end}))", "mine", ""}, {"local t = nil; t.x = 1", "prog:1: attempt to index a nil value (local 't')", ""},
	{"return 1, 2", NULL, ""},
	/* what is not there */
	{"print(io, os, package, debug, dofile, loadfile, string.dump, warn)", NULL, "nil\tnil\tnil\tnil\tnil\tnil\tnil\tnil\n"}, {"print(load('return 1')())", NULL, "1\n"}, {"print(load('\\27Lua'))", NULL, "nil\tattempt to load a binary chunk (mode is 't')\n"},
	{"setmetatable({}, {__gc = function() end})", "prog:1: finalizers (__gc) are not available", ""}, {"collectgarbage('stop')", "prog:1: bad argument #1 to 'collectgarbage' (invalid option 'stop')", ""}, {"print(collectgarbage('count') > 0, collectgarbage())", NULL, "true\t0\n"},
	{"print(getmetatable('').__index == string, getmetatable(import('times').now()))", NULL, "true\tfalse\n"}, {"print(setmetatable({}, {__index = function(_, k) return k .. '!' end}).x)", NULL, "x!\n"},
	/* catching errors */
	{"print(pcall(error, 'x'))", NULL, "false\tx\n"}, {"print(pcall(function(...) return ... end, 1, 2))", NULL, "true\t1\t2\n"}, {"print(xpcall(function(a) error(a, 0) end, function(m) return m .. '!' end, 'x'))", NULL, "false\tx!\n"}, {"print(xpcall(function(...) return select('#', ...) end, print, 1, nil, nil))", NULL, "true\t3\n"},
	{"print(pcall())", "prog:1: bad argument #1 to 'pcall' (value expected)", ""}, {"print(select(2, pcall(string.rep, 'x', 1e9)))", NULL, "not enough memory\n"}, {"local t = setmetatable({}, {}) getmetatable(t).__index = t print((select(2, pcall(function() return t.x end))):match('loop'))", NULL, "loop\n"},
	/* coroutines, through pcall and back */
	{"local c = coroutine.wrap(function(a) local ok, b = pcall(coroutine.yield, a + 1) return b * 2 end) print(c(1), c(21))", NULL, "2\t42\n"}, {"local c = coroutine.create(function() xpcall(function() coroutine.yield(1) error('e', 0) end, function(m) print(m) end) return 2 end) print(coroutine.resume(c)) print(coroutine.resume(c)) print(coroutine.status(c))", NULL, "true\t1\ne\ntrue\t2\ndead\n"},
	{"print(coroutine.resume(coroutine.create(function() error('x', 0) end)))", NULL, "false\tx\n"}, {"print(coroutine.close(coroutine.create(print)))", NULL, "true\n"}, {"print(math.random(1, 1), math.type(math.random(10)))", NULL, "1\tinteger\n"},
	/* modules of programs */
	{"local g = import('greet') print(g.hello('x'), g.name)", NULL, "hello x\tgreet\n"}, {"print(import('greet@1').hello('x'), require('greet@2').hello('y'))", NULL, "hi x\thello y\n"}, {"print(import('count'), import('count@0'), import('count@latest'))", NULL, "1\t1\t1\n"},
	{"print(import('nested'), import('nothing'))", NULL, "hi nested\ttrue\n"}, {"import('missing')", "prog:1: import: there is no module \"missing\"", ""}, {"import('broken')", "broken:1: unexpected symbol near ')'", ""}, {"import('fails')", "fails:2: on purpose", ""}, {"print(pcall(import, 'fails')) print(import('greet@1').hello('x'))", NULL, "false\tfails:2: on purpose\nhi x\n"},
	{"import('a')", "c:1: import: modules import each other: a -> b -> c -> a", ""}, {"import('greet@x')", "prog:1: import: \"greet@x\": the revision must be a number or \"latest\"", ""}, {"import('greet@-1')", "prog:1: import: \"greet@-1\": the revision must be a number or \"latest\"", ""}, {"import('')", "prog:1: import: bad name of a module", ""},
	{"import('a\\0b')", "prog:1: import: bad name of a module", ""}, {"print(import('json').encode({1}))", NULL, "[1]\n"},
	/* values */
	{"local j = import('json') print(j.encode({}), j.encode(j.array({})), j.encode(j.decode('[]')), j.encode({1, nil, 3}), j.encode({a = j.null}))", NULL, "{}\t[]\t[]\t[1,null,3]\t{\"a\":null}\n"}, {"local j = import('json') print(j.decode('null') == j.null, tostring(j.null), j.decode('[null]')[1] == j.null)", NULL, "true\tnull\ttrue\n"},
	{"print(import('json').encode({[1] = 'a', x = 2, [2.5] = true}))", NULL, "{\"1\":\"a\",\"2.5\":true,\"x\":2}\n"}, {"import('json').encode({[true] = 1})", "prog:1: keys of a table must be texts or numbers, not boolean", ""}, {"local t = {} t.t = t import('json').encode(t)", "prog:1: a table is nested too deeply, or in itself", ""}, {"print(import('json').encode(print))", NULL, "nil\tunsupported type: function\n"},
	{"print(import('json').encode(3), import('json').encode(3.0), import('json').encode(2^53))", NULL, "3\t3\t9007199254740992\n"}, {"print(#import('hex').decode('00ff00'), import('hex').decode('zz'))", NULL, "3\tnil\tencoding/hex: invalid byte: U+007A 'z'\n"},
	{"local t = import('times') local a = t.unix(0, 0) print(a, a + t.hour - a == t.hour, a < a + 1, a <= a, a == t.unix(0, 0), a == 0, a - 1)", NULL, "1970-01-01 00:00:00 +0000 UTC\ttrue\ttrue\ttrue\ttrue\tfalse\t1969-12-31 23:59:59.999999999 +0000 UTC\n"},
	{"local re = import('text').re_compile('(a)(b)?') print(re.match('xa'), re:match('b'), re.replace('ab', '$2$1'), re:find('ab')[1][2].text, re.nothing)", NULL, "true\tfalse\tba\ta\tnil\n"}, {"local g = import('rand').rand(1) local x = g.int() g.seed(1) print(x == g:int(), #g.read(5))", NULL, "true\t5\n"},
	{"print(import('fmt').sprintf('%T %T %T %T %T %T', nil, true, 1, 1.5, 'x', {}))", NULL, "nil boolean integer float string table\n"}, {"import('log').info('%v', {b = 1, a = {2}})", NULL, "{a: [2], b: 1}\n"}, {"import('log')['error']('x')", NULL, "x\n"},
	{"import('text').index('a')", "prog:1: 'text.index' takes 2 arguments, got 1", ""}, {"import('text').index('a', {})", "prog:1: bad argument #2 to 'text.index' (string expected, got table)", ""}, {"import('times').date(1)", "prog:1: 'times.date' takes at least 7 arguments, got 1", ""}, {"import('times').now(1)", "prog:1: 'times.now' takes 0 arguments, got 1", ""},
	/* enum */
	{"local e, j = import('enum'), import('json') print(e.all({1, 2}, function(k, v) return v > 0 end), e.any({1, 2}, function(k, v) return v > 1 end), e.all({}, print), e.any({}, print), e.all(1, print))", NULL, "true\ttrue\ttrue\tfalse\tnil\n"},
	{"local e, j = import('enum'), import('json') print(j.encode(e.chunk({1, 2, 3}, 2)), j.encode(e.filter({1, 2, 3}, function(k, v) return v % 2 == 1 end)), e.filter({a = 1}, print), j.encode(e.map({a = 1}, e.key)), e.find({5, 6}, function(k, v) return v > 5 end), e.find_key({5, 6}, function(k, v) return v > 5 end), e.at({x = 3}, 'x'), e.value(1, 2))", NULL, "[[1,2],[3]]\t[1,3]\tnil\t[\"a\"]\t6\t2\t3\t2\n"},
	{"import('enum').each({1, 2}, function(k, v) print(k, v) end)", NULL, "1\t1\n2\t2\n"}, {"import('enum').chunk({}, -1)", "prog:1: enum.chunk: the size must be greater than 0", ""}, {"local c = coroutine.wrap(function() import('enum').each({1, 2}, function(_, v) coroutine.yield(v) end) end) print(c(), c())", NULL, "1\t2\n"},
	/* the network is the host's */
	{"print(import('http').get('http://example.org/'))", NULL, "nil\tGET http://example.org/: there is no network here\n"}, {"print(import('http').get('file:///etc/passwd'))", NULL, "nil\tGET file:///etc/passwd: its scheme is neither http nor https\n"}, {"print(import('http').get('nonsense'))", NULL, "nil\tGET nonsense: it is no URL\n"},
};
/* clang-format on */

static void
test_cases(void)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		const char *failure = run(cases[i].code);
		char name[190];

		snprintf(name, sizeof(name), "%.180s", cases[i].code);
		is_str(failure, cases[i].failure, name);
		is_str(canned.log, cases[i].log, "its log");
	}
	run("\n\nlocal x = 1 + {}");
	is_int(error.line, 3, "the line of an error");
	run("import('fails')");
	is_int(error.line, 0, "none where the error is in another program");
	run("print(import('nested'), import('nested'))");
	is_int(canned.modules_asked, 3, "the host is asked for each module's newest revision");
}

/* Programs that would go on for ever. */
static const char *const endless[] = {
	"while true do end",
	"while true do pcall(function() while true do end end) end",
	"while true do xpcall(function() while true do end end, function() while true do end end) end",
	"local function f() pcall(f) return f() end f()",
	"local co = coroutine.wrap(function() while true do pcall(coroutine.yield) end end) while true "
	"do "
	"pcall(co) end",
	"local w = coroutine.wrap(function() local c <close> = setmetatable({}, {__close = function() "
	"while true do "
	"end end}) while true do end end) w()",
	"while true do coroutine.resume(coroutine.create(function() while true do end end)) end",
	"local t = setmetatable({}, {__index = function(t, k) return t[k + 1] end}) while true do "
	"pcall("
	"function() return t[1] end) end",
	"local c <close> = setmetatable({}, {__close = function() while true do end end}) while true "
	"do end",
	"while true do import('enum').each({1}, function() end) end",
	"import('times').sleep(1 << 62)",
	"while true do import('json').encode({1, 2, 3}) end",
	"table.sort({3, 2, 1, 4, 5}, function() while true do end end)",
	"('x'):gsub('x', function() while true do end end)",
	"load(function() while true do end end)",
};

static void
test_deadline(void)
{
	for (size_t i = 0; i < sizeof(endless) / sizeof(endless[0]); i++)
	{
		int64_t start = now_us();
		const char *failure = run_with(endless[i], (size_t) 16 * 1024 * 1024, 50000);

		ok(failure != NULL && strstr(failure, "deadline exceeded") != NULL, "ends: %.150s",
		   endless[i]);
		if (failure == NULL || strstr(failure, "deadline exceeded") == NULL)
			printf("# %s\n", failure != NULL ? failure : "succeeded");
		ok(now_us() - start < 3000000, "in time");
	}
}

static const char *const greedy[] = {
	"local t = {} while true do t[#t + 1] = ('x'):rep(1000) .. #t end",
	"local s = 'x' while true do s = s .. s end",
	"local t = {} for i = 1, 1e9 do t[i] = i end",
	"local t = {} while true do t[#t + 1] = coroutine.create(print) end",
	"local t, x = {}, import('text') while true do t[#t + 1] = x.re_compile('a' .. #t) end",
	"import('text').repeat_ = 1 import('text')['repeat']('x', 1 << 40)",
	"import('fmt').sprintf('%1000000d%1000000d%1000000d%1000000d%1000000d%1000000d%1000000d%"
	"1000000d"
	"%1000000d', 1, 2, 3, 4, 5, 6, 7, 8, 9)",
	"local j = import('json') local s = '[' .. ('1,'):rep(1000000) .. '1]' j.decode(s)",
	"local s = ('x'):rep(3000000) local t = {} for i = 1, 100 do t[i] = s end "
	"import('json').encode(t)",
};

static void
test_memory(void)
{
	for (size_t i = 0; i < sizeof(greedy) / sizeof(greedy[0]); i++)
	{
		const char *failure = run_with(greedy[i], (size_t) 8 * 1024 * 1024, 20000000);

		ok(failure != NULL && strstr(failure, "not enough memory") != NULL, "ends: %.150s",
		   greedy[i]);
		if (failure == NULL || strstr(failure, "not enough memory") == NULL)
			printf("# %s\n", failure != NULL ? failure : "succeeded");
	}
	is_str(run_with("print(1)", 0, 1000000), "prog: not enough memory", "without any");
	is_str(run_with("for i = 1, 200000 do local s = ('x'):rep(100) .. i end", (size_t) 1024 * 1024,
					20000000),
		   NULL, "garbage does not count");
}

static void
test_check(void)
{
	const WkLanguage *lua = wk_language_find("lua");
	WkSource good = {.name = "p", .code = "error('not run')", .len = 16};
	WkSource bad = {.name = "p", .code = "x = 1\ny = )", .len = 11};
	WkSource bytecode = {.name = "p", .code = "\033Lua", .len = 4};
	WkSource deep = {.name = "p", .len = 100000};
	char *code = malloc(deep.len);

	memset(code, '(', deep.len);
	deep.code = code;
	ok(lua->check(&good, 1 << 20, &error), "what compiles is not run");
	ok(!lua->check(&bad, 1 << 20, &error), "what does not is refused");
	is_str(error.text, "p:2: unexpected symbol near ')'", "with the place");
	is_int(error.line, 2, "as a number, too");
	ok(!lua->check(&bytecode, 1 << 20, &error), "bytecode is refused");
	ok(!lua->check(&deep, 1 << 22, &error), "and what is nested too deeply");
	free(code);
	ok(wk_language_find("cobol") == NULL && wk_language_at(0) == lua, "the table of languages");
}

static void
test_times(void)
{
	int n = (int) tap_setting("ROUNDS", 300);
	int64_t start = now_us();

	for (int i = 0; i < n; i++)
		run("local x = 1");
	printf("# a trivial run takes %.1f us\n", (double) (now_us() - start) / n);
	start = now_us();
	for (int i = 0; i < n; i++)
		run("for m in ('base64 cgi enum fmt hex http json log math rand selfapi text "
			"times'):gmatch('%a"
			"[%w]*') do import(m) end");
	printf("# one that imports every module %.1f us\n", (double) (now_us() - start) / n);
	ok(error.line == -1, "runs follow each other");
}

int
main(void)
{
	ok(wk_languages_prepare() && wk_languages_prepare(), "languages can be prepared, and again");
	test_cases();
	test_deadline();
	test_memory();
	test_check();
	test_times();
	return done_testing();
}

/*
 * lua_restrict.c: the standard library as programs have it.
 *
 * Gone: what reaches files or the process, bytecode, finalizers. Replaced: what catches errors (so
 * that the deadline's gets through), load (text only), print (goes to the log), collectgarbage.
 */
#include "lua_state.h"

#include <stdint.h>
#include <string.h>
#include <sys/random.h>

#include <lauxlib.h>

#include "host_run.h"

/* ---- what catches errors ---- */

/* After an error was caught: that of the deadline goes on. */
static void
raise_again(lua_State *state)
{
	if (wk_lua_of(state)->is_expired)
		wk_lua_raise(state, "deadline exceeded");
}

static int
after_pcall(lua_State *state, int status, lua_KContext skip)
{
	if (status != LUA_OK && status != LUA_YIELD)
	{
		raise_again(state);
		lua_pushboolean(state, 0);
		lua_pushvalue(state, -2);
		return 2;
	}
	return lua_gettop(state) - (int) skip;
}

static int
protected_call(lua_State *state)
{
	luaL_checkany(state, 1);
	lua_pushboolean(state, 1);
	lua_insert(state, 1);
	return after_pcall(state,
					   lua_pcallk(state, lua_gettop(state) - 2, LUA_MULTRET, 0, 0, after_pcall), 0);
}

/*
 * A program's message handler is called while the error is raised: that of the deadline inside of the
 * hook, where no other hook runs. So it is not called then.
 */
static int
handle_message(lua_State *state)
{
	if (wk_lua_of(state)->is_expired)
		return 1;
	lua_pushvalue(state, lua_upvalueindex(1));
	lua_insert(state, 1);
	lua_call(state, 1, 1);
	return 1;
}

static int
protected_call_with_handler(lua_State *state)
{
	int n = lua_gettop(state);

	luaL_checktype(state, 2, LUA_TFUNCTION);
	lua_pushvalue(state, 2);
	lua_pushcclosure(state, handle_message, 1);
	lua_replace(state, 2);
	lua_pushboolean(state, 1);
	lua_pushvalue(state, 1);
	lua_rotate(state, 3, 2); /* function, handler, true, function, arguments */
	return after_pcall(state, lua_pcallk(state, n - 2, LUA_MULTRET, 2, 2, after_pcall), 2);
}

/* coroutine.resume and coroutine.close, the original as the upvalue: never raise by themselves. */
static int
resume(lua_State *state)
{
	wk_lua_check_deadline(state);
	lua_pushvalue(state, lua_upvalueindex(1));
	lua_insert(state, 1);
	lua_call(state, lua_gettop(state) - 1, LUA_MULTRET);
	raise_again(state);
	return lua_gettop(state);
}

/*
 * What coroutine.wrap() returned was called. As the library's own, but a coroutine that the deadline
 * has ended is not closed: its __close handlers would run without hooks.
 */
static int
call_wrapped(lua_State *state)
{
	lua_State *thread = lua_tothread(state, lua_upvalueindex(1));
	int n = lua_gettop(state);
	int results = 0;
	int status;

	if (lua_status(thread) == LUA_OK && lua_gettop(thread) == 0)
		return luaL_error(state, "cannot resume dead coroutine");
	if (!lua_checkstack(thread, n))
		return luaL_error(state, "too many arguments to resume");
	lua_xmove(state, thread, n);
	status = lua_resume(thread, state, n, &results);
	if (status == LUA_OK || status == LUA_YIELD)
	{
		luaL_checkstack(state, results, "too many results to resume");
		lua_xmove(thread, state, results);
		return results;
	}
	raise_again(state);
	lua_xmove(thread, state, 1);
	if (lua_status(thread) != LUA_OK && lua_status(thread) != LUA_YIELD)
		lua_resetthread(thread);
	if (status != LUA_ERRMEM && lua_type(state, -1) == LUA_TSTRING)
	{
		luaL_where(state, 1);
		lua_insert(state, -2);
		lua_concat(state, 2);
	}
	return lua_error(state);
}

static int
wrap_coroutine(lua_State *state)
{
	lua_State *thread;

	luaL_checktype(state, 1, LUA_TFUNCTION);
	thread = lua_newthread(state);
	lua_pushvalue(state, 1);
	lua_xmove(state, thread, 1);
	lua_pushcclosure(state, call_wrapped, 1);
	return 1;
}

/* ---- other replacements ---- */

/* load(text [, name [, mode [, environment]]]) and load(function, ...): mode is always "t". */
static int
load_text(lua_State *state)
{
	bool has_environment = lua_gettop(state) >= 4;

	lua_settop(state, 4);
	lua_pushliteral(state, "t");
	lua_replace(state, 3);
	lua_pushvalue(state, lua_upvalueindex(1));
	lua_insert(state, 1);
	if (!has_environment)
		lua_pop(state, 1);
	lua_call(state, lua_gettop(state) - 1, LUA_MULTRET);
	/* It catches what a function that gives the text raises. */
	raise_again(state);
	return lua_gettop(state);
}

/* Finalizers run without the hook, so an endless one would go unnoticed. */
static int
set_metatable(lua_State *state)
{
	if (lua_type(state, 2) == LUA_TTABLE)
	{
		lua_pushliteral(state, "__gc");
		if (lua_rawget(state, 2) != LUA_TNIL)
			return luaL_error(state, "finalizers (__gc) are not available");
		lua_pop(state, 1);
	}
	lua_pushvalue(state, lua_upvalueindex(1));
	lua_insert(state, 1);
	lua_call(state, lua_gettop(state) - 1, LUA_MULTRET);
	return lua_gettop(state);
}

static int
collect_garbage(lua_State *state)
{
	static const char *const options[] = {"collect", "count", NULL};

	if (luaL_checkoption(state, 1, "collect", options) == 1)
	{
		lua_pushnumber(state, (lua_Number) lua_gc(state, LUA_GCCOUNT) +
								  (lua_Number) lua_gc(state, LUA_GCCOUNTB) / 1024);
		return 1;
	}
	lua_gc(state, LUA_GCCOLLECT);
	lua_pushinteger(state, 0);
	return 1;
}

/* print(...): a line of the run's log. */
static int
print(lua_State *state)
{
	WkLua *lua = wk_lua_of(state);
	int n = lua_gettop(state);
	luaL_Buffer line;
	size_t len;
	const char *text;

	luaL_buffinit(state, &line);
	for (int i = 1; i <= n; i++)
	{
		if (i > 1)
			luaL_addchar(&line, '\t');
		luaL_tolstring(state, i, NULL);
		luaL_addvalue(&line);
	}
	luaL_pushresult(&line);
	text = lua_tolstring(state, -1, &len);
	wk_log_line(lua->task, WK_LOG_INFO, text, len);
	return 0;
}

/* ---- putting it together ---- */

/* The table on the top: field becomes a closure over what it was. */
static void
wrap(lua_State *state, const char *field, lua_CFunction function)
{
	lua_getfield(state, -1, field);
	lua_pushcclosure(state, function, 1);
	lua_setfield(state, -2, field);
}

static void
remove_field(lua_State *state, const char *field)
{
	lua_pushnil(state);
	lua_setfield(state, -2, field);
}

static void
restrict_coroutines(lua_State *state)
{
	lua_getglobal(state, "coroutine");
	wrap(state, "resume", resume);
	wrap(state, "close", resume);
	lua_pushcfunction(state, wrap_coroutine);
	lua_setfield(state, -2, "wrap");
	lua_pop(state, 1);
}

/* math.random would start from the time and an address, which all children share. */
static void
seed_random(lua_State *state)
{
	lua_Integer seed[2] = {0, 0};

	if (getrandom(seed, sizeof(seed), 0) != (ssize_t) sizeof(seed))
		wk_lua_raise(state, "no random numbers");
	lua_getglobal(state, "math");
	lua_getfield(state, -1, "randomseed");
	lua_pushinteger(state, seed[0]);
	lua_pushinteger(state, seed[1]);
	lua_call(state, 2, 0);
	lua_pop(state, 1);
}

void
wk_lua_restrict(lua_State *state)
{
	static const luaL_Reg own[] = {
		{"pcall", protected_call},
		{"xpcall", protected_call_with_handler},
		{"collectgarbage", collect_garbage},
		{"print", print},
		{NULL, NULL},
	};

	lua_pushglobaltable(state);
	luaL_setfuncs(state, own, 0);
	wrap(state, "load", load_text);
	wrap(state, "setmetatable", set_metatable);
	remove_field(state, "dofile");
	remove_field(state, "loadfile");
	remove_field(state, "warn");
	lua_pop(state, 1);
	lua_getglobal(state, "string");
	remove_field(state, "dump");
	lua_pop(state, 1);
	restrict_coroutines(state);
	seed_random(state);
}

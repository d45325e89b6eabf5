/*
 * lua_state.c: memory and time of a Lua state.
 *
 * Memory: the allocator counts, and finds none beyond the limit; Lua then collects its garbage once
 * more, and raises "not enough memory" if that did not help.
 *
 * Time: a hook after every so many instructions looks at the clock. The error that it raises could be
 * caught, again and again, by a program that calls itself protected; so the functions that catch
 * errors (lua_restrict.c) raise it again. A finalizer would run without hooks, so there are none. What
 * runs long inside of one C function (string.find with a bad pattern) is ended by the worker, which
 * kills the process.
 */
#include "lua_state.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>
#include <lualib.h>

#include "lua_modules.h"
#include "lua_value.h"

/* Some microseconds of work. */
#define INSTRUCTIONS_BETWEEN_LOOKS 1000

static void *
allocate(void *context, void *old, size_t old_size, size_t size)
{
	WkLua *lua = context;
	size_t had = old != NULL ? old_size : 0; /* else old_size tells the kind of object */
	void *new;

	if (size == 0)
	{
		free(old);
		lua->memory_used -= had;
		return NULL;
	}
	if (size > had && size - had > lua->memory_limit - lua->memory_used)
		return NULL;
	new = realloc(old, size);
	if (new != NULL)
		lua->memory_used += size - had;
	return new;
}

WkLua *
wk_lua_of(lua_State *state)
{
	return *(WkLua **) lua_getextraspace(state);
}

_Noreturn void
wk_lua_raise(lua_State *state, const char *format, ...)
{
	va_list arguments;

	luaL_where(state, 1);
	va_start(arguments, format);
	lua_pushvfstring(state, format, arguments);
	va_end(arguments);
	lua_concat(state, 2);
	lua_error(state);
	abort();
}

void
wk_lua_check_deadline(lua_State *state)
{
	WkLua *lua = wk_lua_of(state);

	if (lua->task == NULL)
		return;
	if (!lua->is_expired && wk_deadline_over(lua->task->deadline))
		lua->is_expired = true;
	if (lua->is_expired)
		wk_lua_raise(state, "deadline exceeded");
}

static void
on_count(lua_State *state, lua_Debug *activation)
{
	(void) activation;
	wk_lua_check_deadline(state);
}

static int
open_libraries(lua_State *state)
{
	static const luaL_Reg libraries[] = {
		{LUA_GNAME, luaopen_base},		  {LUA_TABLIBNAME, luaopen_table},
		{LUA_STRLIBNAME, luaopen_string}, {LUA_MATHLIBNAME, luaopen_math},
		{LUA_UTF8LIBNAME, luaopen_utf8},  {LUA_COLIBNAME, luaopen_coroutine},
	};

	for (size_t i = 0; i < sizeof(libraries) / sizeof(libraries[0]); i++)
	{
		luaL_requiref(state, libraries[i].name, libraries[i].func, 1);
		lua_pop(state, 1);
	}
	wk_lua_restrict(state);
	wk_lua_open_values(state);
	wk_lua_open_modules(state);
	return 0;
}

bool
wk_lua_open(WkLua *lua, const WkTask *task, size_t memory)
{
	*lua = (WkLua){.task = task, .memory_limit = memory};
	if (wk_host_open(&lua->host, task, &wk_lua_traits))
		lua->state = lua_newstate(allocate, lua);
	if (lua->state == NULL)
	{
		wk_lua_close(lua);
		return false;
	}
	*(WkLua **) lua_getextraspace(lua->state) = lua;
	lua_pushcfunction(lua->state, open_libraries);
	if (lua_pcall(lua->state, 0, 0, 0) != LUA_OK)
	{
		wk_lua_close(lua);
		return false;
	}
	/* The libraries are not the program's doing. */
	lua->memory_limit += lua->memory_used;
	lua_sethook(lua->state, on_count, LUA_MASKCOUNT, INSTRUCTIONS_BETWEEN_LOOKS);
	return true;
}

void
wk_lua_close(WkLua *lua)
{
	if (lua->state != NULL)
		lua_close(lua->state);
	lua->state = NULL;
	/* After the state, whose objects are the modules'. */
	wk_host_close(&lua->host);
}

int
wk_lua_load(lua_State *state, const WkSource *source)
{
	char name[LUA_IDSIZE];

	/* "=": the name as it is, where messages name the place. */
	name[0] = '=';
	strncpy(name + 1, source->name, sizeof(name) - 2);
	name[sizeof(name) - 1] = '\0';
	return luaL_loadbufferx(state, source->code, source->len, name, "t");
}

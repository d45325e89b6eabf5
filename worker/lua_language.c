/*
 * lua_language.c: checks and runs programs in Lua.
 */
#include "lua_language.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>

#include "lua_state.h"

/* What a message needs of the memory limit, so that there is one of running out of it. */
static const char no_memory[] = "not enough memory";

/* The line of "name:12: ...". */
static int
line_of(const char *text, const char *name)
{
	size_t len = strlen(name);
	char *end;
	long line;

	if (len > LUA_IDSIZE - 2)
		len = LUA_IDSIZE - 2;
	if (strncmp(text, name, len) != 0 || text[len] != ':')
		return 0;
	line = strtol(text + len + 1, &end, 10);
	return *end == ':' && line > 0 && line < INT32_MAX ? (int) line : 0;
}

/* Takes the error's value from the top of the stack. */
static void
describe(lua_State *state, const WkSource *source, WkError *error)
{
	const char *text = lua_type(state, -1) == LUA_TSTRING ? lua_tostring(state, -1) : NULL;

	*error = (WkError){.line = 0};
	if (text == NULL)
		snprintf(error->text, sizeof(error->text), "%s: error value: a %s", source->name,
				 luaL_typename(state, -1));
	else if (strcmp(text, no_memory) == 0)
		snprintf(error->text, sizeof(error->text), "%s: %s", source->name, text);
	else
		snprintf(error->text, sizeof(error->text), "%s", text);
	error->line = line_of(error->text, source->name);
	lua_pop(state, 1);
}

static bool
open_state(WkLua *lua, const WkTask *task, const WkSource *source, size_t memory, WkError *error)
{
	if (wk_lua_open(lua, task, memory))
		return true;
	*error = (WkError){.line = 0};
	snprintf(error->text, sizeof(error->text), "%s: %s", source->name, no_memory);
	return false;
}

static bool
check(const WkSource *source, size_t memory, WkError *error)
{
	WkLua lua;
	bool good;

	if (!open_state(&lua, NULL, source, memory, error))
		return false;
	good = wk_lua_load(lua.state, source) == LUA_OK;
	if (!good)
		describe(lua.state, source, error);
	wk_lua_close(&lua);
	return good;
}

/* The message handler: a value that has a text becomes it. */
static int
to_text(lua_State *state)
{
	if (lua_type(state, 1) != LUA_TSTRING && luaL_callmeta(state, 1, "__tostring") &&
		lua_type(state, -1) == LUA_TSTRING)
		return 1;
	lua_settop(state, 1);
	return 1;
}

static bool
run(const WkTask *task, WkError *error)
{
	WkLua lua;
	bool good;

	if (!open_state(&lua, task, &task->source, task->memory, error))
		return false;
	lua_pushcfunction(lua.state, to_text);
	good =
		wk_lua_load(lua.state, &task->source) == LUA_OK && lua_pcall(lua.state, 0, 0, 1) == LUA_OK;
	if (!good)
		describe(lua.state, &task->source, error);
	wk_lua_close(&lua);
	return good;
}

const WkLanguage wk_lua = {.name = "lua", .check = check, .run = run};

/*
 * lua_modules.c: import("name"), import("name@3"), import("name@latest"); require likewise.
 *
 * A module of the host wins over a program of its name. A module program runs once in a run, whoever
 * imports it, and everybody gets the value that it returned. A module that imports itself, by however
 * many others, is refused.
 */
#include "lua_modules.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>

#include "lua_host.h"
#include "lua_state.h"

#define NAME_MAX_LEN 256

struct WkLuaImport
{
	const WkLuaImport *outer;
	const char *key;
	const char *name;
};

/* Parts "name@revision". -1: the newest. */
static int64_t
parse_name(lua_State *state, const char *text, size_t len, char name[NAME_MAX_LEN])
{
	const char *at = strchr(text, '@');
	size_t name_len = at != NULL ? (size_t) (at - text) : len;
	char *end;
	long long revision;

	if (strlen(text) != len || name_len == 0 || name_len >= NAME_MAX_LEN)
		wk_lua_raise(state, "import: bad name of a module");
	memcpy(name, text, name_len);
	name[name_len] = '\0';
	if (at == NULL || strcmp(at + 1, "latest") == 0)
		return -1;
	errno = 0;
	revision = strtoll(at + 1, &end, 10);
	if (errno != 0 || at[1] < '0' || at[1] > '9' || *end != '\0')
		wk_lua_raise(state, "import: \"%s\": the revision must be a number or \"latest\"", text);
	return revision;
}

/* "a -> b -> a" */
static _Noreturn void
refuse_cycle(lua_State *state, const WkLuaImport *imports, const char *key)
{
	const WkLuaImport *first = imports;
	const char *chain = lua_pushstring(state, first->name);

	for (const WkLuaImport *i = first; strcmp(i->key, key) != 0; i = i->outer)
		chain = lua_pushfstring(state, "%s -> %s", i->outer->name, chain);
	for (const WkLuaImport *i = imports; i != NULL; i = i->outer)
		if (strcmp(i->key, key) == 0)
			chain = lua_pushfstring(state, "%s -> %s", chain, i->name);
	wk_lua_raise(state, "import: modules import each other: %s", chain);
}

/* Pushes the compiled module; its code is freed whatever happens. */
static void
compile_module(lua_State *state, const char *name, WkModule *module)
{
	WkSource source = {
		.name = name, .revision = module->revision, .code = module->code, .len = module->len};
	int status = wk_lua_load(state, &source);

	free(module->code);
	module->code = NULL;
	if (status != LUA_OK)
		lua_error(state);
}

/* Runs it; leaves its value on the stack. */
static void
run_module(lua_State *state, const char *key, const char *name, WkModule *module)
{
	WkLua *lua = wk_lua_of(state);
	WkLuaImport import = {.outer = lua->imports, .key = key, .name = name};
	int status;

	compile_module(state, name, module);
	lua->imports = &import;
	lua_pushstring(state, name);
	status = lua_pcall(state, 1, 1, 0);
	lua->imports = import.outer;
	if (status != LUA_OK)
		lua_error(state);
	if (lua_isnil(state, -1))
	{
		lua_pop(state, 1);
		lua_pushboolean(state, 1);
	}
}

static void
import_program(lua_State *state, const char *name, int64_t revision)
{
	WkLua *lua = wk_lua_of(state);
	WkModule module = {.code = NULL};
	WkError error = {.text = ""};
	const char *key;

	if (lua->task == NULL || lua->task->host == NULL || lua->task->host->module == NULL)
		wk_lua_raise(state, "import: there is no module \"%s\"", name);
	if (!lua->task->host->module(lua->task->host->context, name, revision, &module, &error))
		wk_lua_raise(state, "import: %s", error.text);
	key = lua_pushfstring(state, "%s@%I", module.identity, (LUAI_UACINT) module.revision);
	luaL_getsubtable(state, LUA_REGISTRYINDEX, WK_LUA_MODULES);
	if (lua_getfield(state, -1, key) != LUA_TNIL)
	{
		free(module.code);
		return;
	}
	lua_pop(state, 1);
	for (const WkLuaImport *i = lua->imports; i != NULL; i = i->outer)
	{
		if (strcmp(i->key, key) == 0)
		{
			free(module.code);
			refuse_cycle(state, lua->imports, key);
		}
	}
	run_module(state, key, name, &module);
	lua_pushvalue(state, -1);
	lua_setfield(state, -3, key);
}

static int
import(lua_State *state)
{
	size_t len;
	const char *text = luaL_checklstring(state, 1, &len);
	char name[NAME_MAX_LEN];
	int64_t revision = parse_name(state, text, len, name);

	/* Modules of the host have no revisions, and no "@" in their keys. */
	luaL_getsubtable(state, LUA_REGISTRYINDEX, WK_LUA_MODULES);
	if (lua_getfield(state, -1, name) != LUA_TNIL)
		return 1;
	lua_pop(state, 1);
	if (wk_lua_push_module(state, name))
	{
		lua_pushvalue(state, -1);
		lua_setfield(state, -3, name);
	}
	else
		import_program(state, name, revision);
	return 1;
}

void
wk_lua_open_modules(lua_State *state)
{
	lua_pushcfunction(state, import);
	lua_pushvalue(state, -1);
	lua_setglobal(state, "import");
	lua_setglobal(state, "require");
}

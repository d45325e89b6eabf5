/*
 * lua_state.h: a Lua state for one run: its memory is counted, its time is watched, and of the
 * standard library only what stays inside the process is there.
 */
#ifndef SH_WORKER_LUA_STATE_H
#define SH_WORKER_LUA_STATE_H

#include <lua.h>

#include "host_value.h"
#include "language.h"

/* Names of the registry. */
#define WK_LUA_MODULES "selfhost.modules"

typedef struct WkLuaImport WkLuaImport;

/* What belongs to one state; every thread of the state knows it. */
typedef struct WkLua
{
	lua_State *state;
	WkHostState host;	/* of the modules */
	const WkTask *task; /* NULL: only compiled */
	size_t memory_used;
	size_t memory_limit;
	bool is_expired;			/* the deadline was met: nothing catches that error */
	const WkLuaImport *imports; /* the modules that are being loaded, the innermost first */
} WkLua;

/* False: no memory, or not even the standard library fits into `memory`. */
extern bool wk_lua_open(WkLua *lua, const WkTask *task, size_t memory);
extern void wk_lua_close(WkLua *lua);

extern WkLua *wk_lua_of(lua_State *state);

/* Compiles source (text, never bytecode) and leaves the function on the stack, or an error's text. */
extern int wk_lua_load(lua_State *state, const WkSource *source);

/* As luaL_error(), for where nothing can follow. */
extern _Noreturn void wk_lua_raise(lua_State *state, const char *format, ...);

/* Raises the deadline's error when it is over. */
extern void wk_lua_check_deadline(lua_State *state);

/* Replaces what a program could use against its limits, and takes away what it must not have. */
extern void wk_lua_restrict(lua_State *state);

#endif
